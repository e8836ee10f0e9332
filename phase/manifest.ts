/** What a job asks for (SPEC.md, Manifest): read, completed with every default, and held against what a node accepts. */
import { type Static, Type } from '@sinclair/typebox'
import { concat, fromBase64, utf8 } from './bytes.ts'
import {
  argsDigest,
  canonicalDigest,
  type Digest as DigestText,
  digestBytes,
  digestOf,
  envDigest,
  environOf,
} from './digest.ts'
import { PhaseError } from './errors.ts'
import * as limits from './limits.ts'
import type { NodeLimits } from './peer.ts'
import { type Content, ContentSchema, check, Digest, Integer, named, ref, Text } from './schema.ts'

/** The profiles that this implementation runs, best first. Claims under them are comparable (SPEC.md, Profiles). */
export const profiles = ['phase-wasm32-v1'] as const
/** What a manifest may be granted beyond pure computation. Each makes the claim incomparable. */
export const capabilityNames = ['clock', 'random'] as const

export const StdinSchema = named('Stdin', 'What the guest reads from stdin: exactly one member', {
  text: Type.Optional(Text('As UTF-8', limits.stdinInlineBytesMax)),
  base64: Type.Optional(Text('Bytes, standard padded base64', Math.ceil(limits.stdinInlineBytesMax / 3) * 4)),
  digest: Type.Optional(Digest('An uploaded blob')),
})
export type Stdin = Static<typeof StdinSchema>

const memory = Integer(
  'Linear memory cap in bytes, a multiple of 65536, enforced. 64 MiB unless given',
  0,
  limits.memoryBytesMax,
)
const output = Integer('stdout + stderr cap in bytes. 8 MiB unless given', 0, limits.outputBytesMax)
const fuel = Integer('Deterministic instruction budget. 1000000000000 unless given', 0, limits.fuelMax)
const cpu = Integer('Execution slots that the job takes while it runs. 1 unless given', 1, limits.cpuMax)

export const ResourcesSchema = named('Resources', 'What the job may use', {
  cpu: Type.Optional(cpu),
  memoryBytes: Type.Optional(memory),
  fuel: Type.Optional(fuel),
  outputBytes: Type.Optional(output),
})

const module = Digest('The module to run, uploaded before')
const profile = Text('Under which rules it runs. The best comparable one of the node unless given', 64)
const args = Type.Array(Text('One argument', limits.argsAndEnvBytesMax), {
  description: 'Arguments after argv[0]; with env at most 64 KiB',
  maxItems: limits.argsAndEnvEntriesMax,
})
const env = Type.Record(Type.String(), Text('A value', limits.argsAndEnvBytesMax), {
  description: 'Environment; with args at most 64 KiB',
  maxProperties: limits.argsAndEnvEntriesMax,
})
const timeoutMs = Integer('Wall clock for one execution in milliseconds. 30000 unless given', 1, limits.timeoutMsMax)
const queueMs = Integer(
  'How long the job may wait for a node, in milliseconds. 60000 unless given',
  0,
  limits.queueMsMax,
)
const capabilities = Type.Array(Text('clock or random', 32), {
  description: 'What is granted beyond pure computation: sorted, without repeats',
  maxItems: 16,
})
const seed = Type.String({
  description: "64 hex: seeds the guest's random. From the task unless given",
  pattern: '^[0-9a-f]{64}$',
})
const nonce = Type.String({
  description: '32 to 64 hex, chosen by the client: shows that a receipt is fresh',
  pattern: '^([0-9a-f]{2}){16,32}$',
})
const placement = Text('any, local, remote, or a peer id. any unless given', 64)
const replicas = Integer('On how many distinct peers. 1 unless given', 1, limits.replicasMax)
const quorum = Integer('How many must agree. 1 unless given', 1, limits.replicasMax)

export const JobManifestSchema = named('JobManifest', 'What a job asks for; only module is required', {
  module,
  profile: Type.Optional(profile),
  args: Type.Optional(args),
  env: Type.Optional(env),
  stdin: Type.Optional(ref(StdinSchema)),
  resources: Type.Optional(ref(ResourcesSchema)),
  timeoutMs: Type.Optional(timeoutMs),
  queueMs: Type.Optional(queueMs),
  capabilities: Type.Optional(capabilities),
  seed: Type.Optional(seed),
  nonce: Type.Optional(nonce),
  placement: Type.Optional(placement),
  replicas: Type.Optional(replicas),
  quorum: Type.Optional(quorum),
})
export type JobManifest = Static<typeof JobManifestSchema>

export const CompleteResourcesSchema = named('CompleteResources', 'What the job may use', {
  cpu,
  memoryBytes: memory,
  fuel,
  outputBytes: output,
})

/** A manifest with every default filled in by the submitting node: what an executor runs exactly, or refuses. */
export const CompleteManifestSchema = named('CompleteManifest', 'What a job asks for, every default filled in', {
  module,
  profile,
  args,
  env,
  stdin: ref(ContentSchema),
  resources: ref(CompleteResourcesSchema),
  timeoutMs,
  queueMs,
  capabilities,
  seed,
  nonce,
  placement,
  replicas,
  quorum,
})
export type CompleteManifest = Static<typeof CompleteManifestSchema>

