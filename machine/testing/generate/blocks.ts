/** Blocks, loops and conditions, with all that is in them. */
import type { FunctionType, ValueType } from '../../interpreter/values.ts'
import type { Body } from './body.ts'
import { anyType } from './plan.ts'

/** Of a statement: what comes in is written, what is left is put away. */
function someType(body: Body): FunctionType {
  if (body.random.chance(70)) return { parameters: [], results: [] }
  const types = () => Array.from({ length: body.random.below(3) }, () => anyType(body.random, body.plan))
  return { parameters: types(), results: types() }
}

export function block(body: Body): void {
  const type = someType(body)
  body.values(type.parameters)
  body.op('block')
  inner(body, type, type.results, false)
  body.putAway(type.results)
}

export function condition(body: Body): void {
  const type = someType(body)
  body.values(type.parameters)
  body.value('i32')
  body.op('if')
  const alone = type.parameters.join() === type.results.join() && body.random.chance(40)
  inner(body, type, type.results, false, false)
  if (!alone) {
    body.op('else')
    body.labels.push({ types: type.results, loop: false })
    body.putAway(type.parameters)
    body.statements(body.random.between(1, 2))
    body.values(type.results)
    body.labels.pop()
  }
  body.op('end')
  body.putAway(type.results)
}

/** Most count down; what some others do is known by running them only. */
export function loop(body: Body): void {
  const type = someType(body)
  const counter = body.locals.push('i32') - 1
  body.counters.add(counter)
  body.i32(body.random.between(1, 12))
  body.op('local.set').u32(counter)
  body.values(type.parameters)
  body.op('loop')
  blockType(body, type)
  body.labels.push({ types: type.parameters, loop: true })
  body.putAway(type.parameters)
  body.statements(body.random.between(1, 4))
  body.values(type.parameters)
  body.op('local.get').u32(counter)
  body.i32(1)
  body.op('i32.sub')
  body.op('local.tee').u32(counter)
  if (body.random.chance(2)) {
    body.op('drop')
    body.value('i32')
  }
  body.op('br_if').u32(0)
  body.putAway(type.parameters)
  body.values(type.results)
  body.labels.pop()
  body.op('end')
  body.putAway(type.results)
}

export function blockValue(body: Body, type: ValueType, condition: boolean): void {
  const result = { parameters: [], results: [type] }
  if (condition) body.value('i32')
  const name = condition ? 'if' : body.random.chance(85) ? 'block' : 'loop'
  body.op(name)
  // A loop's label takes what it begins with: nothing.
  const loop = name === 'loop'
  inner(body, result, loop ? [] : [type], loop, !condition)
  if (!condition) return
  body.op('else')
  body.labels.push({ types: [type], loop: false })
  if (body.random.chance(40)) body.statement()
  body.value(type)
  body.labels.pop()
  body.op('end')
}

/** The inside of a block, its `end` too. */
function inner(body: Body, type: FunctionType, label: readonly ValueType[], loop: boolean, ended = true): void {
  blockType(body, type)
  body.labels.push({ types: label, loop })
  body.putAway(type.parameters)
  body.statements(body.random.between(1, 3))
  body.values(type.results)
  body.labels.pop()
  if (ended) body.op('end')
}

function blockType(body: Body, type: FunctionType): void {
  if (type.parameters.length === 0 && type.results.length === 0 && body.random.chance(90)) body.code.raw(0x40)
  else if (type.parameters.length === 0 && type.results.length === 1) body.code.type(type.results[0] as ValueType)
  else body.code.signed(BigInt(typeIndex(body, type)))
}

function typeIndex(body: Body, type: FunctionType): number {
  const found = body.plan.types.findIndex(
    one => one.parameters.join() === type.parameters.join() && one.results.join() === type.results.join(),
  )
  return found >= 0 ? found : body.plan.types.push(type) - 1
}
