/** Vector instructions over integer lanes (https://webassembly.github.io/spec/core/exec/instructions.html#vector-instructions). */
import { binary, unary } from '../execution/numeric.ts'
import type { Execute } from '../machine.ts'
import { fromLanes, type LaneBits, signedLanes, unsignedLanes } from './lanes.ts'

type Vector = Uint8Array
type Lanes = (vector: Vector, bits: LaneBits) => bigint[]

const shapes: readonly [string, LaneBits][] = [
  ['i8x16', 8],
  ['i16x8', 16],
  ['i32x4', 32],
  ['i64x2', 64],
]

const least = (a: bigint, b: bigint) => (a < b ? a : b)
const most = (a: bigint, b: bigint) => (a > b ? a : b)
const magnitude = (a: bigint) => (a < 0n ? -a : a)
const mask = (holds: boolean) => (holds ? -1n : 0n)

/** The nearest that `bits` bits hold. */
function saturated(value: bigint, bits: LaneBits, signed: boolean): bigint {
  const values = 1n << BigInt(bits)
  return signed ? least(most(value, -values / 2n), values / 2n - 1n) : least(most(value, 0n), values - 1n)
}

export const vectorIntegers: Record<string, Execute> = Object.fromEntries(
  shapes.flatMap(([shape, bits]) =>
    Object.entries({
      ...arithmetic(bits),
      ...comparisons(bits),
      ...tests(bits),
      ...saturating(bits),
      ...widening(bits),
    }).map(([name, execute]) => [`${shape}.${name}`, execute]),
  ),
)

function lanewise(bits: LaneBits, lanes: Lanes, apply: (a: bigint, b: bigint) => bigint): Execute {
  return binary((a: Vector, b: Vector) => {
    const right = lanes(b, bits)
    return fromLanes(
      lanes(a, bits).map((lane, index) => apply(lane, right[index] as bigint)),
      bits,
    )
  })
}

function arithmetic(bits: LaneBits): Record<string, Execute> {
  const each = (apply: (a: bigint) => bigint) => unary((a: Vector) => fromLanes(signedLanes(a, bits).map(apply), bits))
  const shift =
    (lanes: Lanes, apply: (a: bigint, by: bigint) => bigint): Execute =>
    machine => {
      const by = BigInt(machine.popI32() & (bits - 1))
      const shifted = lanes(machine.pop() as Vector, bits).map(lane => apply(lane, by))
      machine.push(fromLanes(shifted, bits))
    }
  return {
    abs: each(magnitude),
    neg: each(a => -a),
    popcnt: each(a => BigInt(BigInt.asUintN(bits, a).toString(2).replaceAll('0', '').length)),
    shl: shift(signedLanes, (a, by) => a << by),
    shr_s: shift(signedLanes, (a, by) => a >> by),
    shr_u: shift(unsignedLanes, (a, by) => a >> by),
    add: lanewise(bits, signedLanes, (a, b) => a + b),
    sub: lanewise(bits, signedLanes, (a, b) => a - b),
    mul: lanewise(bits, signedLanes, (a, b) => a * b),
    min_s: lanewise(bits, signedLanes, least),
    min_u: lanewise(bits, unsignedLanes, least),
    max_s: lanewise(bits, signedLanes, most),
    max_u: lanewise(bits, unsignedLanes, most),
    avgr_u: lanewise(bits, unsignedLanes, (a, b) => (a + b + 1n) / 2n),
  }
}

function comparisons(bits: LaneBits): Record<string, Execute> {
  return {
    eq: lanewise(bits, signedLanes, (a, b) => mask(a === b)),
    ne: lanewise(bits, signedLanes, (a, b) => mask(a !== b)),
    lt_s: lanewise(bits, signedLanes, (a, b) => mask(a < b)),
    lt_u: lanewise(bits, unsignedLanes, (a, b) => mask(a < b)),
    gt_s: lanewise(bits, signedLanes, (a, b) => mask(a > b)),
    gt_u: lanewise(bits, unsignedLanes, (a, b) => mask(a > b)),
    le_s: lanewise(bits, signedLanes, (a, b) => mask(a <= b)),
    le_u: lanewise(bits, unsignedLanes, (a, b) => mask(a <= b)),
    ge_s: lanewise(bits, signedLanes, (a, b) => mask(a >= b)),
    ge_u: lanewise(bits, unsignedLanes, (a, b) => mask(a >= b)),
  }
}

