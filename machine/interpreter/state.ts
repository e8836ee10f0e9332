/** The state of an execution as digests, one for each part, so that two who disagree also see where. */
import { digestOf } from '../../phase/digest.ts'
import { type StateBytes, stateDigest } from '../state-bytes.ts'
import type { Callable, Instance } from './instances.ts'
import type { Frame, Machine } from './machine.ts'
import type { Value } from './values.ts'

export interface ExecutionState {
  /** Instructions begun. */
  instructions: number
  fuelUsed: number
  memory: string
  globals: string
  tables: string
  /** Which data and element segments are left. */
  segments: string
  /** Functions, their next instructions, locals and labels. */
  frames: string
  operands: string
}

/** `callsLeft`: functions that the host will call after those on the stack. */
export function executionState(instance: Instance | undefined, machine: Machine, callsLeft: number): ExecutionState {
  return {
    instructions: machine.instructions,
    fuelUsed: machine.fuelUsed,
    memory: digestOf(instance?.memories[0]?.bytes ?? new Uint8Array(0)),
    globals: stateDigest(out => out.list(instance?.globals ?? [], ({ value }) => writeValue(out, value))),
    tables: stateDigest(out =>
      out.list(instance?.tables ?? [], ({ entries }) => out.list(entries, one => writeValue(out, one))),
    ),
    segments: stateDigest(out => {
      out.list(instance?.data ?? [], ({ length }) => out.number(length))
      out.list(instance?.elements ?? [], ({ length }) => out.number(length))
    }),
    frames: stateDigest(out => {
      out.number(callsLeft)
      out.list(machine.frames, frame => writeFrame(out, frame))
    }),
    operands: stateDigest(out => out.list(machine.operands, one => writeValue(out, one))),
  }
}

function writeFrame(out: StateBytes, frame: Frame): void {
  out.number(frame.callee.index)
  out.number(frame.position)
  out.number(frame.height)
  out.list(frame.locals, local => writeValue(out, local))
  out.list(frame.labels, ({ arity, height, position }) => {
    out.number(arity)
    out.number(height)
    out.number(position)
  })
}

/** With a letter for what it is. */
function writeValue(out: StateBytes, value: Value): void {
  if (typeof value === 'number') {
    out.letter('i')
    out.number(value)
  } else if (typeof value === 'bigint') {
    out.letter('I')
    out.bigint(value)
  } else if (value instanceof Uint8Array) {
    out.letter('v')
    out.blob(value)
  } else {
    out.letter('r')
    out.number(value === null ? -1 : (value as Callable).index)
  }
}
