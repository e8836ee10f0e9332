/** What an executor is asked for, in tests and measurements. */
import { digestOf } from '../../../phase/digest.ts'
import type { ExecutionRequest, ModuleSource } from '../execution.ts'

export const mebibyte = 1024 * 1024

export const moduleOf = (bytes: Uint8Array): ModuleSource => ({ digest: digestOf(bytes), bytes: async () => bytes })

/** A job that asks for nothing special, but for `more`. */
export const requestOf = (bytes: Uint8Array, more: Partial<ExecutionRequest> = {}): ExecutionRequest => ({
  module: moduleOf(bytes),
  args: [],
  environ: [],
  stdin: new Uint8Array(0),
  seed: '00'.repeat(32),
  capabilities: [],
  memoryBytesMax: 64 * mebibyte,
  outputBytesMax: mebibyte,
  fuelMax: 1e12,
  timeoutMs: 20_000,
  ...more,
})

/** A deadline of a test is for the run: the module is rewritten before, however slow the machine. */
export async function rewritten(
  executor: { run(request: ExecutionRequest, signal: AbortSignal): Promise<unknown> },
  request: ExecutionRequest,
): Promise<ExecutionRequest> {
  await executor.run({ ...request, fuelMax: 0, timeoutMs: 60_000 }, new AbortController().signal)
  return request
}
