/** One run of one module: its inputs and limits in; what happened, its fuel and its output, out. */
import { memoryPageBytes } from '../phase/limits.ts'
import type { ModuleInterface } from '../phase/module.ts'
import type { Outcome } from '../phase/receipt.ts'
import { type Memories, newMemory } from './memories.ts'
import { hasFloats, memoryName, meter, metered, meteredModule } from './meter.ts'
import { trapOf } from './traps.ts'
import { type AdmittedModule, admit, interfaceOf } from './validate.ts'
import { HostFault, HostTrap, RunEnd } from './wasi/errno.ts'
import { isWasiName, type WasiName, wasiModule } from './wasi/signatures.ts'
import type { WasiOptions } from './wasi/system.ts'
import { Wasi } from './wasi/wasi.ts'
import { fuelPerNs } from './weights.ts'

/** `memoryBytesMax`: linear memory, a multiple of the page size. `fuelMax`: the budget. */
export interface RunOptions extends Omit<WasiOptions, 'charge' | 'passedNs'> {
  memoryBytesMax: number
  fuelMax: number
  /** Where the guest's memory comes from: whoever gives them recycles them. */
  memories?: Memories
}

/** Why a run stopped: a diagnostic, since engines that charge in other places may name another. */
export type Stopped = 'trapped' | 'fuelExhausted' | 'depthExhausted'

export type RunResult =
  | {
      kind: 'ended'
      outcome: Outcome
      /** Where the outcome is `stopped`. */
      stopped?: Stopped
      /** Which trap, by our own names (traps.ts). */
      trap?: string
      /** Of the claim: what was used, or the whole budget where it was stopped. */
      fuel: number
      stdout: Uint8Array
      stderr: Uint8Array
      memoryBytesPeak: number
    }
  | { kind: 'faulted'; reason: 'memoryExhausted' | 'moduleRejected' | 'internal'; detail: string }

/** What a run needs of an admitted module, metered and compiled: the same whatever the limits of a run. */
export interface RunnableModule {
  readonly memory: ModuleInterface['memory']
  /** Of the host functions, those that it imports. */
  readonly imports: readonly WasiName[]
  /** Floats are only looked at in it (floats.ts): good for every run in which no NaN shows. */
  readonly fast: WebAssembly.Module
  /** `fast` is only good for some runs. */
  readonly differs: boolean
  /** A run needed `exact` once: the next ones rather begin with it. */
  readonly met: boolean
  /** Every NaN is canonical in it; made when it is asked for first. What it throws, `runModule` throws. */
  readonly exact: WebAssembly.Module
}

/** Made here, from a module's own bytes. */
export class PreparedModule implements RunnableModule {
  readonly interface: ModuleInterface
  readonly imports: readonly WasiName[]
  readonly fast: WebAssembly.Module
  /** Kept where `exact` may be another than `fast`. */
  private readonly admitted: AdmittedModule | undefined
  private repaired: WebAssembly.Module | undefined

  /** @throws {PhaseError} `moduleRejected`. */
  constructor(bytes: Uint8Array) {
    const admitted = admit(bytes)
    this.interface = interfaceOf(admitted)
    this.admitted = hasFloats(admitted) ? admitted : undefined
    this.fast = new WebAssembly.Module(meter(admitted, 'detect'))
    this.imports = hostFunctionsOf(this.fast)
  }

  get memory(): ModuleInterface['memory'] {
    return this.interface.memory
  }

  get differs(): boolean {
    return this.admitted !== undefined
  }

  get met(): boolean {
    return this.repaired !== undefined
  }

  get exact(): WebAssembly.Module {
    if (this.admitted === undefined) return this.fast
    this.repaired ??= new WebAssembly.Module(meter(this.admitted, 'repair'))
    return this.repaired
  }
}

/** @throws {TypeError} where there is one that is none of the machine's: no admitted module has it. */
export function hostFunctionsOf(module: WebAssembly.Module): WasiName[] {
  const imports = WebAssembly.Module.imports(module)
  const last = imports.at(-1)
  if (last?.kind === 'memory' && last.module === meteredModule && last.name === memoryName) imports.pop()
  return imports.map(({ module, name, kind }) => {
    if (module === wasiModule && kind === 'function' && isWasiName(name)) return name
    throw new TypeError(`the module imports the ${kind} "${module}.${name}"`)
  })
}

/** Runs `_start`. Never throws for anything that a guest does. */
export function runModule(prepared: RunnableModule, options: RunOptions): RunResult {
  const { memory } = prepared
  if ((memory?.initialBytes ?? 0) > options.memoryBytesMax) {
    const detail = `Cannot run the module: its initial memory of ${memory?.initialBytes} bytes exceeds the limit of ${options.memoryBytesMax}`
    return { kind: 'faulted', reason: 'moduleRejected', detail }
  }
  // What was granted cannot be had twice, and shows what ran in between.
  const once = !prepared.differs || prepared.met || options.clock !== undefined || options.random !== undefined
  if (once) return run(prepared, prepared.exact, options).result
  const fast = run(prepared, prepared.fast, options)
  return fast.canonical ? fast.result : run(prepared, prepared.exact, options).result
}

