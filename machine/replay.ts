/** A job done again (SPEC.md, Metering): whoever has its module, its manifest and its stdin gets the claim that its executor must have signed. */
import { fromHex } from '../phase/bytes.ts'
import { digestOf } from '../phase/digest.ts'
import { isPhaseError, PhaseError } from '../phase/errors.ts'
import { type CompleteManifest, readCompleteManifest, runOf } from '../phase/manifest.ts'
import { type Claim, makeClaim } from '../phase/receipt.ts'
import type { Content } from '../phase/schema.ts'
import { PreparedModule, runModule } from './run.ts'

/**
 * The claim of this task, computed here: its canonical form is, byte for byte, that of any honest executor. It takes as long as the guest
 * does, and nothing ends it from within: a stranger's module wants a process or a worker that can be ended.
 * @throws {PhaseError} `invalid`, `unknownField`, `unsupported`: the manifest, or what it grants; `digestMismatch`: other bytes than those it
 * names; `moduleRejected`; `unavailable`: this host could not run it to its end, which says nothing of the claim.
 */
export function replay(module: Uint8Array, manifest: CompleteManifest, inputs: { stdin: Uint8Array }): Claim {
  const task = readTask(manifest, inputs)
  checkDigest('module', module, task.module)
  return claimOf(prepare(module), task, inputs)
}

/** The same for who replays several jobs of one module; whether it is the one that the manifest names is the caller's to know. */
export function replayPrepared(
  prepared: PreparedModule,
  manifest: CompleteManifest,
  inputs: { stdin: Uint8Array },
): Claim {
  return claimOf(prepared, readTask(manifest, inputs), inputs)
}

function claimOf(prepared: PreparedModule, task: CompleteManifest, { stdin }: { stdin: Uint8Array }): Claim {
  const { seed, capabilities: _none, ...run } = runOf(task)
  const result = runModule(prepared, { ...run, seed: fromHex(seed), stdin })
  if (result.kind === 'faulted') {
    if (result.reason === 'moduleRejected') throw new PhaseError('moduleRejected', result.detail)
    throw unavailable(result.detail)
  }
  const { outcome, fuel, stdout, stderr } = result
  return makeClaim(task, { outcome, fuel, stdout: contentOf(stdout), stderr: contentOf(stderr) })
}

function readTask(manifest: CompleteManifest, { stdin }: { stdin: Uint8Array }): CompleteManifest {
  const task = readCompleteManifest(manifest)
  refuseCapabilities(task.capabilities)
  checkDigest('stdin', stdin, task.stdin.digest)
  return task
}

function refuseCapabilities(capabilities: readonly string[]): void {
  if (capabilities.length === 0) return
  throw new PhaseError(
    'unsupported',
    `Cannot replay the job: it was granted ${capabilities.join(' and ')}, and what that showed it cannot be had again`,
    {
      pointer: '/capabilities',
      hint: 'Only jobs without capabilities have claims that anyone can compute again.',
    },
  )
}

function checkDigest(what: 'module' | 'stdin', bytes: Uint8Array, wanted: string): void {
  const found = digestOf(bytes)
  if (found === wanted) return
  throw new PhaseError(
    'digestMismatch',
    `Cannot replay the job: ${what} "${found}" of ${bytes.length} bytes is not "${wanted}"`,
    { pointer: `/${what}`, hint: `Give the ${what} that the request names.` },
  )
}

function prepare(module: Uint8Array): PreparedModule {
  try {
    return new PreparedModule(module)
  } catch (error) {
    if (isPhaseError(error)) throw error
    // An engine that does not take what admission takes: browsers refuse to compile large modules outside of a worker.
    throw unavailable(error instanceof Error ? error.message : String(error), error)
  }
}

const unavailable = (detail: string, cause?: unknown) =>
  new PhaseError('unavailable', `Cannot replay the job: this host could not run it to its end: ${detail}`, {
    hint: 'That says nothing of the claim: try again where there is more memory, in a page in a worker.',
    cause,
  })

const contentOf = (bytes: Uint8Array): Content => ({ digest: digestOf(bytes), size: bytes.length })