function tests(bits: LaneBits): Record<string, Execute> {
  return {
    all_true: unary((a: Vector) => (signedLanes(a, bits).every(lane => lane !== 0n) ? 1 : 0)),
    bitmask: unary((a: Vector) =>
      signedLanes(a, bits).reduce((found, lane, index) => (lane < 0n ? found | (1 << index) : found), 0),
    ),
  }
}

function saturating(bits: LaneBits): Record<string, Execute> {
  const signed = (apply: (a: bigint, b: bigint) => bigint) =>
    lanewise(bits, signedLanes, (a, b) => saturated(apply(a, b), bits, true))
  const unsigned = (apply: (a: bigint, b: bigint) => bigint) =>
    lanewise(bits, unsignedLanes, (a, b) => saturated(apply(a, b), bits, false))
  return {
    add_sat_s: signed((a, b) => a + b),
    add_sat_u: unsigned((a, b) => a + b),
    sub_sat_s: signed((a, b) => a - b),
    sub_sat_u: unsigned((a, b) => a - b),
    q15mulr_sat_s: signed((a, b) => (a * b + 0x4000n) >> 15n),
  }
}

/** What makes lanes of `bits` bits from lanes of half or of twice the width. */
function widening(bits: LaneBits): Record<string, Execute> {
  const found: Record<string, Execute> = {}
  const [, doubled] = shapes.find(([, wide]) => wide === bits * 2) ?? []
  const [from, half] = shapes.find(([, narrow]) => narrow === bits / 2) ?? []
  for (const [suffix, signed] of [
    ['s', true],
    ['u', false],
  ] as const) {
    if (doubled !== undefined) {
      const name = shapes.find(([, wide]) => wide === doubled)?.[0]
      found[`narrow_${name}_${suffix}`] = binary((a: Vector, b: Vector) =>
        fromLanes(
          [...signedLanes(a, doubled), ...signedLanes(b, doubled)].map(lane => saturated(lane, bits, signed)),
          bits,
        ),
      )
    }
    if (half === undefined) continue
    const lanes = (vector: Vector) => (signed ? signedLanes : unsignedLanes)(vector, half)
    const low = (vector: Vector) => lanes(vector).slice(0, 64 / half)
    const high = (vector: Vector) => lanes(vector).slice(64 / half)
    const product = (part: typeof low) =>
      binary((a: Vector, b: Vector) =>
        fromLanes(
          pairs(part(a), part(b), (x, y) => x * y),
          bits,
        ),
      )
    found[`extend_low_${from}_${suffix}`] = unary((a: Vector) => fromLanes(low(a), bits))
    found[`extend_high_${from}_${suffix}`] = unary((a: Vector) => fromLanes(high(a), bits))
    found[`extmul_low_${from}_${suffix}`] = product(low)
    found[`extmul_high_${from}_${suffix}`] = product(high)
    found[`extadd_pairwise_${from}_${suffix}`] = unary((a: Vector) => fromLanes(pairwiseSums(lanes(a)), bits))
    found[`dot_${from}_s`] = binary((a: Vector, b: Vector) =>
      fromLanes(pairwiseSums(pairs(signedLanes(a, half), signedLanes(b, half), (x, y) => x * y)), bits),
    )
  }
  return found
}

function pairs(a: readonly bigint[], b: readonly bigint[], apply: (x: bigint, y: bigint) => bigint): bigint[] {
  return a.map((lane, index) => apply(lane, b[index] as bigint))
}

/** Of lanes 0 and 1, 2 and 3, and so on. */
function pairwiseSums(lanes: readonly bigint[]): bigint[] {
  return lanes.flatMap((lane, index) => (index % 2 === 0 ? [lane + (lanes[index + 1] as bigint)] : []))
}
