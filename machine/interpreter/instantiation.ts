/** A module made ready to run (https://webassembly.github.io/spec/core/exec/modules.html#instantiation). */
import type { Context } from './context.ts'
import { depthsOf } from './depth.ts'
import { evaluate } from './execution/execution.ts'
import { type Callable, Global, type Instance, Memory, Table } from './instances.ts'
import { decodeModule, type ExternType, type Module } from './module.ts'
import { validateModule } from './validation.ts'
import { type FunctionType, type Reference, sameType, type Value, zeroOf } from './values.ts'

export type Extern =
  | { kind: 'function'; value: Callable }
  | { kind: 'table'; value: Table }
  | { kind: 'memory'; value: Memory }
  | { kind: 'global'; value: Global }

/** Bounds on what the module's own tables and memory may grow to. */
export interface GrowthLimits {
  pagesMax: number
  tableEntriesMax: number
}

export interface LoadedModule {
  readonly module: Module
  readonly context: Context
}

export class LinkError extends Error {}

/** @throws {ModuleError} where the bytes are no valid module. */
export function loadModule(bytes: Uint8Array): LoadedModule {
  const module = decodeModule(bytes)
  return { module, context: validateModule(module) }
}

/**
 * An instance whose segments have not been copied and whose start function has not run. `called`: numbers of the functions that the host will
 * call. @throws {LinkError} where an import is missing or of another type. @throws {RangeError} where the host has no room.
 */
export function instantiate(
  { module, context }: LoadedModule,
  resolve: (module: string, name: string, type: FunctionType | undefined) => Extern | undefined,
  limits: GrowthLimits,
  called: readonly number[],
): Instance {
  const instance: Instance = {
    types: module.types,
    functions: [],
    tables: [],
    memories: [],
    globals: [],
    elements: [],
    data: module.data.map(({ bytes }) => bytes),
  }
  for (const { module: from, name, extern } of module.imports) {
    const found = resolve(from, name, extern.kind === 'function' ? module.types[extern.type] : undefined)
    if (found === undefined) throw new LinkError(`unknown import "${from}" "${name}"`)
    if (!fits(found, extern, module)) throw new LinkError(`import "${from}" "${name}" is of another type`)
    add(instance, found)
  }
  addFunctions(instance, module, depthsOf(module, context, called))
  for (const type of module.tables) instance.tables.push(new Table(type, limits.tableEntriesMax))
  for (const type of module.memories) instance.memories.push(new Memory(type, limits.pagesMax))
  for (const { type, initial } of module.globals) {
    instance.globals.push(new Global(type, evaluate(instance, initial, type.value)))
  }
  instance.elements = module.elements.map(({ type, items }) =>
    items.map(item =>
      typeof item === 'number'
        ? (instance.functions[item] as Reference)
        : (evaluate(instance, item, type) as Reference),
    ),
  )
  return instance
}

/** Copies the active segments, elements before data, and drops what is not passive. @throws {Trap} where one does not fit; those before it stay. */
export function copySegments(instance: Instance, module: Module): void {
  const offset = (mode: { offset: Module['globals'][number]['initial'] }) =>
    (evaluate(instance, mode.offset, 'i32') as number) >>> 0
  for (const [index, { mode }] of module.elements.entries()) {
    const elements = instance.elements[index] as readonly Reference[]
    if (mode.kind === 'active') instance.tables[mode.index]?.init(elements, offset(mode), 0, elements.length)
    if (mode.kind !== 'passive') instance.elements[index] = []
  }
  for (const [index, { mode, bytes }] of module.data.entries()) {
    if (mode.kind === 'active') instance.memories[mode.index]?.init(bytes, offset(mode), 0, bytes.length)
    if (mode.kind !== 'passive') instance.data[index] = new Uint8Array(0)
  }
}

/** What the module exports under that name. */
export function exportOf(instance: Instance, module: Module, name: string): Extern | undefined {
  const found = module.exports.find(one => one.name === name)
  if (found === undefined) return undefined
  const { kind, index } = found
  switch (kind) {
    case 'function':
      return { kind, value: instance.functions[index] as Callable }
    case 'table':
      return { kind, value: instance.tables[index] as Table }
    case 'memory':
      return { kind, value: instance.memories[index] as Memory }
    case 'global':
      return { kind, value: instance.globals[index] as Global }
  }
}

function addFunctions(instance: Instance, module: Module, depths: ReturnType<typeof depthsOf>): void {
  for (const [index, { locals, code }] of module.bodies.entries()) {
    const type = module.types[module.functions[index] as number] as FunctionType
    const zeros: Value[] = locals.map(zeroOf)
    const depth = depths[index] as (typeof depths)[number]
    instance.functions.push({ kind: 'module', type, instance, index: instance.functions.length, zeros, code, ...depth })
  }
}

function add(instance: Instance, extern: Extern): void {
  if (extern.kind === 'function') instance.functions.push(extern.value)
  else if (extern.kind === 'table') instance.tables.push(extern.value)
  else if (extern.kind === 'memory') instance.memories.push(extern.value)
  else instance.globals.push(extern.value)
}

/** Import matching: functions and globals exactly, tables and memories at least as large and no larger than asked for. */
function fits(found: Extern, wanted: ExternType, module: Module): boolean {
  if (found.kind === 'function' && wanted.kind === 'function') {
    return sameType(found.value.type, module.types[wanted.type] as FunctionType)
  }
  if (found.kind === 'global' && wanted.kind === 'global') {
    return found.value.type.value === wanted.global.value && found.value.type.mutable === wanted.global.mutable
  }
  if (found.kind === 'memory' && wanted.kind === 'memory') return within(found.value.limits, wanted.memory)
  if (found.kind === 'table' && wanted.kind === 'table') {
    return found.value.type.element === wanted.table.element && within(found.value.limits, wanted.table.limits)
  }
  return false
}

function within(found: { minimum: number; maximum: number | undefined }, wanted: typeof found): boolean {
  if (found.minimum < wanted.minimum) return false
  return wanted.maximum === undefined || (found.maximum !== undefined && found.maximum <= wanted.maximum)
}
