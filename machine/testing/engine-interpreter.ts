/** The interpreter, as an engine for scripts. */
import { Exhausted, Trap } from '../interpreter/endings.ts'
import { execute } from '../interpreter/execution/execution.ts'
import { Global, type HostFunction, Memory, type ModuleFunction, Table } from '../interpreter/instances.ts'
import {
  copySegments,
  type Extern,
  exportOf,
  instantiate,
  LinkError,
  loadModule,
} from '../interpreter/instantiation.ts'
import { Machine } from '../interpreter/machine.ts'
import { ModuleError } from '../interpreter/reader.ts'
import type { Value, ValueType } from '../interpreter/values.ts'
import type { Outcome } from './outcomes.ts'
import type { Engine } from './script.ts'
import { spectestGlobals, spectestPrints } from './spectest.ts'
import type { Constant } from './wast.ts'

export type Exports = (name: string) => Extern | undefined

/** No directive of the suite needs more. */
const fuelMax = Number.MAX_SAFE_INTEGER
/** As much as an engine without a bound of its own has, so that only endless recursion ends there. */
const depthBytesMax = 16 * 1024 * 1024

export class InterpreterEngine implements Engine<Exports> {
  readonly registered = new Map<string, Exports>([['spectest', spectest()]])
  /** Used by the last action, or the last instantiation. */
  fuelUsed = 0
  private readonly hosts = new Map<number, object>()

  async instantiate(bytes: Uint8Array<ArrayBuffer>): Promise<{ outcome: Outcome; instance?: Exports }> {
    const machine = this.machine()
    try {
      const loaded = loadModule(bytes)
      const { module } = loaded
      const called = module.exports.flatMap(({ kind, index }) => (kind === 'function' ? [index] : []))
      if (module.start !== undefined) called.push(module.start)
      const imported = module.imports.filter(({ extern }) => extern.kind === 'function').length
      const instance = instantiate(
        loaded,
        (from, name) => this.registered.get(from)?.(name),
        { pagesMax: 65_536, tableEntriesMax: 10_000_000 },
        called.filter(index => index >= imported),
      )
      copySegments(instance, module)
      if (module.start !== undefined) machine.call(instance.functions[module.start] as ModuleFunction)
      execute(machine)
      this.fuelUsed = machine.fuelUsed
      return { outcome: { kind: 'values', values: [] }, instance: name => exportOf(instance, module, name) }
    } catch (error) {
      this.fuelUsed = machine.fuelUsed
      return { outcome: outcomeOf(error) }
    }
  }

  async invoke(exports: Exports, name: string, args: readonly Constant[]): Promise<Outcome> {
    const extern = exports(name)
    if (extern?.kind !== 'function') throw new Error(`no function "${name}"`)
    const machine = this.machine()
    try {
      for (const arg of args) machine.push(this.valueOf(arg))
      machine.call(extern.value)
      execute(machine)
      const { results } = extern.value.type
      return {
        kind: 'values',
        values: results.map((type, index) => this.constantOf(type, machine.operands[index] as Value)),
      }
    } catch (error) {
      return outcomeOf(error)
    } finally {
      this.fuelUsed = machine.fuelUsed
    }
  }

  async get(exports: Exports, name: string): Promise<Outcome> {
    const extern = exports(name)
    if (extern?.kind !== 'global') throw new Error(`no global "${name}"`)
    return { kind: 'values', values: [this.constantOf(extern.value.type.value, extern.value.value)] }
  }

  private machine(): Machine {
    return new Machine({ fuel: fuelMax, depthBytes: depthBytesMax })
  }

  private valueOf({ type, value }: Constant): Value {
    if (type !== 'externref' || value === null) return value
    const host = this.hosts.get(value as number) ?? { number: value }
    this.hosts.set(value as number, host)
    return host
  }

  private constantOf(type: ValueType, value: Value): Constant {
    if (type === 'funcref') return { type, value: value === null ? null : 0 }
    if (type === 'externref') return { type, value: value === null ? null : (value as { number: number }).number }
    return { type, value: value as number | bigint | Uint8Array }
  }
}

function outcomeOf(error: unknown): Outcome {
  if (error instanceof Trap) return { kind: 'trap', trap: error.trap }
  if (error instanceof Exhausted) return { kind: 'exhausted' }
  if (error instanceof ModuleError) return { kind: 'rejected', detail: error.message }
  if (error instanceof LinkError) return { kind: 'unlinkable', detail: error.message }
  throw error
}

function spectest(): Exports {
  const externs = new Map<string, Extern>()
  for (const [name, parameters] of Object.entries(spectestPrints)) {
    const type = { parameters, results: [] }
    const print: HostFunction = { kind: 'host', type, index: -1, call: () => [] }
    externs.set(name, { kind: 'function', value: print })
  }
  for (const [name, { type, value }] of Object.entries(spectestGlobals)) {
    externs.set(name, { kind: 'global', value: new Global({ value: type, mutable: false }, value) })
  }
  const table = new Table({ element: 'funcref', limits: { minimum: 10, maximum: 20 } }, 20)
  externs.set('table', { kind: 'table', value: table })
  externs.set('memory', { kind: 'memory', value: new Memory({ minimum: 1, maximum: 2 }, 2) })
  return name => externs.get(name)
}
