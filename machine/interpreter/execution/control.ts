/** Control instructions (https://webassembly.github.io/spec/core/exec/instructions.html#control-instructions). */

import type { Instruction } from '../code.ts'
import { Trap } from '../endings.ts'
import type { Callable } from '../instances.ts'
import type { Execute, Machine } from '../machine.ts'
import { sameType } from '../values.ts'

export const control: Record<string, Execute> = {
  unreachable: () => {
    throw new Trap('unreachable')
  },
  nop: () => {},
  block: enter,
  loop: (machine, { type }) => {
    machine.enterBlock(type.parameters.length, type.parameters.length, machine.frame.position, true)
  },
  if: (machine, instruction) => {
    const holds = machine.popI32() !== 0
    if (!holds) machine.frame.position = instruction.otherwise + (instruction.otherwise === instruction.end ? 0 : 1)
    enter(machine, instruction)
  },
  // Reached from above only: the first branch of an if is done.
  else: (machine, { end }) => {
    machine.frame.position = end
  },
  end: machine => {
    if (machine.frame.labels.pop() === undefined) machine.return()
  },
  br: (machine, { index }) => machine.branch(index),
  br_if: (machine, { index }) => {
    if (machine.popI32() !== 0) machine.branch(index)
  },
  br_table: (machine, { list }) => {
    const index = machine.popU32()
    machine.branch(list[Math.min(index, list.length - 1)] as number)
  },
  return: machine => machine.return(),
  call: (machine, { index }) => machine.call(machine.frame.instance.functions[index] as Callable),
  call_indirect: (machine, instruction) => machine.call(indirect(machine, instruction)),
  return_call: (machine, { index }) => machine.tailCall(machine.frame.instance.functions[index] as Callable),
  return_call_indirect: (machine, instruction) => machine.tailCall(indirect(machine, instruction)),
}

function enter(machine: Machine, { type, end }: Instruction): void {
  machine.enterBlock(type.results.length, type.parameters.length, end + 1, false)
}

function indirect(machine: Machine, { index, other }: Instruction): Callable {
  const { instance } = machine.frame
  const callee = (instance.tables[other] as (typeof instance.tables)[number]).get(machine.popU32()) as Callable | null
  const type = instance.types[index] as Callable['type']
  if (callee === null || !sameType(callee.type, type)) throw new Trap('indirectCallMismatch')
  return callee
}