export const manifestSchemas = [
  StdinSchema,
  ResourcesSchema,
  JobManifestSchema,
  CompleteResourcesSchema,
  CompleteManifestSchema,
]
const references = [...manifestSchemas, ContentSchema]

/**
 * `value` as a manifest that this implementation can keep.
 * @throws {PhaseError} `invalid`, `unknownField`, or `unsupported` for a member that is known but not built yet.
 */
export function readManifest(value: unknown): JobManifest {
  const manifest = check(JobManifestSchema, references, value, 'the manifest')
  refuseUnsupported(manifest)
  checkText(manifest.args ?? [], manifest.env ?? {})
  checkMemory(manifest.resources?.memoryBytes)
  checkCapabilities(manifest.capabilities ?? [])
  checkPlacement(manifest.placement ?? 'any')
  return manifest
}

/** The same for a manifest that another node has completed: it is not trusted to have kept a rule. */
export function readCompleteManifest(value: unknown): CompleteManifest {
  const manifest = check(CompleteManifestSchema, references, value, 'the manifest')
  refuseUnsupported({ ...manifest, stdin: {} })
  checkText(manifest.args, manifest.env)
  checkMemory(manifest.resources.memoryBytes)
  checkCapabilities(manifest.capabilities)
  checkPlacement(manifest.placement)
  return manifest
}

/**
 * The bytes that `stdin` carries itself, `undefined` where it names a blob.
 * @throws {PhaseError} `invalid` unless it has exactly one member; `tooLarge` above 256 KiB.
 */
export function inlineStdin(stdin: Stdin | undefined): Uint8Array | undefined {
  if (stdin === undefined) return new Uint8Array(0)
  const given = Object.keys(stdin)
  if (given.length !== 1) {
    throw wrong('/stdin', `exactly one of text, base64 and digest was expected, not ${given.length}`)
  }
  if (stdin.digest !== undefined) return undefined
  const bytes =
    stdin.text === undefined ? bytesOfBase64(stdin.base64 ?? '') : utf8(wellFormed(stdin.text, '/stdin/text'))
  if (bytes.length <= limits.stdinInlineBytesMax) return bytes
  throw new PhaseError(
    'tooLarge',
    `Cannot read the manifest: stdin of ${bytes.length} bytes exceeds the limit of ${limits.stdinInlineBytesMax}`,
    {
      pointer: '/stdin',
      hint: 'Upload it with PUT /v1/blobs and give its digest instead.',
    },
  )
}

function bytesOfBase64(text: string): Uint8Array {
  try {
    return fromBase64(text)
  } catch (cause) {
    throw wrong('/stdin/base64', 'not standard padded base64', cause)
  }
}

/** Every default filled in. `stdin` is the content of the bytes that the manifest carries or names. */
export function completeManifest(manifest: JobManifest, filled: { stdin: Content; nonce: string }): CompleteManifest {
  const complete: CompleteManifest = {
    module: manifest.module,
    profile: manifest.profile ?? profiles[0],
    args: manifest.args ?? [],
    env: manifest.env ?? {},
    stdin: filled.stdin,
    resources: {
      cpu: manifest.resources?.cpu ?? 1,
      memoryBytes: manifest.resources?.memoryBytes ?? limits.memoryBytesDefault,
      fuel: manifest.resources?.fuel ?? limits.fuelDefault,
      outputBytes: manifest.resources?.outputBytes ?? limits.outputBytesDefault,
    },
    timeoutMs: manifest.timeoutMs ?? limits.timeoutMsDefault,
    queueMs: manifest.queueMs ?? limits.queueMsDefault,
    capabilities: manifest.capabilities ?? [],
    seed: manifest.seed ?? '',
    nonce: manifest.nonce ?? filled.nonce,
    placement: manifest.placement ?? 'any',
    replicas: manifest.replicas ?? 1,
    quorum: manifest.quorum ?? 1,
  }
  return manifest.seed === undefined ? { ...complete, seed: defaultSeed(taskDigest(complete)) } : complete
}

/** What is computed, whoever asks (SPEC.md, Task and seed). */
export const taskDigest = (manifest: CompleteManifest): DigestText => canonicalDigest(taskOf(manifest))

/** The part of a claim that the manifest fixes, but for the seed. */
export const taskOf = (manifest: CompleteManifest) => ({
  profile: manifest.profile,
  module: manifest.module,
  args: argsDigest(manifest.args),
  env: envDigest(manifest.env),
  stdin: { digest: manifest.stdin.digest, size: manifest.stdin.size },
  limits: {
    fuel: manifest.resources.fuel,
    memoryBytes: manifest.resources.memoryBytes,
    outputBytes: manifest.resources.outputBytes,
  },
  capabilities: [...manifest.capabilities],
})

