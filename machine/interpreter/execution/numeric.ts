/** Numeric instructions: the functions of numeric/, under the names of the instructions and over the operands as they are held. */
import type { Execute } from '../machine.ts'
import { forF32, saturated, truncated } from '../numeric/conversions.ts'
import {
  bitsOfF32,
  bitsOfF64,
  f32Signs,
  f64Signs,
  floatBinary,
  floatComparisons,
  floatUnary,
  numberOfF32,
  numberOfF64,
} from '../numeric/floats.ts'
import { i32Binary, i32Comparisons, i32Unary, i64Binary, i64Comparisons, i64Unary } from '../numeric/integers.ts'
import type { Value } from '../values.ts'

type Of1<A> = (a: A) => Value
type Of2<A> = (a: A, b: A) => Value

/** Takes one operand. */
export function unary<A extends Value>(apply: Of1<A>): Execute {
  return machine => machine.push(apply(machine.pop() as A))
}

/** Takes two, the second from the top first. */
export function binary<A extends Value>(apply: Of2<A>): Execute {
  return machine => {
    const second = machine.pop() as A
    machine.push(apply(machine.pop() as A, second))
  }
}

/** Each of `functions` as an instruction of `type`. */
function under<F>(type: string, functions: Record<string, F>, instruction: (apply: F) => Execute) {
  return Object.fromEntries(Object.entries(functions).map(([name, apply]) => [`${type}.${name}`, instruction(apply)]))
}

const constant: Execute = (machine, { constant }) => machine.push(constant)

export const numeric: Record<string, Execute> = {
  'i32.const': constant,
  'i64.const': constant,
  'f32.const': constant,
  'f64.const': constant,
  ...under('i32', { ...i32Comparisons, ...i32Binary }, f => binary<number>(f)),
  ...under('i32', i32Unary, f => unary<number>(f)),
  ...under<Of2<bigint>>('i64', { ...i64Comparisons, ...i64Binary }, f => binary<bigint>(f)),
  ...under('i64', i64Unary, f => unary<bigint>(f)),
  'i64.eqz': unary((a: bigint) => (a === 0n ? 1 : 0)),
  ...floatInstructions(),
  ...conversions(),
}

function floatInstructions(): Record<string, Execute> {
  const [f32, f64] = [numberOfF32, numberOfF64]
  return {
    ...under('f32', floatUnary, f => unary((a: number) => bitsOfF32(f(f32(a))))),
    ...under('f32', floatBinary, f => binary((a: number, b: number) => bitsOfF32(f(f32(a), f32(b))))),
    ...under('f32', floatComparisons, f => binary((a: number, b: number) => (f(f32(a), f32(b)) ? 1 : 0))),
    'f32.abs': unary(f32Signs.abs),
    'f32.neg': unary(f32Signs.neg),
    'f32.copysign': binary(f32Signs.copysign),
    ...under('f64', floatUnary, f => unary((a: bigint) => bitsOfF64(f(f64(a))))),
    ...under('f64', floatBinary, f => binary((a: bigint, b: bigint) => bitsOfF64(f(f64(a), f64(b))))),
    ...under('f64', floatComparisons, f => binary((a: bigint, b: bigint) => (f(f64(a), f64(b)) ? 1 : 0))),
    'f64.abs': unary(f64Signs.abs),
    'f64.neg': unary(f64Signs.neg),
    'f64.copysign': binary(f64Signs.copysign),
  }
}

function conversions(): Record<string, Execute> {
  const found: Record<string, Execute> = {
    'i32.wrap_i64': unary((a: bigint) => toI32(a)),
    'i64.extend_i32_s': unary((a: number) => BigInt(a)),
    'i64.extend_i32_u': unary((a: number) => BigInt(a >>> 0)),
    'f32.convert_i32_s': unary((a: number) => bitsOfF32(a)),
    'f32.convert_i32_u': unary((a: number) => bitsOfF32(a >>> 0)),
    'f32.convert_i64_s': unary((a: bigint) => bitsOfF32(forF32(a))),
    'f32.convert_i64_u': unary((a: bigint) => bitsOfF32(forF32(BigInt.asUintN(64, a)))),
    'f64.convert_i32_s': unary((a: number) => bitsOfF64(a)),
    'f64.convert_i32_u': unary((a: number) => bitsOfF64(a >>> 0)),
    'f64.convert_i64_s': unary((a: bigint) => bitsOfF64(Number(a))),
    'f64.convert_i64_u': unary((a: bigint) => bitsOfF64(Number(BigInt.asUintN(64, a)))),
    'f32.demote_f64': unary((a: bigint) => bitsOfF32(numberOfF64(a))),
    'f64.promote_f32': unary((a: number) => bitsOfF64(numberOfF32(a))),
    // Floats are held as their bits already.
    'i32.reinterpret_f32': () => {},
    'i64.reinterpret_f64': () => {},
    'f32.reinterpret_i32': () => {},
    'f64.reinterpret_i64': () => {},
  }
  for (const [suffix, signed] of [
    ['s', true],
    ['u', false],
  ] as const) {
    found[`i32.trunc_f32_${suffix}`] = unary((a: number) => toI32(truncated(numberOfF32(a), 32, signed)))
    found[`i32.trunc_f64_${suffix}`] = unary((a: bigint) => toI32(truncated(numberOfF64(a), 32, signed)))
    found[`i64.trunc_f32_${suffix}`] = unary((a: number) => toI64(truncated(numberOfF32(a), 64, signed)))
    found[`i64.trunc_f64_${suffix}`] = unary((a: bigint) => toI64(truncated(numberOfF64(a), 64, signed)))
    found[`i32.trunc_sat_f32_${suffix}`] = unary((a: number) => toI32(saturated(numberOfF32(a), 32, signed)))
    found[`i32.trunc_sat_f64_${suffix}`] = unary((a: bigint) => toI32(saturated(numberOfF64(a), 32, signed)))
    found[`i64.trunc_sat_f32_${suffix}`] = unary((a: number) => toI64(saturated(numberOfF32(a), 64, signed)))
    found[`i64.trunc_sat_f64_${suffix}`] = unary((a: bigint) => toI64(saturated(numberOfF64(a), 64, signed)))
  }
  return found
}

const toI32 = (a: bigint) => Number(BigInt.asIntN(32, a))
const toI64 = (a: bigint) => BigInt.asIntN(64, a)
