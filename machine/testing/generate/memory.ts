/** Memory and tables: stores, bulk instructions, growth. */
import { type Operation, operations } from '../../interpreter/operations.ts'
import type { ValueType } from '../../interpreter/values.ts'
import type { Body } from './body.ts'
import { knows, type Plan } from './plan.ts'

const stores = [...operations.values()].filter(
  ({ type, immediates }) => type?.results.length === 0 && immediates.startsWith('memoryArgument'),
)

export function store(body: Body): void {
  const operation = body.random.pick(stores.filter(one => knows(body.plan, one)))
  address(body)
  body.value(operation.type?.parameters[1] as ValueType)
  access(body, operation)
}

/** Inside the memory almost always. */
export function address(body: Body): void {
  body.value('i32')
  if (body.random.chance(97)) {
    body.i32(0xff8)
    body.op('i32.and')
  }
}

export function access(body: Body, operation: Operation): void {
  body.emit(operation).u32(body.random.below(Math.log2(operation.bytes) + 1))
  body.code.u32(body.random.chance(99) ? body.random.below(64) : body.random.bits())
  if (operation.immediates === 'memoryArgumentAndLane') body.code.raw(body.random.below(16 / operation.bytes))
}

export function bulk(body: Body): void {
  const segment = body.random.below(body.plan.data.length + 1)
  const choice = body.random.weighted({ fill: 4, copy: 4, init: 3, drop: 1, grow: 3 })
  if (choice === 'drop') body.op('data.drop').u32(segment)
  else if (choice === 'grow') {
    body.i32(body.random.chance(95) ? body.random.below(3) : body.random.bits() | 0)
    body.op('memory.grow').raw(0)
    body.op('drop')
  } else {
    address(body)
    if (choice === 'init') body.i32(body.random.below(4))
    else address(body)
    if (body.random.chance(95)) body.i32(body.random.below(choice === 'init' ? 6 : 100))
    else body.value('i32')
    if (choice === 'init') body.op('memory.init').u32(segment).raw(0)
    else if (choice === 'copy') body.op('memory.copy').raw(0, 0)
    else body.op('memory.fill').raw(0)
  }
}

export function tableWork(body: Body): void {
  const table = body.random.below(body.plan.tables.length)
  const { element, minimum } = body.plan.tables[table] as Plan['tables'][number]
  const passive = body.plan.elements.flatMap(({ type }, index) => (type === element ? [index] : []))
  const small = () => (body.random.chance(95) ? body.i32(body.random.below(minimum)) : body.value('i32'))
  const choice = body.random.weighted({
    set: 5,
    grow: 3,
    fill: 2,
    copy: 2,
    init: passive.length > 0 ? 3 : 0,
    drop: 1,
  })
  if (choice === 'drop') body.op('elem.drop').u32(body.random.below(body.plan.elements.length))
  else if (choice === 'grow') {
    body.value(element)
    body.i32(body.random.chance(95) ? body.random.below(3) : body.random.bits() | 0)
    body.op('table.grow').u32(table)
    body.op('drop')
  } else if (choice === 'set') {
    small()
    body.value(element)
    body.op('table.set').u32(table)
  } else if (choice === 'fill') {
    small()
    body.value(element)
    body.i32(body.random.below(2))
    body.op('table.fill').u32(table)
  } else {
    small()
    body.i32(body.random.below(2))
    body.i32(body.random.below(2))
    if (choice === 'init') body.op('table.init').u32(body.random.pick(passive)).u32(table)
    else body.op('table.copy').u32(table).u32(table)
  }
}