/** What a machine is given of the manifest; module and stdin come beside it. Whoever runs or replays a job, does it with this. */
export const runOf = (manifest: CompleteManifest) => ({
  args: manifest.args,
  environ: environOf(manifest.env),
  seed: manifest.seed,
  capabilities: manifest.capabilities,
  memoryBytesMax: manifest.resources.memoryBytes,
  outputBytesMax: manifest.resources.outputBytes,
  fuelMax: manifest.resources.fuel,
})

/** sha256("phase-seed-v1" || 0x00 || the 32 bytes of the task digest), 64 hex. */
export const defaultSeed = (task: DigestText): string =>
  digestOf(concat(utf8('phase-seed-v1\0'), digestBytes(task))).slice('sha256:'.length)

/**
 * Holds a manifest against what a node accepts: what cannot be kept is refused before the job is accepted.
 * @throws {PhaseError} `tooLarge`, naming the limit.
 */
export function checkAgainstNode(manifest: CompleteManifest, node: { limits: NodeLimits; slots: number }): void {
  const { resources } = manifest
  const rows: [string, string, number, number][] = [
    ['/resources/cpu', 'slots', resources.cpu, node.slots],
    ['/resources/memoryBytes', 'bytes of memory', resources.memoryBytes, node.limits.memoryBytes],
    ['/resources/outputBytes', 'bytes of output', resources.outputBytes, node.limits.outputBytes],
    ['/stdin', 'bytes of stdin', manifest.stdin.size, node.limits.stdinBytes],
    ['/timeoutMs', 'milliseconds of wall clock', manifest.timeoutMs, node.limits.timeoutMs],
  ]
  for (const [pointer, what, asked, limit] of rows) {
    if (asked <= limit) continue
    throw new PhaseError('tooLarge', `Cannot accept the job: ${asked} ${what} exceed the limit of ${limit}`, {
      pointer,
      hint: 'Ask for less, or for a node with a higher limit.',
    })
  }
}

function refuseUnsupported(manifest: JobManifest): void {
  const unsupported = (pointer: string, detail: string) =>
    new PhaseError('unsupported', `Cannot accept the job: ${detail}`, {
      pointer,
      hint: `Leave out "${pointer.slice(1)}".`,
    })
  if (manifest.profile !== undefined && !(profiles as readonly string[]).includes(manifest.profile)) {
    throw unsupported('/profile', `profile "${manifest.profile}" is not one of ${profiles.join(', ')}`)
  }
  if ((manifest.replicas ?? 1) !== 1) throw unsupported('/replicas', 'more than one replica is not built yet')
  if ((manifest.quorum ?? 1) !== 1) throw unsupported('/quorum', 'a quorum is not built yet')
}

function checkText(args: readonly string[], env: Readonly<Record<string, string>>): void {
  let size = 0
  for (const [index, arg] of args.entries()) size += checkedBytes(arg, `/args/${index}`)
  for (const [key, value] of Object.entries(env)) {
    const pointer = `/env/${key.toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1')}`
    if (key === '' || key.includes('=')) throw wrong(pointer, 'a key must not be empty or hold "="')
    size += checkedBytes(key, pointer) + checkedBytes(value, pointer)
  }
  if (size <= limits.argsAndEnvBytesMax) return
  throw new PhaseError(
    'tooLarge',
    `Cannot read the manifest: args and env of ${size} bytes exceed the limit of ${limits.argsAndEnvBytesMax}`,
    {
      pointer: '/args',
      hint: 'Pass large input as stdin.',
    },
  )
}

function checkedBytes(text: string, pointer: string): number {
  if (text.includes('\0')) throw wrong(pointer, 'a NUL character')
  return utf8(wellFormed(text, pointer)).length + 1
}

function wellFormed(text: string, pointer: string): string {
  if (!text.isWellFormed()) throw wrong(pointer, 'a lone surrogate')
  return text
}

function checkMemory(memoryBytes: number | undefined): void {
  if ((memoryBytes ?? 0) % limits.memoryPageBytes === 0) return
  throw wrong('/resources/memoryBytes', `not a multiple of ${limits.memoryPageBytes}`)
}

function checkCapabilities(capabilities: readonly string[]): void {
  for (const [index, name] of capabilities.entries()) {
    if (!(capabilityNames as readonly string[]).includes(name)) {
      throw new PhaseError(
        'unsupported',
        `Cannot accept the job: capability "${name}" is not one of ${capabilityNames.join(', ')}`,
        {
          pointer: `/capabilities/${index}`,
        },
      )
    }
    if (index > 0 && (capabilities[index - 1] as string) >= name) {
      throw wrong('/capabilities', 'not sorted, or one stands twice')
    }
  }
}

function checkPlacement(placement: string): void {
  if (/^(any|local|remote|12D3KooW[1-9A-HJ-NP-Za-km-z]{44})$/.test(placement)) return
  throw wrong('/placement', `"${placement}" is not any, local, remote or a peer id`)
}

const wrong = (pointer: string, what: string, cause?: unknown) =>
  new PhaseError('invalid', `Cannot read the manifest at "${pointer}": ${what}`, { pointer, cause })
