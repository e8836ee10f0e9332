/**
 * The state of an execution as digests, one for each part, so that two who disagree also see where. Each is the sha256 of an encoding in which
 * equal states, and only they, are equal bytes: numbers little-endian, lists with their length before them, values with a letter for what they are.
 */
import { digestOf } from '../../phase/digest.ts'
import type { Callable, Instance } from './instances.ts'
import type { Frame, Machine } from './machine.ts'
import type { Value } from './values.ts'

export interface StateDigests {
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
  /** Of all parts together. */
  state: string
}

/** `callsLeft`: functions that the host will call after those on the stack. */
export function stateDigests(instance: Instance | undefined, machine: Machine, callsLeft: number): StateDigests {
  const digest = (write: (out: Encoder) => void) => {
    const out = new Encoder()
    write(out)
    return digestOf(out.bytes)
  }
  const parts = {
    instructions: machine.instructions,
    fuelUsed: machine.fuelUsed,
    memory: digestOf(instance?.memories[0]?.bytes ?? new Uint8Array(0)),
    globals: digest(out => out.list(instance?.globals ?? [], ({ value }) => out.value(value))),
    tables: digest(out => out.list(instance?.tables ?? [], ({ entries }) => out.list(entries, one => out.value(one)))),
    segments: digest(out => {
      out.list(instance?.data ?? [], ({ length }) => out.number(length))
      out.list(instance?.elements ?? [], ({ length }) => out.number(length))
    }),
    frames: digest(out => {
      out.number(callsLeft)
      out.list(machine.frames, frame => writeFrame(out, frame))
    }),
    operands: digest(out => out.list(machine.operands, one => out.value(one))),
  }
  return { ...parts, state: digestOf(new TextEncoder().encode(JSON.stringify(parts))) }
}

function writeFrame(out: Encoder, frame: Frame): void {
  out.number(frame.callee.index)
  out.number(frame.position)
  out.number(frame.height)
  out.list(frame.locals, local => out.value(local))
  out.list(frame.labels, ({ arity, height, position }) => {
    out.number(arity)
    out.number(height)
    out.number(position)
  })
}

export class Encoder {
  private room = new DataView(new ArrayBuffer(4096))
  private size = 0

  get bytes(): Uint8Array {
    return new Uint8Array(this.room.buffer, 0, this.size)
  }

  number(value: number): void {
    this.room.setFloat64(this.take(8), value, true)
  }

  bigint(value: bigint): void {
    this.room.setBigInt64(this.take(8), value, true)
  }

  blob(bytes: Uint8Array): void {
    this.number(bytes.length)
    const at = this.take(bytes.length)
    new Uint8Array(this.room.buffer).set(bytes, at)
  }

  list<T>(items: readonly T[], write: (item: T) => void): void {
    this.number(items.length)
    for (const item of items) write(item)
  }

  value(value: Value): void {
    if (typeof value === 'number') {
      this.letter('i')
      this.number(value)
    } else if (typeof value === 'bigint') {
      this.letter('I')
      this.bigint(value)
    } else if (value instanceof Uint8Array) {
      this.letter('v')
      this.blob(value)
    } else {
      this.letter('r')
      this.number(value === null ? -1 : (value as Callable).index)
    }
  }

  letter(letter: string): void {
    this.room.setUint8(this.take(1), letter.charCodeAt(0))
  }

  private take(size: number): number {
    const at = this.size
    this.size += size
    if (this.size > this.room.byteLength) {
      const grown = new Uint8Array(Math.max(this.size, this.room.byteLength * 2))
      grown.set(new Uint8Array(this.room.buffer, 0, at))
      this.room = new DataView(grown.buffer)
    }
    return at
  }
}
