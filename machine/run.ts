/** One run of one module: its inputs and limits in; what happened, and its output, out. */
import { memoryPageBytes } from '../phase/limits.ts'
import type { ModuleInterface } from '../phase/module.ts'
import type { Outcome } from '../phase/receipt.ts'
import { meter, metered } from './meter.ts'
import { trapOf } from './traps.ts'
import { admit, interfaceOf } from './validate.ts'
import { HostFault, HostTrap, RunEnd } from './wasi/errno.ts'
import { wasiModule } from './wasi/signatures.ts'
import type { WasiOptions } from './wasi/system.ts'
import { Wasi } from './wasi/wasi.ts'

/** `memoryBytesMax`: linear memory, a multiple of the page size. */
export interface RunOptions extends WasiOptions {
  memoryBytesMax: number
}

export type RunResult =
  | {
      kind: 'ended'
      outcome: Outcome
      /** Why, where the outcome is `stopped`. */
      stopped?: 'trapped' | 'fuelExhausted' | 'depthExhausted'
      /** Which trap, by our own names (traps.ts). */
      trap?: string
      stdout: Uint8Array
      stderr: Uint8Array
      memoryBytesPeak: number
    }
  | { kind: 'faulted'; reason: 'memoryExhausted' | 'moduleRejected' | 'internal'; detail: string }

export interface PreparedModule {
  interface: ModuleInterface
  /** The rewritten bytes: the same whatever the limits of a run. */
  bytes: Uint8Array<ArrayBuffer>
}

/** An admitted module, ready to compile. @throws {PhaseError} `moduleRejected`. */
export function prepareModule(bytes: Uint8Array): PreparedModule {
  const module = admit(bytes)
  return { interface: interfaceOf(module), bytes: meter(module) }
}

/** Runs `_start` of a module that was compiled from prepared bytes. Never throws for anything that a guest does. */
export function runModule(
  module: WebAssembly.Module,
  { memory }: Pick<ModuleInterface, 'memory'>,
  options: RunOptions,
): RunResult {
  if ((memory?.initialBytes ?? 0) > options.memoryBytesMax) {
    const detail = `Cannot run the module: its initial memory of ${memory?.initialBytes} bytes exceeds the limit of ${options.memoryBytesMax}`
    return { kind: 'faulted', reason: 'moduleRejected', detail }
  }
  const wasi = new Wasi(options)
  const run = new Run(wasi, Math.min(options.memoryBytesMax, memory?.maximumBytes ?? options.memoryBytesMax))
  try {
    run.start(module)
    return run.ended({ reason: 'exited', exitCode: 0 })
  } catch (error) {
    return run.stoppedBy(error)
  }
}

interface GuestExports {
  _start(): void
  [metered.memory]?: WebAssembly.Memory
  [metered.memoryPagesMax]?: WebAssembly.Global
  [metered.growRefused]?: WebAssembly.Global
  [metered.start]?(): void
}

class Run {
  private readonly wasi: Wasi
  private readonly memoryBytesMax: number
  private guest: GuestExports | undefined

  constructor(wasi: Wasi, memoryBytesMax: number) {
    this.wasi = wasi
    this.memoryBytesMax = memoryBytesMax
  }

  start(module: WebAssembly.Module): void {
    const instance = new WebAssembly.Instance(module, { [wasiModule]: this.wasi.imports })
    const guest = instance.exports as unknown as GuestExports
    this.guest = guest
    this.wasi.bind(guest[metered.memory])
    const pages = guest[metered.memoryPagesMax]
    if (pages !== undefined) pages.value = Math.floor(this.memoryBytesMax / memoryPageBytes)
    guest[metered.start]?.()
    guest._start()
  }

  ended(outcome: Outcome, why: { stopped?: 'trapped' | 'depthExhausted'; trap?: string } = {}): RunResult {
    const { stdout, stderr } = this.wasi
    return {
      kind: 'ended',
      outcome,
      ...why,
      stdout,
      stderr,
      memoryBytesPeak: this.guest?.[metered.memory]?.buffer.byteLength ?? 0,
    }
  }

  stoppedBy(error: unknown): RunResult {
    if (error instanceof RunEnd) return this.ended(error.outcome)
    if (error instanceof HostTrap) return this.ended({ reason: 'stopped' }, { stopped: 'trapped', trap: error.trap })
    if (error instanceof HostFault) return faulted('memoryExhausted', error)
    if (this.guest?.[metered.growRefused]?.value === 1) {
      return { kind: 'faulted', reason: 'memoryExhausted', detail: 'the host refused memory that the limit allows' }
    }
    if (error instanceof WebAssembly.RuntimeError) {
      return this.ended({ reason: 'stopped' }, { stopped: 'trapped', trap: trapOf(error) })
    }
    if (isStackOverflow(error)) return this.ended({ reason: 'stopped' }, { stopped: 'depthExhausted' })
    // What remains of RangeErrors is an allocation that the engine could not make.
    return faulted(error instanceof RangeError ? 'memoryExhausted' : 'internal', error)
  }
}

const faulted = (reason: 'memoryExhausted' | 'internal', error: unknown): RunResult => ({
  kind: 'faulted',
  reason,
  detail: error instanceof Error ? error.message : String(error),
})

/** V8 and JavaScriptCore throw a RangeError, SpiderMonkey an InternalError. */
const isStackOverflow = (error: unknown): boolean =>
  error instanceof Error && /call stack|too much recursion/i.test(error.message)
