/**
 * Floats (https://webassembly.github.io/spec/core/exec/numerics.html#floating-point-operations). What computes works on numbers, in and out as
 * bits, and a NaN result is the canonical one; what only moves a sign works on the bits.
 */
const scratch = new DataView(new ArrayBuffer(8))

const canonicalF32 = 0xffc0_0000 | 0
const canonicalF64 = BigInt.asIntN(64, 0xfff8_0000_0000_0000n)

export function numberOfF32(bits: number): number {
  scratch.setInt32(0, bits)
  return scratch.getFloat32(0)
}

/** Rounds to the nearest f32, ties to even. */
export function bitsOfF32(value: number): number {
  if (Number.isNaN(value)) return canonicalF32
  scratch.setFloat32(0, value)
  return scratch.getInt32(0)
}

export function numberOfF64(bits: bigint): number {
  scratch.setBigInt64(0, bits)
  return scratch.getFloat64(0)
}

export function bitsOfF64(value: number): bigint {
  if (Number.isNaN(value)) return canonicalF64
  scratch.setFloat64(0, value)
  return scratch.getBigInt64(0)
}

/** For both widths: a sum, product, quotient or root of f32s, rounded to f64 and then to f32, is the one rounded once. */
export const floatUnary: Record<string, (a: number) => number> = {
  ceil: a => Math.ceil(a),
  floor: a => Math.floor(a),
  trunc: a => Math.trunc(a),
  nearest,
  sqrt: a => Math.sqrt(a),
}

export const floatBinary: Record<string, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  min: (a, b) => Math.min(a, b),
  max: (a, b) => Math.max(a, b),
}

export const floatComparisons: Record<string, (a: number, b: number) => boolean> = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  lt: (a, b) => a < b,
  gt: (a, b) => a > b,
  le: (a, b) => a <= b,
  ge: (a, b) => a >= b,
}

/** To the nearest integer, ties to even; a zero keeps the sign of what it came from. */
function nearest(a: number): number {
  if (!Number.isFinite(a) || a === 0) return a
  const below = Math.floor(a)
  const rest = a - below
  const up = rest > 0.5 || (rest === 0.5 && below % 2 !== 0)
  const rounded = up ? below + 1 : below
  return rounded === 0 && a < 0 ? -0 : rounded
}

const sign32 = 0x8000_0000 | 0
const sign64 = -(2n ** 63n)

export const f32Signs = {
  abs: (a: number) => a & ~sign32,
  neg: (a: number) => a ^ sign32,
  copysign: (a: number, b: number) => (a & ~sign32) | (b & sign32),
}

export const f64Signs = {
  abs: (a: bigint) => a & ~sign64,
  neg: (a: bigint) => a ^ sign64,
  copysign: (a: bigint, b: bigint) => (a & ~sign64) | (b & sign64),
}
