/** Whether a decoded module is valid (https://webassembly.github.io/spec/core/valid/modules.html). */
import { checkBody } from './body-validation.ts'
import { type Context, contextOf } from './context.ts'
import type { Expression, Module, SegmentMode } from './module.ts'
import { ModuleError } from './reader.ts'
import type { FunctionType, Limits, ValueType } from './values.ts'

const pagesMax = 65_536

/** @throws {ModuleError} with the place in a body, where there is one. */
export function validateModule(module: Module): Context {
  const context = contextOf(module)
  for (const [index, type] of context.functions.entries())
    if (type === undefined) wrong(`function ${index} has no type`)
  for (const { limits } of context.tables) checkLimits(limits, 2 ** 32 - 1)
  for (const limits of context.memories) checkLimits(limits, pagesMax)
  if (context.memories.length > 1) wrong('several memories')
  checkGlobals(module, context)
  checkExports(module, context)
  checkStart(module, context)
  checkSegments(module, context)
  for (const [index, body] of module.bodies.entries()) checkBody(context, typeOfBody(module, index), body)
  return context
}

export const typeOfBody = (module: Module, index: number): FunctionType =>
  module.types[module.functions[index] as number] as FunctionType

const wrong = (message: string): never => {
  throw new ModuleError(`invalid: ${message}`, 0)
}

function checkLimits({ minimum, maximum }: Limits, bound: number): void {
  if (minimum > bound || (maximum ?? minimum) > bound) wrong(`limits beyond ${bound}`)
  if (maximum !== undefined && maximum < minimum) wrong('a maximum below the minimum')
}

function checkGlobals(module: Module, context: Context): void {
  const imported = context.globals.length - module.globals.length
  for (const [index, { type, initial }] of module.globals.entries()) {
    checkConstant(context, initial, type.value, imported + index)
  }
}

function checkExports(module: Module, context: Context): void {
  const spaces = {
    function: context.functions.length,
    table: context.tables.length,
    memory: context.memories.length,
    global: context.globals.length,
  }
  for (const { kind, index, name } of module.exports) {
    if (index >= spaces[kind]) wrong(`export "${name}" of unknown ${kind} ${index}`)
  }
  if (new Set(module.exports.map(({ name }) => name)).size < module.exports.length) wrong('two exports of one name')
}

function checkStart(module: Module, context: Context): void {
  if (module.start === undefined) return
  const type = context.functions[module.start]
  if (type === undefined || type.parameters.length + type.results.length > 0) wrong('the start function has a type')
}

function checkSegments(module: Module, context: Context): void {
  for (const { type, items, mode } of module.elements) {
    for (const item of items) {
      if (typeof item !== 'number') checkConstant(context, item, type)
      else if (item >= context.functions.length) wrong(`element of unknown function ${item}`)
    }
    const table = checkMode(context, mode, context.tables)
    if (table !== undefined && table.element !== type) wrong('elements of another type than their table')
  }
  for (const { mode } of module.data) checkMode(context, mode, context.memories)
}

/** What an active segment is copied to. */
function checkMode<T>(context: Context, mode: SegmentMode, targets: readonly T[]): T | undefined {
  if (mode.kind !== 'active') return undefined
  checkConstant(context, mode.offset, 'i32')
  return targets[mode.index] ?? wrong('a segment for an unknown table or memory')
}

const constantOperations = new Set(
  'i32.const i64.const f32.const f64.const v128.const ref.null ref.func global.get end i32.add i32.sub i32.mul i64.add i64.sub i64.mul'.split(
    ' ',
  ),
)

/** A constant expression of one result; it sees only the first `visible` globals. */
function checkConstant(context: Context, expression: Expression, result: ValueType, visible = Number.MAX_VALUE): void {
  for (const { operation, at, index } of expression) {
    const fine = constantOperations.has(operation.name)
    const global = index < visible ? context.globals[index] : undefined
    if (fine && (operation.name !== 'global.get' || global?.mutable === false)) continue
    throw new ModuleError(`invalid: ${operation.name} is not constant here`, at)
  }
  checkBody(context, { parameters: [], results: [result] }, { locals: [], code: expression })
}
