/** What an executor is asked for, and what it answers. */
import type { Usage } from '../../phase/job.ts'
import type { Outcome } from '../../phase/receipt.ts'

export interface ModuleSource {
  digest: string
  /** Asked only where the module was not rewritten before. */
  bytes(): Promise<Uint8Array>
}

export interface ExecutionRequest {
  module: ModuleSource
  /** Without argv[0]; the machine puts `plasm` before them. */
  args: readonly string[]
  /** `K=V`, sorted (phase/digest.ts environOf). */
  environ: readonly string[]
  stdin: Uint8Array
  /** 64 hex. */
  seed: string
  /** `clock`, `random`: the guest then sees the real ones. */
  capabilities: readonly string[]
  memoryBytesMax: number
  outputBytesMax: number
  fuelMax: number
  timeoutMs: number
}

export type Execution =
  | {
      kind: 'ended'
      outcome: Outcome
      stopped?: 'trapped' | 'fuelExhausted' | 'depthExhausted'
      trap?: string
      /** Of the claim. */
      fuel: number
      stdout: Uint8Array
      stderr: Uint8Array
      usage: Usage
      startedAt: string
      finishedAt: string
    }
  | Fault

export interface Fault {
  kind: 'faulted'
  reason: 'timedOut' | 'memoryExhausted' | 'moduleRejected' | 'cancelled' | 'internal'
  detail: string
}

export interface ExecutorOptions {
  /** Executions at one time. */
  children: number
  /** `fresh`: no process ever sees two jobs. */
  isolation: 'pool' | 'fresh'
  /** A child does so many jobs: whatever leaks, leaks no further. Starting another costs 30 ms. */
  jobsPerChild?: number
  /** Of a process that admits and rewrites a module; Node takes some 1.4 GiB of addresses, the largest module some 1 GiB more. */
  rewritingAddressBytesMax?: number
  log: { warn(details: object, message: string): void }
  /** Told of every child that was killed in the middle of its task. */
  killed?: ((reason: KillReason) => void) | undefined
}

export type KillReason = 'timedOut' | 'cancelled'