function run(
  { memory, imports }: RunnableModule,
  module: WebAssembly.Module,
  options: RunOptions,
): { result: RunResult; canonical: boolean } {
  const one = new Run(options, memory, imports)
  const result = one.run(module)
  return { result, canonical: one.canonical && (result.kind === 'faulted' || result.outcome.reason === 'exited') }
}

interface GuestExports {
  _start(): void
  [metered.memoryPagesMax]: WebAssembly.Global
  [metered.growRefused]: WebAssembly.Global
  [metered.fuel]: WebAssembly.Global<'i64'>
  [metered.stopped]: WebAssembly.Global
  [metered.nanSeen]: WebAssembly.Global
  [metered.start]?(): void
}

class Run {
  private readonly options: RunOptions
  private readonly wasi: Wasi
  private readonly memoryType: ModuleInterface['memory']
  private memory: WebAssembly.Memory | undefined
  private guest: GuestExports | undefined

  constructor(options: RunOptions, memoryType: ModuleInterface['memory'], imports: readonly WasiName[]) {
    this.options = options
    this.memoryType = memoryType
    const metered = {
      charge: (fuel: number) => this.charge(fuel),
      passedNs: () => (BigInt(options.fuelMax) - this.fuelLeft) / BigInt(fuelPerNs),
    }
    this.wasi = new Wasi({ ...options, ...metered }, imports)
  }

  run(module: WebAssembly.Module): RunResult {
    try {
      this.start(module)
      return this.fuelLeft < 0n ? this.stopped('fuelExhausted') : this.ended({ reason: 'exited', exitCode: 0 })
    } catch (error) {
      return this.stoppedBy(error)
    }
  }

  /** No NaN showed bits that the engine chose. */
  get canonical(): boolean {
    return this.guest?.[metered.nanSeen].value !== 1
  }

  private start(module: WebAssembly.Module): void {
    const { options, memoryType } = this
    const memory = memoryType && (options.memories?.take(memoryType) ?? newMemory(memoryType))
    this.memory = memory
    this.wasi.bind(memory)
    const given = memory === undefined ? {} : { [memoryName]: memory }
    const instance = new WebAssembly.Instance(module, { [wasiModule]: this.wasi.imports, [meteredModule]: given })
    const guest = instance.exports as unknown as GuestExports
    this.guest = guest
    const memoryBytesMax = Math.min(options.memoryBytesMax, memoryType?.maximumBytes ?? options.memoryBytesMax)
    guest[metered.memoryPagesMax].value = Math.floor(memoryBytesMax / memoryPageBytes)
    guest[metered.fuel].value = BigInt(options.fuelMax)
    guest[metered.start]?.()
    guest._start()
  }

  private get fuelLeft(): bigint {
    return this.guest?.[metered.fuel].value ?? BigInt(this.options.fuelMax)
  }

  /** Before a host call has any effect. */
  private charge(fuel: number): void {
    const global = (this.guest as GuestExports)[metered.fuel]
    const left = global.value - BigInt(fuel)
    global.value = left
    if (left < 0n) throw new Exhausted()
  }

  private ended(outcome: Outcome, why: { stopped?: Stopped; trap?: string } = {}): RunResult {
    const { stdout, stderr } = this.wasi
    const { fuelMax } = this.options
    return {
      kind: 'ended',
      outcome,
      ...why,
      fuel: outcome.reason === 'stopped' ? fuelMax : fuelMax - Number(this.fuelLeft),
      stdout,
      stderr,
      memoryBytesPeak: this.memory?.buffer.byteLength ?? 0,
    }
  }

  private stopped(stopped: Stopped, trap?: string): RunResult {
    return this.ended({ reason: 'stopped' }, { stopped, ...(trap !== undefined && { trap }) })
  }

  private stoppedBy(error: unknown): RunResult {
    const { guest } = this
    if (error instanceof RunEnd) return this.ended(error.outcome)
    if (error instanceof Exhausted) return this.stopped('fuelExhausted')
    if (error instanceof HostTrap) return this.stopped('trapped', error.trap)
    if (error instanceof HostFault) return faulted('memoryExhausted', error)
    if (guest?.[metered.growRefused].value === 1) {
      return { kind: 'faulted', reason: 'memoryExhausted', detail: 'the host refused memory that the limit allows' }
    }
    if (guest?.[metered.stopped].value === 1) {
      return this.stopped(this.fuelLeft < 0n ? 'fuelExhausted' : 'depthExhausted')
    }
    if (error instanceof WebAssembly.RuntimeError) return this.stopped('trapped', trapOf(error))
    // What the depth allows fits the stack: where it does not, this host has none to speak of.
    if (isStackOverflow(error)) return faulted('internal', error)
    // What remains of RangeErrors is an allocation that the engine could not make.
    return faulted(error instanceof RangeError ? 'memoryExhausted' : 'internal', error)
  }
}

/** A host call is not made: the budget is passed. */
class Exhausted extends Error {}

const faulted = (reason: 'memoryExhausted' | 'internal', error: unknown): RunResult => ({
  kind: 'faulted',
  reason,
  detail: error instanceof Error ? error.message : String(error),
})

/** V8 and JavaScriptCore throw a RangeError, SpiderMonkey an InternalError. */
const isStackOverflow = (error: unknown): boolean =>
  error instanceof Error && /call stack|too much recursion/i.test(error.message)
