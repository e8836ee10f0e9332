/**
 * The second opinion: an interpreter that does one instruction after the other, each charged before it is done, written from the WebAssembly
 * specification and phase/SPEC.md, Metering. It shares the numbers of weights.ts and the host functions of wasi/ with the fast machine, and
 * nothing else, so what both say is so. It can stop before any instruction and say what the whole state is: the referee of a dispute.
 */
import { digestOf } from '../phase/digest.ts'
import type { Outcome } from '../phase/receipt.ts'
import type { Instruction } from './interpreter/code.ts'
import { Exhausted, Trap } from './interpreter/endings.ts'
import { execute } from './interpreter/execution/execution.ts'
import type { HostFunction, Instance, ModuleFunction } from './interpreter/instances.ts'
import { copySegments, instantiate, LinkError, type LoadedModule, loadModule } from './interpreter/instantiation.ts'
import { Machine } from './interpreter/machine.ts'
import { ModuleError } from './interpreter/reader.ts'
import { type ExecutionState, executionState } from './interpreter/state.ts'
import type { FunctionType, Value } from './interpreter/values.ts'
import { HostFault, HostTrap, RunEnd } from './wasi/errno.ts'
import { wasiModule } from './wasi/signatures.ts'
import { type WasiState, wasiState } from './wasi/state.ts'
import type { WasiOptions } from './wasi/system.ts'
import { Wasi } from './wasi/wasi.ts'
import { fuelPerNs } from './weights.ts'

export interface InterpreterOptions extends Omit<WasiOptions, 'charge' | 'passedNs'> {
  memoryBytesMax: number
  fuelMax: number
  /** Told of each instruction before it is charged. */
  observe?: (instruction: Instruction) => void
}

export type Interpreted =
  | {
      kind: 'ended'
      outcome: Outcome
      /** Why, where the outcome is `stopped`. */
      stopped?: 'trapped' | 'fuelExhausted' | 'depthExhausted'
      trap?: string
      /** Of the claim: what was used, or the whole budget where it was stopped. */
      fuel: number
      stdout: Uint8Array
      stderr: Uint8Array
    }
  | { kind: 'faulted'; reason: 'memoryExhausted' | 'moduleRejected'; detail: string }

export interface InterpreterState extends ExecutionState, WasiState {
  ended: boolean
  /** `null`: it has not ended, or without a claim. */
  outcome: Outcome | null
  /** Of all parts together. */
  state: string
}

/** The profile's numbers (SPEC.md, Metering). */
const pageBytes = 65_536
const tableEntriesMax = 100_000
const depthBytesMax = 393_216

export class Interpreter {
  private readonly options: InterpreterOptions
  private readonly wasi: Wasi
  private readonly machine: Machine
  private imported = 0
  private instance: Instance | undefined
  private result: Interpreted | undefined
  /** What is left to call, the start function before `_start`. */
  private readonly calls: ModuleFunction[] = []

  /** `bytes`: a module that has been admitted (validate.ts); another one is a fault of the run. */
  constructor(bytes: Uint8Array, options: InterpreterOptions) {
    this.options = options
    const machine = new Machine({ fuel: options.fuelMax, depthBytes: depthBytesMax })
    this.machine = machine
    this.wasi = new Wasi({
      ...options,
      charge: fuel => machine.charge(fuel),
      passedNs: () => BigInt(Math.floor(machine.fuelUsed / fuelPerNs)),
    })
    machine.observe = options.observe
    this.watch(() => this.begin(loadModule(bytes)))
  }

  /** Instructions begun, the position of the state. */
  get instructions(): number {
    return this.machine.instructions
  }

  get fuelUsed(): number {
    return this.machine.fuelUsed
  }

  /** Goes on until it has ended, or until so many instructions have begun in all. @returns how it ended, where it did. */
  run(instructionsMax = Number.POSITIVE_INFINITY): Interpreted | undefined {
    if (this.result === undefined) this.watch(() => this.proceed(instructionsMax))
    return this.result
  }

