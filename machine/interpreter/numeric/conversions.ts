/** Between integers and floats (https://webassembly.github.io/spec/core/exec/numerics.html#conversions). */
import { Trap } from '../endings.ts'

/** The integer part, where `bits` bits hold it; NaN and what is beyond them trap. */
export function truncated(value: number, bits: 32 | 64, signed: boolean): bigint {
  const whole = Math.trunc(value)
  const { least, most } = range(bits, signed)
  if (!Number.isFinite(whole) || BigInt(whole) < least || BigInt(whole) > most) throw new Trap('invalidConversion')
  return BigInt(whole)
}

/** The integer part, or the nearest one that `bits` bits hold; of NaN 0. */
export function saturated(value: number, bits: 32 | 64, signed: boolean): bigint {
  const { least, most } = range(bits, signed)
  if (Number.isNaN(value)) return 0n
  if (!Number.isFinite(value)) return value < 0 ? least : most
  const whole = BigInt(Math.trunc(value))
  return whole < least ? least : whole > most ? most : whole
}

function range(bits: 32 | 64, signed: boolean): { least: bigint; most: bigint } {
  const values = 2n ** BigInt(bits)
  return signed ? { least: -values / 2n, most: values / 2n - 1n } : { least: 0n, most: values - 1n }
}

/**
 * The number to round to f32. What a double cannot hold exactly would be rounded twice, so of a large integer the lowest bits are gathered into
 * one: enough to tell on which side of a tie it lies, and what is left fits a double.
 */
export function forF32(value: bigint): number {
  if (value < 0n) return -forF32(-value)
  if (value < 2n ** 53n) return Number(value)
  const rest = (value & 0xfffn) === 0n ? 0n : 1n
  return Number((value >> 12n) | rest) * 2 ** 12
}
