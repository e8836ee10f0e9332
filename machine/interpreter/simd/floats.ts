/** Vector instructions over float lanes: those of numeric/floats.ts in each lane, a NaN result being the canonical one. */
import { binary, unary } from '../execution/numeric.ts'
import type { Execute } from '../machine.ts'
import { saturated } from '../numeric/conversions.ts'
import { floatBinary, floatComparisons, floatUnary } from '../numeric/floats.ts'
import { type FloatBits, floatLanes, fromFloats, fromLanes, signedLanes, unsignedLanes } from './lanes.ts'

type Vector = Uint8Array

export const vectorFloats: Record<string, Execute> = {
  ...shape('f32x4', 32),
  ...shape('f64x2', 64),
  ...conversions(),
}

function shape(name: string, bits: FloatBits): Record<string, Execute> {
  const sign = 1n << BigInt(bits - 1)
  const all: [string, Execute][] = [
    ...Object.entries(floatUnary).map(([name, apply]): [string, Execute] => [
      name,
      unary((a: Vector) => fromFloats(floatLanes(a, bits).map(apply), bits)),
    ]),
    ...Object.entries(floatBinary).map(([name, apply]): [string, Execute] => [
      name,
      binary((a: Vector, b: Vector) => fromFloats(lanewise(floatLanes(a, bits), floatLanes(b, bits), apply), bits)),
    ]),
    ...Object.entries(floatComparisons).map(([name, apply]): [string, Execute] => [
      name,
      binary((a: Vector, b: Vector) => {
        const holds = lanewise(floatLanes(a, bits), floatLanes(b, bits), apply)
        return fromLanes(
          holds.map(lane => (lane ? -1n : 0n)),
          bits,
        )
      }),
    ]),
    [
      'abs',
      unary((a: Vector) =>
        fromLanes(
          unsignedLanes(a, bits).map(lane => lane & ~sign),
          bits,
        ),
      ),
    ],
    [
      'neg',
      unary((a: Vector) =>
        fromLanes(
          unsignedLanes(a, bits).map(lane => lane ^ sign),
          bits,
        ),
      ),
    ],
    ['pmin', chosen(bits, (a, b) => b < a)],
    ['pmax', chosen(bits, (a, b) => a < b)],
  ]
  return Object.fromEntries(all.map(([operation, execute]) => [`${name}.${operation}`, execute]))
}

function lanewise<R>(a: readonly number[], b: readonly number[], apply: (x: number, y: number) => R): R[] {
  return a.map((lane, index) => apply(lane, b[index] as number))
}

/** The second lane where `second` holds, else the first, bit for bit. */
function chosen(bits: FloatBits, second: (a: number, b: number) => boolean): Execute {
  return binary((a: Vector, b: Vector) => {
    const takes = lanewise(floatLanes(a, bits), floatLanes(b, bits), second)
    const [left, right] = [signedLanes(a, bits), signedLanes(b, bits)]
    return fromLanes(
      takes.map((take, index) => (take ? right : left)[index] as bigint),
      bits,
    )
  })
}

function conversions(): Record<string, Execute> {
  const found: Record<string, Execute> = {
    'f32x4.demote_f64x2_zero': unary((a: Vector) => fromFloats([...floatLanes(a, 64), 0, 0], 32)),
    'f64x2.promote_low_f32x4': unary((a: Vector) => fromFloats(floatLanes(a, 32).slice(0, 2), 64)),
  }
  for (const [suffix, signed] of [
    ['s', true],
    ['u', false],
  ] as const) {
    const integers = (a: Vector) => (signed ? signedLanes : unsignedLanes)(a, 32).map(Number)
    const truncated = (lanes: readonly number[]) => lanes.map(lane => saturated(lane, 32, signed))
    found[`f32x4.convert_i32x4_${suffix}`] = unary((a: Vector) => fromFloats(integers(a), 32))
    found[`f64x2.convert_low_i32x4_${suffix}`] = unary((a: Vector) => fromFloats(integers(a).slice(0, 2), 64))
    found[`i32x4.trunc_sat_f32x4_${suffix}`] = unary((a: Vector) => fromLanes(truncated(floatLanes(a, 32)), 32))
    found[`i32x4.trunc_sat_f64x2_${suffix}_zero`] = unary((a: Vector) =>
      fromLanes([...truncated(floatLanes(a, 64)), 0n, 0n], 32),
    )
  }
  return found
}