  /** Digests of everything that what comes next depends on. */
  state(): InterpreterState {
    const parts = {
      ...executionState(this.instance, this.machine, this.calls.length),
      ...wasiState(this.wasi.system),
      ended: this.result !== undefined,
      outcome: this.result?.kind === 'ended' ? this.result.outcome : null,
    }
    return { ...parts, state: digestOf(new TextEncoder().encode(JSON.stringify(parts))) }
  }

  private begin(loaded: LoadedModule): void {
    const { module } = loaded
    const minimum = (module.memories[0]?.minimum ?? 0) * pageBytes
    if (minimum > this.options.memoryBytesMax) {
      throw new ModuleError(
        `its initial memory of ${minimum} bytes exceeds the limit of ${this.options.memoryBytesMax}`,
        0,
      )
    }
    const start = module.exports.find(({ name, kind }) => name === '_start' && kind === 'function')
    if (start === undefined) throw new ModuleError('there is no function "_start"', 0)
    const called = module.start === undefined ? [start.index] : [module.start, start.index]
    const limits = { pagesMax: Math.floor(this.options.memoryBytesMax / pageBytes), tableEntriesMax }
    const instance = instantiate(loaded, (from, name, type) => this.import(from, name, type), limits, called)
    this.instance = instance
    this.wasi.bind(instance.memories[0])
    this.calls.push(...called.map(index => instance.functions[index] as ModuleFunction))
    copySegments(instance, module)
  }

  private proceed(instructionsMax: number): void {
    for (;;) {
      if (!execute(this.machine, instructionsMax)) return
      const next = this.calls.shift()
      if (next === undefined) return this.end({ reason: 'exited', exitCode: 0 })
      this.machine.call(next)
    }
  }

  private import(from: string, name: string, type: FunctionType | undefined) {
    const host = this.wasi.imports[name] as ((...args: Value[]) => number | undefined) | undefined
    if (from !== wasiModule || host === undefined || type === undefined) return undefined
    const call = (args: readonly Value[]): Value[] => {
      const result = host(...args)
      return type.results.length === 0 ? [] : [(result ?? 0) | 0]
    }
    const value: HostFunction = { kind: 'host', type, index: this.imported++, call }
    return { kind: 'function', value } as const
  }

  /** What ends a run becomes its result; what does not is thrown on. */
  private watch(step: () => void): void {
    try {
      step()
    } catch (error) {
      this.endBy(error)
    }
  }

  private endBy(error: unknown): void {
    if (error instanceof RunEnd) return this.end(error.outcome)
    if (error instanceof Trap || error instanceof HostTrap)
      return this.end({ reason: 'stopped' }, { stopped: 'trapped', trap: error.trap })
    if (error instanceof Exhausted) return this.end({ reason: 'stopped' }, { stopped: `${error.what}Exhausted` })
    if (error instanceof ModuleError || error instanceof LinkError) this.result = faulted('moduleRejected', error)
    // A RangeError is an allocation that the engine below could not make.
    else if (error instanceof HostFault || error instanceof RangeError) this.result = faulted('memoryExhausted', error)
    else throw error
  }

  private end(outcome: Outcome, why: Pick<Interpreted & { kind: 'ended' }, 'stopped' | 'trap'> = {}): void {
    const { stdout, stderr } = this.wasi
    const fuel = outcome.reason === 'stopped' ? this.options.fuelMax : this.machine.fuelUsed
    this.result = { kind: 'ended', outcome, ...why, fuel, stdout, stderr }
  }
}

const faulted = (reason: 'memoryExhausted' | 'moduleRejected', error: Error): Interpreted => ({
  kind: 'faulted',
  reason,
  detail: error.message,
})

/** Runs an admitted module to its end. */
export function interpret(bytes: Uint8Array, options: InterpreterOptions): Interpreted {
  return new Interpreter(bytes, options).run() as Interpreted
}
