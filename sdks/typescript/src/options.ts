/** The options of a job as a person types them: flat, `memory` as "64MiB", `timeout` in seconds. What they mean is phase/SPEC.md, Manifest. */
import { fromBase64 } from '../../../phase/bytes.ts'
import { digestOf } from '../../../phase/digest.ts'
import { peerIdOfDid } from '../../../phase/identity.ts'
import { distance } from './distance.ts'
import { ArgumentError } from './errors.ts'
import type { JobManifest, Peer, Resources, Stdin } from './generated/models.ts'

/** Text, bytes, a file, bytes as they come, or the digest of an uploaded blob. */
export type Input =
  | string
  | Uint8Array
  | Blob
  | ReadableStream<Uint8Array>
  | { text: string }
  | { base64: string }
  | { digest: string }
  | { file: string | URL }

export interface JobOptions {
  /** Execution slots that the job takes while it runs. */
  cpu?: number | undefined
  /** Linear memory: bytes, or "64MiB". */
  memory?: number | string | undefined
  memoryBytes?: number | undefined
  /** Deterministic instruction budget, where the profile meters. */
  fuel?: number | undefined
  /** Cap of stdout and stderr together: bytes, or "8MiB". */
  output?: number | string | undefined
  outputBytes?: number | undefined
  /** Wall clock of one execution: seconds, or "500ms". */
  timeout?: number | string | undefined
  timeoutMs?: number | undefined
  /** How long the job may wait for a node that takes it: seconds, or "500ms". */
  queue?: number | string | undefined
  queueMs?: number | undefined
  /** What the guest reads. */
  stdin?: Input | undefined
  args?: readonly string[] | undefined
  env?: Readonly<Record<string, string>> | undefined
  /** What is granted beyond pure computation: clock, random. */
  capabilities?: string | readonly string[] | undefined
  /** 64 hex: seeds the guest's random. */
  seed?: string | undefined
  /** 32 to 64 hex; random unless given. */
  nonce?: string | undefined
  /** any, local, remote, or a peer. */
  placement?: string | Pick<Peer, 'peerId'> | undefined
  replicas?: number | undefined
  quorum?: number | undefined
  profile?: string | undefined
  /** The same, as the manifest has them. */
  resources?: Resources | undefined
  /** The same call again with the same key is the same job, for 24 hours, while the node keeps that job. */
  idempotencyKey?: string | undefined
}

/** What of them is not the manifest's, or needs work before it is. */
export interface ReadOptions {
  manifest: Omit<JobManifest, 'module' | 'stdin'> & { nonce: string }
  stdin: string | Uint8Array | Blob | ReadableStream<Uint8Array> | { digest: string } | { file: string | URL }
  idempotencyKey: string | undefined
}

/** @throws {ArgumentError} naming the nearest known option for one that is not known. */
export function readOptions(options: JobOptions, randomHex: () => string): ReadOptions {
  const given = new Given(options)
  const { idempotencyKey } = given.texts('idempotencyKey')
  const resources: Resources = present({
    cpu: given.integer('cpu'),
    memoryBytes: given.memoryBytes(),
    fuel: given.integer('fuel'),
    outputBytes: given.amount('output', 'outputBytes', byteUnits),
  })
  const { nonce, ...texts } = given.texts('nonce', 'profile', 'seed')
  return {
    manifest: {
      ...texts,
      ...present({
        args: given.list('args'),
        env: given.env(),
        resources: Object.keys(resources).length === 0 ? undefined : resources,
        timeoutMs: given.amount('timeout', 'timeoutMs', timeUnits),
        queueMs: given.amount('queue', 'queueMs', timeUnits),
        capabilities: given.capabilities(),
        placement: given.placement(),
        replicas: given.integer('replicas'),
        quorum: given.integer('quorum'),
      }),
      // From the idempotency key where one is given, so that the same call again is the same request.
      nonce: nonce ?? (idempotencyKey === undefined ? randomHex() : nonceOf(idempotencyKey)),
    },
    stdin: given.stdin(),
    idempotencyKey,
  }
}

/** Milliseconds from seconds, or from a time like "500ms". @throws {ArgumentError} */
export const millisecondsOf = (name: string, value: number | string): number => amountOf(name, value, timeUnits)

const names: readonly (keyof JobOptions)[] = [
  'cpu',
  'memory',
  'memoryBytes',
  'fuel',
  'output',
  'outputBytes',
  'timeout',
  'timeoutMs',
  'queue',
  'queueMs',
  'stdin',
  'args',
  'env',
  'capabilities',
  'seed',
  'nonce',
  'placement',
  'replicas',
  'quorum',
  'profile',
  'resources',
  'idempotencyKey',
]
interface Units {
  expected: string
  byName: Record<string, number>
}
const byteUnits: Units = {
  expected: 'bytes, or an amount like "64MiB"',
  byName: {
    '': 1,
    b: 1,
    k: 1024,
    m: 1024 ** 2,
    g: 1024 ** 3,
    kib: 1024,
    mib: 1024 ** 2,
    gib: 1024 ** 3,
    kb: 1000,
    mb: 1000 ** 2,
    gb: 1000 ** 3,
  },
}
const timeUnits: Units = {
  expected: 'seconds, or a time like "500ms"',
  byName: { '': 1000, ms: 1, s: 1000, m: 60_000, h: 3_600_000 },
}
const pageBytes = 65_536

class Given {
  private readonly values = new Map<string, unknown>()

