/** Table instructions (https://webassembly.github.io/spec/core/exec/instructions.html#table-instructions), and what their lengths cost. */
import { lengthWeights } from '../../weights.ts'
import type { Table } from '../instances.ts'
import type { Execute, Machine } from '../machine.ts'
import type { Reference } from '../values.ts'
import { popThree } from './memory.ts'

export const tables: Record<string, Execute> = {
  'table.get': (machine, { index }) => machine.push(table(machine, index).get(machine.popU32())),
  'table.set': (machine, { index }) => {
    const value = machine.pop() as Reference
    table(machine, index).set(machine.popU32(), value)
  },
  'table.size': (machine, { index }) => machine.push(table(machine, index).entries.length),
  'table.grow': (machine, { index }) => {
    const count = machine.popU32()
    const value = machine.pop() as Reference
    if (table(machine, index).canGrow(count)) chargeEntries(machine, count)
    machine.push(table(machine, index).grow(count, value))
  },
  'table.fill': (machine, { index }) => {
    const count = machine.popU32()
    const value = machine.pop() as Reference
    const at = machine.popU32()
    chargeEntries(machine, count)
    table(machine, index).check(at, count)
    for (let next = at; next < at + count; next++) table(machine, index).set(next, value)
  },
  'table.copy': (machine, { index, other }) => {
    const [to, from, count] = popThree(machine)
    chargeEntries(machine, count)
    const [target, source] = [table(machine, index), table(machine, other)]
    source.check(from, count)
    target.check(to, count)
    const copied = source.entries.slice(from, from + count)
    for (const [next, value] of copied.entries()) target.set(to + next, value)
  },
  'table.init': (machine, { index, other }) => {
    const [to, from, count] = popThree(machine)
    chargeEntries(machine, count)
    table(machine, other).init(machine.frame.instance.elements[index] as readonly Reference[], to, from, count)
  },
  'elem.drop': (machine, { index }) => {
    machine.frame.instance.elements[index] = []
  },
}

const table = (machine: Machine, index: number) => machine.frame.instance.tables[index] as Table

function chargeEntries(machine: Machine, count: number): void {
  machine.charge(count * lengthWeights.tableEntry)
}
