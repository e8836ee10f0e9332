/** What leaves values on the stack, each of the type that is asked for. */
import { type Operation, operations } from '../../interpreter/operations.ts'
import { isReferenceType, type ValueType } from '../../interpreter/values.ts'
import { blockValue } from './blocks.ts'
import type { Body } from './body.ts'
import { branchIfValue } from './branches.ts'
import { callValue, tableIndex } from './calls.ts'
import { leaf, writeConstant } from './leaves.ts'
import { access, address } from './memory.ts'
import { knows } from './plan.ts'

const controlNames = new Set(['nop', 'memory.init', 'data.drop', 'table.init', 'elem.drop', 'table.copy'])

/** Instructions with a type of their own that leave one value, by the type of that. */
const producers = Map.groupBy(
  [...operations.values()].filter(({ type, name }) => type?.results.length === 1 && !controlNames.has(name)),
  ({ type }) => type?.results[0],
)
/** They trap on most operands that come at random. */
const touchy = /\.(div|rem)_|^i\d\d\.trunc_f/

/** Leaves one value of that type. */
export function value(body: Body, type: ValueType): void {
  body.budget--
  if (body.budget < 0 || body.nesting > 12 || body.random.chance(22)) return leaf(body, type)
  body.nesting++
  const choice = body.random.weighted({
    operation: isReferenceType(type) ? 0 : 55,
    select: 6,
    block: 6,
    condition: 6,
    tee: 5,
    call: 6,
    branchIf: 3,
    reference: 8,
  })
  if (choice === 'operation') operation(body, type)
  else if (choice === 'select') select(body, type)
  else if (choice === 'tee') tee(body, type)
  else if (choice === 'call') callValue(body, type)
  else if (choice === 'branchIf') branchIfValue(body, type)
  else if (choice === 'reference') reference(body, type)
  else blockValue(body, type, choice === 'condition')
  body.nesting--
}

function operation(body: Body, type: ValueType): void {
  const fitting = (producers.get(type) ?? []).filter(one => knows(body.plan, one) && allowedFloats(body, one))
  const operation = body.random.pick(fitting)
  if (touchy.test(operation.name) && body.random.chance(50)) return leaf(body, type)
  if (operation.immediates === 'constant') return writeConstant(body, type)
  const [first, ...rest] = operation.type?.parameters ?? []
  if (operation.immediates.startsWith('memoryArgument')) {
    address(body)
    body.values(rest)
    return access(body, operation)
  }
  if (operation.name === 'memory.grow') body.i32(body.random.below(2))
  else if (first !== undefined) body.values([first, ...rest])
  makeHarmless(body, operation)
  body.emit(operation)
  if (operation.immediates === 'memory') body.code.raw(0)
  if (operation.immediates === 'lane') body.code.raw(body.random.below(Number(/x(\d+)/.exec(operation.name)?.[1])))
  if (operation.immediates === 'lanes') for (let lane = 0; lane < 16; lane++) body.code.raw(body.random.below(32))
}

/** Vectors of floats are floats, too. */
function allowedFloats(body: Body, { name }: Operation): boolean {
  return body.plan.floats || !/f32|f64/.test(name)
}

/** A divisor that is not zero; a float that fits. */
function makeHarmless(body: Body, { name, type }: Operation): void {
  if (!touchy.test(name) || body.random.chance(5)) return
  const of = type?.parameters[0] as ValueType
  if (/(div|rem)_/.test(name)) {
    if (body.random.chance(3)) return divisionThatFails(body, of)
    body.op(`${of}.const`).signed(1n)
    body.op(`${of}.or`)
    return
  }
  body.op('drop')
  body.op(`${of}.const`).fixed(of === 'f32' ? 0x42f6_e979n : 0x405e_dd2f_1a9f_be77n, of === 'f32' ? 4 : 8)
}

function divisionThatFails(body: Body, type: ValueType): void {
  body.op('drop')
  body.op('drop')
  body.op(`${type}.const`).signed(type === 'i32' ? -(2n ** 31n) : -(2n ** 63n))
  body.op(`${type}.const`).signed(body.random.pick([-1n, 0n]))
}

function select(body: Body, type: ValueType): void {
  body.values([type, type, 'i32'])
  if (!isReferenceType(type) && body.random.chance(60)) body.op('select')
  else body.op('select_typed').u32(1).type(type)
}

function tee(body: Body, type: ValueType): void {
  const index = body.localToWrite(type)
  body.value(type)
  if (index !== undefined) body.op('local.tee').u32(index)
}

/** What has to do with references, where the type allows it. */
function reference(body: Body, type: ValueType): void {
  const tables = body.plan.tables.flatMap(({ element }, index) => (element === type ? [index] : []))
  if (isReferenceType(type) && tables.length > 0) {
    const table = body.random.pick(tables)
    tableIndex(body, table)
    body.op('table.get').u32(table)
  } else if (type === 'i32' && body.random.chance(50)) {
    body.value(body.random.chance(70) ? 'funcref' : 'externref')
    body.op('ref.is_null')
  } else if (type === 'i32') body.op('table.size').u32(body.random.below(body.plan.tables.length))
  else leaf(body, type)
}