  constructor(options: object) {
    for (const [name, value] of Object.entries(options)) {
      const known = knownName(name)
      if (known === 'resources' && isObject(value)) this.add(new Given(value).values)
      else this.add(new Map([[known, value]]))
    }
  }

  texts<const T extends string>(...members: T[]): { [name in T]?: string } {
    const found = members.map(name => [name, this.has(name) ? text(name, this.values.get(name)) : undefined])
    return present(Object.fromEntries(found) as { [name in T]?: string })
  }

  integer(name: string): number | undefined {
    if (!this.has(name)) return undefined
    const value = this.values.get(name)
    const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value
    if (Number.isSafeInteger(number)) return number as number
    throw wrong(name, 'a whole number', value)
  }

  /** `exact` is always in the smallest unit. */
  amount(name: string, exact: string, units: Units): number | undefined {
    if (!this.has(exact)) return this.has(name) ? amountOf(name, this.values.get(name), units) : undefined
    if (this.has(name)) throw new ArgumentError(`Cannot read the options: "${name}" and "${exact}" are the same`)
    return this.integer(exact)
  }

  memoryBytes(): number | undefined {
    const bytes = this.amount('memory', 'memoryBytes', byteUnits)
    // Memory comes in pages; "64MB" means at least that much.
    return bytes === undefined || this.has('memoryBytes') ? bytes : Math.ceil(bytes / pageBytes) * pageBytes
  }

  list(name: string): string[] | undefined {
    const value = this.values.get(name)
    if (!this.has(name)) return undefined
    if (!Array.isArray(value)) throw wrong(name, 'a list of strings', value)
    return value.map(item => text(name, item))
  }

  env(): Record<string, string> | undefined {
    const value = this.values.get('env')
    if (!this.has('env')) return undefined
    if (!isObject(value)) throw wrong('env', 'strings by name', value)
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, text('env', one)]))
  }

  capabilities(): string[] | undefined {
    const value = this.values.get('capabilities')
    if (!this.has('capabilities')) return undefined
    const list = (Array.isArray(value) ? value : [value]).map(item => text('capabilities', item))
    return list.length === 0 ? undefined : [...new Set(list)].sort()
  }

  placement(): string | undefined {
    const value = this.values.get('placement')
    if (!this.has('placement')) return undefined
    const name = text('placement', isObject(value) && 'peerId' in value ? value['peerId'] : value)
    return name.startsWith('did:') ? peerIdOfDid(name) : name
  }

  stdin(): ReadOptions['stdin'] {
    const value = this.values.get('stdin') ?? ''
    if (typeof value === 'string' || value instanceof Uint8Array) return value
    if (value instanceof Blob || value instanceof ReadableStream) return value
    const members = isObject(value) ? Object.entries(value as Stdin & { file?: string }) : []
    const [name, member] = members.length === 1 ? (members[0] as [string, unknown]) : []
    if (name === 'text' && typeof member === 'string') return member
    if (name === 'base64' && typeof member === 'string') return fromBase64(member)
    if (name === 'digest' && typeof member === 'string') return { digest: member }
    if (name === 'file' && (typeof member === 'string' || member instanceof URL)) return { file: member }
    throw wrong('stdin', 'a string, bytes, a Blob, a stream, or one of text, base64, digest, file', value)
  }

  private has(name: string): boolean {
    return this.values.get(name) !== undefined && this.values.get(name) !== null
  }

  private add(more: ReadonlyMap<string, unknown>): void {
    for (const [name, value] of more) {
      if (this.has(name)) throw new ArgumentError(`Cannot read the options: "${name}" is given twice`)
      this.values.set(name, value)
    }
  }
}

function knownName(name: string): string {
  if ((names as readonly string[]).includes(name)) return name
  const plain = (text: string) => text.replaceAll(/[-_]/g, '').toLowerCase()
  const [nearest] = names
    .map(known => ({ known, distance: distance(plain(name), plain(known)) }))
    .sort((a, b) => a.distance - b.distance) as [{ known: string; distance: number }]
  if (nearest.distance === 0) return nearest.known
  throw new ArgumentError(`Cannot read the options: "${name}" is not known`, {
    hint: `Did you mean "${nearest.known}"?`,
  })
}

function amountOf(name: string, value: unknown, { expected, byName }: Units): number {
  const found = /^\s*(\d{1,15}(?:\.\d{1,9})?)\s*([a-z]*)\s*$/i.exec(
    typeof value === 'number' ? String(value) : typeof value === 'string' ? value : '',
  )
  const unit = byName[found?.[2]?.toLowerCase() ?? '?']
  if (found !== null && unit !== undefined) return Math.round(Number(found[1]) * unit)
  throw wrong(name, expected, value)
}

function text(name: string, value: unknown): string {
  const found = typeof value === 'number' ? String(value) : value
  if (typeof found === 'string' && found.isWellFormed()) return found
  throw wrong(name, 'text', value)
}

const nonceOf = (key: string): string =>
  digestOf(new TextEncoder().encode(`plasm-nonce\0${key}`)).slice('sha256:'.length, 'sha256:'.length + 32)

const present = <T extends object>(members: T): T =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as T

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function wrong(name: string, expected: string, got: unknown): ArgumentError {
  const shown = typeof got === 'string' || typeof got === 'number' ? JSON.stringify(got).slice(0, 80) : typeof got
  return new ArgumentError(`Cannot read the option "${name}": ${expected} was expected, not ${shown}`)
}
