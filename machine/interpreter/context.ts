/** The index spaces of a module: what its imports bring first, then its own (https://webassembly.github.io/spec/core/valid/conventions.html). */
import type { Module } from './module.ts'
import type { FunctionType, GlobalType, Limits, TableType } from './values.ts'

export interface Context {
  readonly types: readonly FunctionType[]
  /** Types of all functions; `undefined` where the type does not exist. */
  readonly functions: readonly (FunctionType | undefined)[]
  readonly tables: readonly TableType[]
  readonly memories: readonly Limits[]
  readonly globals: readonly GlobalType[]
  readonly elements: readonly ('funcref' | 'externref')[]
  readonly dataCount: number | undefined
  /** Functions that may become references: those named outside of bodies. */
  readonly references: ReadonlySet<number>
}

export function contextOf(module: Module): Context {
  const externs = module.imports.map(({ extern }) => extern)
  const imported = {
    functions: externs.flatMap(extern => (extern.kind === 'function' ? [extern.type] : [])),
    tables: externs.flatMap(extern => (extern.kind === 'table' ? [extern.table] : [])),
    memories: externs.flatMap(extern => (extern.kind === 'memory' ? [extern.memory] : [])),
    globals: externs.flatMap(extern => (extern.kind === 'global' ? [extern.global] : [])),
  }
  return {
    types: module.types,
    functions: [...imported.functions, ...module.functions].map(index => module.types[index]),
    tables: [...imported.tables, ...module.tables],
    memories: [...imported.memories, ...module.memories],
    globals: [...imported.globals, ...module.globals.map(({ type }) => type)],
    elements: module.elements.map(({ type }) => type),
    dataCount: module.dataCount,
    references: referencesOf(module),
  }
}

function referencesOf(module: Module): Set<number> {
  const found = new Set<number>()
  for (const { kind, index } of module.exports) if (kind === 'function') found.add(index)
  const expressions = module.globals.map(({ initial }) => initial)
  for (const { items } of module.elements) {
    for (const item of items) {
      if (typeof item === 'number') found.add(item)
      else expressions.push(item)
    }
  }
  for (const { operation, index } of expressions.flat()) if (operation.name === 'ref.func') found.add(index)
  return found
}
