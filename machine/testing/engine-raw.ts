/**
 * The engine below, unmetered, as an engine for scripts. JavaScript can neither pass a vector nor see the bits of a NaN, so values go through
 * the memory of a small module around each call.
 */
import { compileText } from '../fixtures/compile.ts'
import { type LoadedModule, loadModule } from '../interpreter/instantiation.ts'
import { ModuleError } from '../interpreter/reader.ts'
import { type FunctionType, isReferenceType, structureOf, type ValueType } from '../interpreter/values.ts'
import { trapOf } from '../traps.ts'
import type { Outcome } from './outcomes.ts'
import type { Engine } from './script.ts'
import { spectestGlobals, spectestPrints } from './spectest.ts'
import type { Constant } from './wast.ts'

export interface RawInstance {
  exports: WebAssembly.Exports
  /** `undefined` of what is the host's. */
  types?: { functions: Map<string, FunctionType>; globals: Map<string, { type: ValueType; mutable: boolean }> }
}

export class RawEngine implements Engine<RawInstance> {
  readonly registered = new Map<string, RawInstance>([['spectest', { exports: spectest() }]])
  private readonly hosts = new Map<number, object>()
  private readonly wrappers = new Map<string, Promise<WebAssembly.Module>>()

  async instantiate(bytes: Uint8Array<ArrayBuffer>): Promise<{ outcome: Outcome; instance?: RawInstance }> {
    try {
      const module = new WebAssembly.Module(bytes)
      const imports: WebAssembly.Imports = Object.fromEntries(
        [...this.registered].map(([name, { exports }]) => [name, exports as WebAssembly.ModuleImports]),
      )
      const { exports } = new WebAssembly.Instance(module, imports)
      return { outcome: { kind: 'values', values: [] }, instance: { exports, types: typesOf(bytes) } }
    } catch (error) {
      return { outcome: outcomeOf(error) }
    }
  }

  async invoke({ exports, types }: RawInstance, name: string, args: readonly Constant[]): Promise<Outcome> {
    const type = types?.functions.get(name)
    if (type === undefined) throw new Error(`no function "${name}"`)
    const described = [...type.parameters.map(one => `(param ${one})`), ...type.results.map(one => `(result ${one})`)]
    const imported = `(func $it ${described.join(' ')})`
    return await this.through(structureOf(type), imported, 'call $it', type, exports[name], args)
  }

  async get({ exports, types }: RawInstance, name: string): Promise<Outcome> {
    const global = types?.globals.get(name)
    if (global === undefined) throw new Error(`no global "${name}"`)
    const { type, mutable } = global
    const imported = `(global $it ${mutable ? `(mut ${type})` : type})`
    const key = `${mutable ? 'mut ' : ''}${type}`
    return await this.through(key, imported, 'global.get $it', { parameters: [], results: [type] }, exports[name], [])
  }

  private async through(
    key: string,
    imported: string,
    use: string,
    type: FunctionType,
    it: unknown,
    args: readonly Constant[],
  ): Promise<Outcome> {
    const module =
      this.wrappers.get(key) ??
      compileText(wrapperText(imported, use, type)).then(bytes => new WebAssembly.Module(bytes))
    this.wrappers.set(key, module)
    const { exports } = new WebAssembly.Instance(await module, { it: { it: it as WebAssembly.ImportValue } })
    const view = new DataView((exports['memory'] as WebAssembly.Memory).buffer)
    for (const [index, { value }] of args.entries()) write(view, index * 16, value)
    const references = args.filter(({ type }) => isReferenceType(type as ValueType)).map(arg => this.host(arg))
    try {
      const returned = (exports['go'] as (...args: unknown[]) => unknown)(...references)
      const ones = Array.isArray(returned) ? (returned as unknown[]).values() : [returned].values()
      return { kind: 'values', values: type.results.map((result, index) => read(view, index * 16, result, ones)) }
    } catch (error) {
      return outcomeOf(error)
    }
  }

  private host({ value }: Constant): object | null {
    if (value === null) return null
    const host = this.hosts.get(value as number) ?? { number: value }
    this.hosts.set(value as number, host)
    return host
  }
}

