/** Calls of every kind: of functions, through tables, of the host, and those that take the place of a return. */
import type { FunctionType, ValueType } from '../../interpreter/values.ts'
import type { Body } from './body.ts'
import { dead } from './branches.ts'
import { leaf } from './leaves.ts'
import { imported } from './plan.ts'

export function call(body: Body): void {
  const type = body.random.chance(75) ? directCall(body) : indirectCall(body)
  body.putAway(type.results)
}

export function callValue(body: Body, type: ValueType): void {
  const fits = (one: FunctionType) => one.results.join() === type
  const choice = body.random.chance(70) ? directCall(body, fits) : indirectCall(body, fits)
  if (choice.results.length === 0) leaf(body, type)
}

/** return, and calls that take its place. */
export function leave(body: Body): void {
  const results = body.type.results.join()
  const fits = (type: FunctionType) => type.results.join() === results
  const choice = body.random.below(3)
  if (choice === 0) {
    body.values(body.type.results)
    body.op('return')
  } else if (choice === 1) {
    const index = callee(body, fits)
    if (index === undefined) return
    args(body, index)
    body.op('return_call').u32(index)
  } else {
    const types = body.plan.functions
      .map(({ type }) => type)
      .filter(type => fits(body.plan.types[type] as FunctionType))
    if (types.length === 0) return
    const { type, table } = indirectTarget(body, types)
    body.values((body.plan.types[type] as FunctionType).parameters)
    tableIndex(body, table, type)
    body.op('return_call_indirect').u32(type).u32(table)
  }
  dead(body)
}

function directCall(body: Body, fits: (type: FunctionType) => boolean = () => true): FunctionType {
  const index = callee(body, fits)
  if (index === undefined) return { parameters: [], results: [] }
  args(body, index)
  body.op('call').u32(index)
  return body.typeOf(index)
}

function indirectCall(body: Body, fits: (type: FunctionType) => boolean = () => true): FunctionType {
  const types = body.plan.functions.map(({ type }) => type).filter(type => fits(body.plan.types[type] as FunctionType))
  if (types.length === 0) return { parameters: [], results: [] }
  const { type, table } = indirectTarget(body, types)
  body.values((body.plan.types[type] as FunctionType).parameters)
  tableIndex(body, table, type)
  body.op('call_indirect').u32(type).u32(table)
  return body.plan.types[type] as FunctionType
}

function callee(body: Body, fits: (type: FunctionType) => boolean): number | undefined {
  const all = body.plan.functions.flatMap(({ type }, index) =>
    fits(body.plan.types[type] as FunctionType) ? [index] : [],
  )
  const later = all.filter(index => index > body.index)
  const hosts = all.filter(index => index < imported(body.plan) && body.plan.functions[index]?.host !== 'proc_exit')
  const choice = body.random.below(100)
  const from = choice < 50 && later.length > 0 ? later : choice < 92 && hosts.length > 0 ? hosts : all
  return from.length === 0 ? undefined : body.random.pick(from)
}

function args(body: Body, index: number): void {
  const host = body.plan.functions[index]?.host
  if (host === undefined || body.random.chance(3)) return body.values(body.typeOf(index).parameters)
  hostArgs(body, host)
}

function hostArgs(body: Body, host: string): void {
  const at = () => body.i32(8 * body.random.between(256, 400))
  if (host === 'fd_write') {
    body.i32(body.random.pick([1, 1, 1, 2, 3, 9]))
    body.i32(8)
    body.i32(1)
    at()
  } else if (host === 'clock_time_get') {
    body.i32(body.random.below(4))
    body.op('i64.const').signed(0n)
    at()
  } else if (host === 'random_get') {
    at()
    body.i32(body.random.below(40))
  } else if (host === 'args_sizes_get') {
    at()
    at()
  } else if (host === 'proc_exit') body.value('i32')
}

function indirectTarget(body: Body, types: readonly number[]): { type: number; table: number } {
  const tables = body.plan.tables.flatMap(({ element }, index) => (element === 'funcref' ? [index] : []))
  const first = (body.plan.elements[0]?.items ?? []).map(item => body.plan.functions[item]?.type as number)
  const there = types.filter(type => first.includes(type))
  if (there.length > 0 && body.random.chance(90)) return { type: body.random.pick(there), table: 0 }
  return { type: body.random.pick(types), table: body.random.pick(tables) }
}

/** Mostly of an entry with a function of that type, as the table is at first. */
export function tableIndex(body: Body, table: number, type?: number): void {
  const items = table === 0 ? (body.plan.elements[0]?.items ?? []) : []
  const fitting = items.flatMap((item, index) => (body.plan.functions[item]?.type === type ? [index] : []))
  if (fitting.length > 0 && body.random.chance(97)) body.i32(body.random.pick(fitting))
  else if (body.random.chance(80)) body.i32(body.random.below(body.plan.tables[table]?.minimum as number))
  else body.value('i32')
}
