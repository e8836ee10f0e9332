/** Where control goes on elsewhere, and the code behind it that nobody reaches. */
import type { ValueType } from '../../interpreter/values.ts'
import type { Body } from './body.ts'

export function branch(body: Body): void {
  if (body.random.chance(50)) {
    const label = pickLabel(body)
    body.values(labelTypes(body, label))
    body.op('br').u32(label)
  } else branchTable(body)
  dead(body)
}

export function branchIf(body: Body): void {
  const label = pickLabel(body)
  const types = labelTypes(body, label)
  body.values(types)
  body.value('i32')
  body.op('br_if').u32(label)
  body.putAway(types)
}

export function branchIfValue(body: Body, type: ValueType): void {
  const depth = body.labels.findIndex(({ types, loop }) => types.join() === type && !loop)
  body.value(type)
  if (depth < 0) return
  body.value('i32')
  body.op('br_if').u32(body.labels.length - 1 - depth)
}

function branchTable(body: Body): void {
  const last = pickLabel(body)
  const types = labelTypes(body, last)
  const fitting = body.labels
    .map((_, depth) => depth)
    .filter(
      depth => labelTypes(body, depth).join() === types.join() && !body.labels[body.labels.length - 1 - depth]?.loop,
    )
  const list = Array.from({ length: body.random.below(6) }, () =>
    fitting.length > 0 ? body.random.pick(fitting) : last,
  )
  body.values(types)
  body.value('i32')
  if (body.random.chance(80)) {
    body.i32(7)
    body.op('i32.and')
  }
  body.op('br_table').vector(list, (label, code) => code.u32(label))
  body.code.u32(last)
}

/** What can never be reached may use operands that nobody has pushed. */
export function dead(body: Body): void {
  if (body.random.chance(60)) return
  for (let left = body.random.between(1, 3); left > 0; left--) {
    const choice = body.random.below(5)
    if (choice === 0) body.op('drop')
    else if (choice === 1) {
      body.op('i32.add')
      body.op('drop')
    } else if (choice === 2) {
      body.op('select')
      body.op('drop')
    } else if (choice === 3) {
      body.op('block').raw(0x40)
      body.op('end')
    } else body.statement()
  }
}

/** Labels behind which the function goes on; those of loops seldom, since nothing counts such rounds. */
function pickLabel(body: Body): number {
  const depth = body.random.below(body.labels.length)
  const label = body.labels[body.labels.length - 1 - depth]
  const outermost = depth === body.labels.length - 1
  // To leave the function is one choice of many; the next block is another.
  if (label?.loop && body.random.chance(95)) return innermost(body)
  return outermost && body.random.chance(60) ? innermost(body) : depth
}

function innermost(body: Body): number {
  const place = body.labels.findLastIndex(({ loop }) => !loop)
  return body.labels.length - 1 - place
}

function labelTypes(body: Body, depth: number): readonly ValueType[] {
  return body.labels[body.labels.length - 1 - depth]?.types ?? []
}