function typesOf(bytes: Uint8Array): RawInstance['types'] & object {
  const loaded = load(bytes)
  if (loaded === undefined) return { functions: new Map(), globals: new Map() }
  const { module, context } = loaded
  const functions = new Map<string, FunctionType>()
  const globals = new Map<string, { type: ValueType; mutable: boolean }>()
  for (const { kind, name, index } of module.exports) {
    if (kind === 'function') functions.set(name, context.functions[index] as FunctionType)
    const global = context.globals[index]
    if (kind === 'global' && global !== undefined) globals.set(name, { type: global.value, mutable: global.mutable })
  }
  return { functions, globals }
}

function load(bytes: Uint8Array): LoadedModule | undefined {
  try {
    return loadModule(bytes)
  } catch (error) {
    if (error instanceof ModuleError) return undefined
    throw error
  }
}

/** Parameters from memory, results to memory, 16 bytes each; references as parameters and results of `go`. */
function wrapperText(imported: string, use: string, { parameters, results }: FunctionType): string {
  const references = (types: readonly ValueType[], word: string) =>
    types
      .filter(isReferenceType)
      .map(type => `(${word} ${type})`)
      .join(' ')
  let reference = 0
  const offset = parameters.filter(isReferenceType).length
  const loads = parameters.map((type, index) =>
    isReferenceType(type) ? `(local.get ${reference++})` : `(${type}.load (i32.const ${index * 16}))`,
  )
  const local = (index: number) => offset + index
  const stores = results.map((type, index) =>
    isReferenceType(type) ? '' : `(${type}.store (i32.const ${index * 16}) (local.get ${local(index)}))`,
  )
  const kept = results.map((type, index) => (isReferenceType(type) ? `(local.get ${local(index)})` : ''))
  return `(module (import "it" "it" ${imported}) (memory (export "memory") 1)
    (func (export "go") ${references(parameters, 'param')} ${references(results, 'result')}
      ${results.map(type => `(local ${type})`).join(' ')}
      ${loads.join(' ')} ${use}
      ${results.map((_, index) => `(local.set ${local(results.length - 1 - index)})`).join(' ')}
      ${stores.join(' ')} ${kept.join(' ')}))`
}

function write(view: DataView, at: number, value: Constant['value']): void {
  if (typeof value === 'number') view.setInt32(at, value, true)
  else if (typeof value === 'bigint') view.setBigInt64(at, value, true)
  else if (value instanceof Uint8Array) new Uint8Array(view.buffer, at, 16).set(value)
}

function read(view: DataView, at: number, type: ValueType, returned: Iterator<unknown>): Constant {
  if (isReferenceType(type)) {
    const value = returned.next().value as { number: number } | null
    return { type, value: value === null ? null : type === 'funcref' ? 0 : value.number }
  }
  if (type === 'v128') return { type, value: new Uint8Array(view.buffer.slice(at, at + 16)) }
  return { type, value: type.endsWith('32') ? view.getInt32(at, true) : view.getBigInt64(at, true) }
}

function outcomeOf(error: unknown): Outcome {
  if (error instanceof WebAssembly.CompileError) return { kind: 'rejected', detail: error.message }
  if (error instanceof WebAssembly.LinkError || error instanceof TypeError)
    return { kind: 'unlinkable', detail: error.message }
  if (error instanceof WebAssembly.RuntimeError) return { kind: 'trap', trap: trapOf(error) }
  if (error instanceof RangeError) return { kind: 'exhausted' }
  throw error
}

function spectest(): WebAssembly.Exports {
  const global = ([name, { type, value }]: [string, { type: ValueType; value: number | bigint }]) => {
    const seen = type === 'f32' || type === 'f64' ? 666.6 : value
    return [name, new WebAssembly.Global({ value: type as 'i32' }, seen as number)] as const
  }
  return {
    ...Object.fromEntries(Object.keys(spectestPrints).map(name => [name, () => {}])),
    ...Object.fromEntries(Object.entries(spectestGlobals).map(global)),
    table: new WebAssembly.Table({ element: 'anyfunc', initial: 10, maximum: 20 }),
    memory: new WebAssembly.Memory({ initial: 1, maximum: 2 }),
  }
}
