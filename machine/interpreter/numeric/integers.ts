/** Integers (https://webassembly.github.io/spec/core/exec/numerics.html#integer-operations): signed in, signed out, modulo 2^N between. */
import { Trap } from '../endings.ts'

export type Unary32 = (a: number) => number
export type Binary32 = (a: number, b: number) => number
export type Unary64 = (a: bigint) => bigint
export type Binary64 = (a: bigint, b: bigint) => bigint

const bit = (holds: boolean): number => (holds ? 1 : 0)
const unsigned = (a: bigint) => BigInt.asUintN(64, a)
const smallest32 = -(2 ** 31)
const smallest64 = -(2n ** 63n)

function nonZero<T extends number | bigint>(divisor: T): T {
  // oxlint-disable-next-line eqeqeq
  if (divisor == 0) throw new Trap('divideByZero')
  return divisor
}

/** smallest / -1 is the one quotient that does not fit. */
function fitting<T extends number | bigint>(dividend: T, divisor: T, smallest: T): T {
  // oxlint-disable-next-line eqeqeq
  if (dividend === smallest && divisor == -1) throw new Trap('integerOverflow')
  return dividend
}

export const i32Comparisons: Record<string, Binary32> = {
  eq: (a, b) => bit(a === b),
  ne: (a, b) => bit(a !== b),
  lt_s: (a, b) => bit(a < b),
  lt_u: (a, b) => bit(a >>> 0 < b >>> 0),
  gt_s: (a, b) => bit(a > b),
  gt_u: (a, b) => bit(a >>> 0 > b >>> 0),
  le_s: (a, b) => bit(a <= b),
  le_u: (a, b) => bit(a >>> 0 <= b >>> 0),
  ge_s: (a, b) => bit(a >= b),
  ge_u: (a, b) => bit(a >>> 0 >= b >>> 0),
}

export const i32Unary: Record<string, Unary32> = {
  eqz: a => bit(a === 0),
  clz: a => Math.clz32(a),
  ctz: a => (a === 0 ? 32 : 31 - Math.clz32(a & -a)),
  popcnt: a => ones(BigInt.asUintN(32, BigInt(a))),
  extend8_s: a => (a << 24) >> 24,
  extend16_s: a => (a << 16) >> 16,
}

export const i32Binary: Record<string, Binary32> = {
  add: (a, b) => (a + b) | 0,
  sub: (a, b) => (a - b) | 0,
  mul: (a, b) => Math.imul(a, b),
  div_s: (a, b) => (fitting(a, nonZero(b), smallest32) / b) | 0,
  div_u: (a, b) => ((a >>> 0) / (nonZero(b) >>> 0)) | 0,
  rem_s: (a, b) => (a % nonZero(b)) | 0,
  rem_u: (a, b) => ((a >>> 0) % (nonZero(b) >>> 0)) | 0,
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b) => a << (b & 31),
  shr_s: (a, b) => a >> (b & 31),
  shr_u: (a, b) => (a >>> (b & 31)) | 0,
  rotl: (a, b) => (a << (b & 31)) | (a >>> (-b & 31)),
  rotr: (a, b) => (a >>> (b & 31)) | (a << (-b & 31)),
}

export const i64Comparisons: Record<string, (a: bigint, b: bigint) => number> = {
  eq: (a, b) => bit(a === b),
  ne: (a, b) => bit(a !== b),
  lt_s: (a, b) => bit(a < b),
  lt_u: (a, b) => bit(unsigned(a) < unsigned(b)),
  gt_s: (a, b) => bit(a > b),
  gt_u: (a, b) => bit(unsigned(a) > unsigned(b)),
  le_s: (a, b) => bit(a <= b),
  le_u: (a, b) => bit(unsigned(a) <= unsigned(b)),
  ge_s: (a, b) => bit(a >= b),
  ge_u: (a, b) => bit(unsigned(a) >= unsigned(b)),
}

export const i64Unary: Record<string, Unary64> = {
  clz: a => BigInt(64 - (a === 0n ? 0 : unsigned(a).toString(2).length)),
  ctz: a => (a === 0n ? 64n : BigInt((a & -a).toString(2).replace('-', '').length - 1)),
  popcnt: a => BigInt(ones(unsigned(a))),
  extend8_s: a => BigInt.asIntN(8, a),
  extend16_s: a => BigInt.asIntN(16, a),
  extend32_s: a => BigInt.asIntN(32, a),
}

export const i64Binary: Record<string, Binary64> = {
  add: (a, b) => BigInt.asIntN(64, a + b),
  sub: (a, b) => BigInt.asIntN(64, a - b),
  mul: (a, b) => BigInt.asIntN(64, a * b),
  div_s: (a, b) => fitting(a, nonZero(b), smallest64) / b,
  div_u: (a, b) => BigInt.asIntN(64, unsigned(a) / unsigned(nonZero(b))),
  rem_s: (a, b) => a % nonZero(b),
  rem_u: (a, b) => BigInt.asIntN(64, unsigned(a) % unsigned(nonZero(b))),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b) => BigInt.asIntN(64, a << (b & 63n)),
  shr_s: (a, b) => a >> (b & 63n),
  shr_u: (a, b) => BigInt.asIntN(64, unsigned(a) >> (b & 63n)),
  rotl: (a, b) => rotate(a, b & 63n),
  rotr: (a, b) => rotate(a, -b & 63n),
}

const rotate = (a: bigint, by: bigint) => BigInt.asIntN(64, (a << by) | (unsigned(a) >> (64n - by)))
const ones = (a: bigint) => a.toString(2).replaceAll('0', '').length
