/** Vector instructions that are about bits and lanes whatever they hold, and those of memory. */
import type { Instruction } from '../code.ts'
import { addressOf, loading, memoryOf, storing } from '../execution/memory.ts'
import { binary, unary } from '../execution/numeric.ts'
import type { Execute, Machine } from '../machine.ts'
import { fromLanes, type LaneBits, signedLanes, unsignedLanes } from './lanes.ts'

type Vector = Uint8Array

export const vectors: Record<string, Execute> = { ...bits(), ...lanes(), ...memory() }

function bits(): Record<string, Execute> {
  const bytewise = (apply: (a: number, b: number) => number) =>
    binary((a: Vector, b: Vector) => a.map((byte, index) => apply(byte, b[index] as number)))
  return {
    'v128.const': (machine, { constant }) => machine.push(constant),
    'v128.not': unary((a: Vector) => a.map(byte => ~byte)),
    'v128.and': bytewise((a, b) => a & b),
    'v128.andnot': bytewise((a, b) => a & ~b),
    'v128.or': bytewise((a, b) => a | b),
    'v128.xor': bytewise((a, b) => a ^ b),
    'v128.bitselect': machine => {
      const choice = machine.pop() as Vector
      const second = machine.pop() as Vector
      const first = machine.pop() as Vector
      machine.push(choice.map((bits, at) => ((first[at] as number) & bits) | ((second[at] as number) & ~bits)))
    },
    'v128.any_true': unary((a: Vector) => (a.some(byte => byte !== 0) ? 1 : 0)),
    'i8x16.swizzle': binary((a: Vector, picks: Vector) => picks.map(pick => a[pick] ?? 0)),
    'i8x16.shuffle': (machine, { list }) => {
      const second = machine.pop() as Vector
      const both = [...(machine.pop() as Vector), ...second]
      machine.push(new Uint8Array(list.map(lane => both[lane] as number)))
    },
  }
}

/** f32 and f64 lanes are held as bits, as i32 and i64 are. */
function lanes(): Record<string, Execute> {
  const toI32 = (lane: bigint) => Number(BigInt.asIntN(32, lane))
  const found: Record<string, Execute> = {}
  const shape = (name: string, bits: LaneBits) => {
    const held = (lane: bigint) => (bits === 64 ? lane : toI32(lane))
    found[`${name}.splat`] = unary((value: number | bigint) =>
      fromLanes(
        Array.from({ length: 128 / bits }, () => BigInt(value)),
        bits,
      ),
    )
    found[`${name}.extract_lane`] = found[`${name}.extract_lane_s`] = (machine, { index }) =>
      machine.push(held(signedLanes(machine.pop() as Vector, bits)[index] as bigint))
    found[`${name}.extract_lane_u`] = (machine, { index }) =>
      machine.push(toI32(unsignedLanes(machine.pop() as Vector, bits)[index] as bigint))
    found[`${name}.replace_lane`] = (machine, { index }) => {
      const value = BigInt(machine.pop() as number | bigint)
      machine.push(fromLanes(signedLanes(machine.pop() as Vector, bits).with(index, value), bits))
    }
  }
  shape('i8x16', 8)
  shape('i16x8', 16)
  shape('i32x4', 32)
  shape('i64x2', 64)
  shape('f32x4', 32)
  shape('f64x2', 64)
  return found
}

const bytesAt = (view: DataView, at: number, size: number) => new Uint8Array(view.buffer.slice(at, at + size))

/** The bytes, and zeros behind them. */
function padded(bytes: Uint8Array): Vector {
  const vector = new Uint8Array(16)
  vector.set(bytes)
  return vector
}

function memory(): Record<string, Execute> {
  const found: Record<string, Execute> = {
    'v128.load': loading((view, at) => bytesAt(view, at, 16)),
    'v128.store': storing((view, at, value: Vector) => new Uint8Array(view.buffer).set(value, at)),
    'v128.load32_zero': loading((view, at) => padded(bytesAt(view, at, 4))),
    'v128.load64_zero': loading((view, at) => padded(bytesAt(view, at, 8))),
  }
  for (const bits of [8, 16, 32, 64] as const) {
    const bytes = bits / 8
    found[`v128.load${bits}_splat`] = loading((view, at) => {
      const lane = bytesAt(view, at, bytes)
      return new Uint8Array(16).map((_, index) => lane[index % bytes] as number)
    })
    found[`v128.load${bits}_lane`] = (machine, instruction) => {
      const vector = (machine.pop() as Vector).slice()
      const at = addressOf(machine, instruction)
      vector.set(bytesAt(memoryOf(machine).view, at, bytes), instruction.other * bytes)
      machine.push(vector)
    }
    found[`v128.store${bits}_lane`] = (machine, instruction) => storeLane(machine, instruction, bytes)
  }
  for (const [name, bits] of [
    ['8x8', 8],
    ['16x4', 16],
    ['32x2', 32],
  ] as const) {
    const wide = (bits * 2) as LaneBits
    const half = (view: DataView, at: number) => padded(bytesAt(view, at, 8))
    found[`v128.load${name}_s`] = loading((view, at) =>
      fromLanes(signedLanes(half(view, at), bits).slice(0, 64 / bits), wide),
    )
    found[`v128.load${name}_u`] = loading((view, at) =>
      fromLanes(unsignedLanes(half(view, at), bits).slice(0, 64 / bits), wide),
    )
  }
  return found
}

function storeLane(machine: Machine, instruction: Instruction, bytes: number): void {
  const vector = machine.pop() as Vector
  const at = addressOf(machine, instruction)
  const from = instruction.other * bytes
  memoryOf(machine).bytes.set(vector.subarray(from, from + bytes), at)
}
