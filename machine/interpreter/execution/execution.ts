/** Executes: each instruction is counted, its weight charged, and then it is done, before the next one is looked at. */
import { instructionWeights } from '../../weights.ts'
import type { Instruction } from '../code.ts'
import type { Instance } from '../instances.ts'
import { type Execute, Frame, Machine } from '../machine.ts'
import { type Operation, operations } from '../operations.ts'
import { vectorFloats } from '../simd/floats.ts'
import { vectorIntegers } from '../simd/integers.ts'
import { vectors } from '../simd/vectors.ts'
import type { Value, ValueType } from '../values.ts'
import { control } from './control.ts'
import { memory } from './memory.ts'
import { numeric } from './numeric.ts'
import { tables } from './tables.ts'
import { variables } from './variables.ts'

const all: Record<string, Execute> = {
  ...control,
  ...variables,
  ...memory,
  ...tables,
  ...numeric,
  ...vectors,
  ...vectorIntegers,
  ...vectorFloats,
}

/** By the operations' ordinals. */
const executes: readonly Execute[] = [...operations.values()].map(({ name }) => {
  const found = all[name]
  if (found === undefined) throw new Error(`nobody says what ${name} does`)
  return found
})
const weights: readonly number[] = [...operations.values()].map(weightOf)

function weightOf({ code, name }: Operation): number {
  const [prefix, number] = code < 0x1000 ? [0, code] : [Math.floor(code / 0x1000), code % 0x1000]
  const row = instructionWeights.find(one => one.prefix === prefix && one.first <= number && number <= one.last)
  if (row === undefined) throw new Error(`${name} has no weight`)
  return row.weight
}

/**
 * Goes on until the first function has returned, or `instructionsMax` instructions have begun in all.
 * @returns whether it has returned. @throws {Trap} @throws {Exhausted} and whatever a host function throws.
 */
export function execute(machine: Machine, instructionsMax = Number.POSITIVE_INFINITY): boolean {
  const { frames } = machine
  while (frames.length > 0) {
    if (machine.instructions >= instructionsMax) return false
    const { frame } = machine
    const instruction = frame.callee.code[frame.position] as Instruction
    const { ordinal } = instruction.operation
    frame.position++
    machine.instructions++
    machine.observe?.(instruction)
    machine.charge(weights[ordinal] as number)
    ;(executes[ordinal] as Execute)(machine, instruction)
  }
  return true
}

/** The value of a constant expression: nothing of it is counted. */
export function evaluate(instance: Instance, code: readonly Instruction[], result: ValueType): Value {
  const machine = new Machine({ fuel: Number.POSITIVE_INFINITY, depthBytes: Number.POSITIVE_INFINITY })
  const type = { parameters: [], results: [result] }
  const callee = {
    kind: 'module',
    type,
    instance,
    index: -1,
    zeros: [],
    code,
    frameBytes: 0,
    reserve: undefined,
  } as const
  machine.frames.push(new Frame(callee, [], 0))
  execute(machine)
  return machine.pop()
}
