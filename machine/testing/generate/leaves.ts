/** Values that need no others: locals, globals, constants. */
import { isReferenceType, type ValueType } from '../../interpreter/values.ts'
import type { Body } from './body.ts'
import { constant } from './constants.ts'
import { declared } from './plan.ts'

export function leaf(body: Body, type: ValueType): void {
  const locals = body.locals.flatMap((one, index) => (one === type ? [index] : []))
  const globals = body.plan.globals.flatMap((one, index) => (one.type === type ? [index] : []))
  if (locals.length > 0 && body.random.chance(60)) body.op('local.get').u32(body.random.pick(locals))
  else if (globals.length > 0 && body.random.chance(40)) body.op('global.get').u32(body.random.pick(globals))
  else writeConstant(body, type)
}

export function writeConstant(body: Body, type: ValueType): void {
  const functions = declared(body.plan)
  if (type === 'funcref' && body.random.chance(60)) body.op('ref.func').u32(body.random.pick(functions))
  else if (isReferenceType(type)) body.op('ref.null').type(type)
  else {
    body.op(`${type}.const`)
    constant(body.random, type, body.code)
  }
}
