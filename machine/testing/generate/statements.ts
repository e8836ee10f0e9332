/** What leaves nothing on the stack: each statement is one of these, chosen by its weight. */
import type { ValueType } from '../../interpreter/values.ts'
import { block, condition, loop } from './blocks.ts'
import type { Body } from './body.ts'
import { branch, branchIf, dead } from './branches.ts'
import { call, leave } from './calls.ts'
import { bulk, store, tableWork } from './memory.ts'
import { anyType } from './plan.ts'

export function statement(body: Body): void {
  body.budget--
  if (body.budget < 0 || body.nesting > 12) {
    body.op('nop')
    return
  }
  body.nesting++
  kinds[
    body.random.weighted<keyof typeof kinds>({
      assignment: 22,
      store: 14,
      dropped: 6,
      block: 9,
      loop: 11,
      condition: 10,
      branch: 2,
      branchIf: 8,
      call: 12,
      leave: body.nesting > 1 ? 2 : 1,
      bulk: 5,
      tableWork: 5,
      unreachable: 1,
    })
  ](body)
  body.nesting--
}

function assignment(body: Body): void {
  const globals = body.plan.globals.flatMap(({ mutable }, index) => (mutable ? [index] : []))
  if (globals.length > 0 && body.random.chance(35)) {
    const index = body.random.pick(globals)
    body.value(body.plan.globals[index]?.type as ValueType)
    body.op('global.set').u32(index)
    return
  }
  const index = body.localToWrite()
  if (index === undefined) return dropped(body)
  body.value(body.locals[index] as ValueType)
  if (body.random.chance(30)) {
    body.op('local.tee').u32(index)
    body.op('drop')
  } else body.op('local.set').u32(index)
}

function dropped(body: Body): void {
  body.value(anyType(body.random, body.plan))
  body.op('drop')
}

function unreachable(body: Body): void {
  if (body.random.chance(60)) return branchIf(body)
  body.op('unreachable')
  dead(body)
}

const kinds = {
  assignment,
  store,
  dropped,
  block,
  loop,
  condition,
  branch,
  branchIf,
  call,
  leave,
  bulk,
  tableWork,
  unreachable,
}
