/** Parametric, variable and reference instructions (https://webassembly.github.io/spec/core/exec/instructions.html). */
import type { Instruction } from '../code.ts'
import type { Global } from '../instances.ts'
import type { Execute, Machine } from '../machine.ts'
import type { Reference, Value } from '../values.ts'

export const variables: Record<string, Execute> = {
  drop: machine => {
    machine.pop()
  },
  select,
  select_typed: select,
  'local.get': (machine, { index }) => machine.push(machine.frame.locals[index] as Value),
  'local.set': (machine, { index }) => {
    machine.frame.locals[index] = machine.pop()
  },
  'local.tee': (machine, { index }) => {
    const value = machine.pop()
    machine.frame.locals[index] = value
    machine.push(value)
  },
  'global.get': (machine, instruction) => machine.push(global(machine, instruction).value),
  'global.set': (machine, instruction) => {
    global(machine, instruction).value = machine.pop()
  },
  'ref.null': machine => machine.push(null),
  'ref.is_null': machine => machine.push(machine.pop() === null ? 1 : 0),
  'ref.func': (machine, { index }) => machine.push(machine.frame.instance.functions[index] as Reference),
}

function select(machine: Machine): void {
  const first = machine.popI32() !== 0
  const second = machine.pop()
  if (first) return
  machine.pop()
  machine.push(second)
}

const global = (machine: Machine, { index }: Instruction) => machine.frame.instance.globals[index] as Global
