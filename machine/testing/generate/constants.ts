/** Constants at the edges, more often than not. */
import type { ValueType } from '../../interpreter/values.ts'
import type { Encoder } from './encoder.ts'
import type { Random } from './random.ts'

const integers = [
  0n,
  1n,
  2n,
  3n,
  7n,
  8n,
  31n,
  32n,
  63n,
  64n,
  127n,
  128n,
  255n,
  256n,
  32_767n,
  32_768n,
  65_535n,
  65_536n,
]
const edges32 = [2n ** 31n - 1n, -(2n ** 31n), -1n, -2n, -128n, 0x7fff_fffen]
const edges64 = [2n ** 63n - 1n, -(2n ** 63n), -1n, -2n, 2n ** 32n, 2n ** 53n + 1n, -(2n ** 31n)]
/** Zeros, ones, the smallest and the largest, infinities, NaNs with payloads, numbers at the ends of the integers. */
const floats32 = [
  0n,
  0x8000_0000n,
  0x3f80_0000n,
  0xbf80_0000n,
  1n,
  0x007f_ffffn,
  0x0080_0000n,
  0x7f7f_ffffn,
  0x7f80_0000n,
  0xff80_0000n,
  0x7fc0_0000n,
  0xffc0_0000n,
  0x7f80_0001n,
  0xffa0_1234n,
  0x4f00_0000n,
  0xcf00_0000n,
  0x5f00_0000n,
  0x3f00_0000n,
  0x4049_0fdbn,
]
const floats64 = [
  0n,
  0x8000_0000_0000_0000n,
  0x3ff0_0000_0000_0000n,
  0xbff0_0000_0000_0000n,
  1n,
  0x000f_ffff_ffff_ffffn,
  0x7fef_ffff_ffff_ffffn,
  0x7ff0_0000_0000_0000n,
  0xfff0_0000_0000_0000n,
  0x7ff8_0000_0000_0000n,
  0xfff8_0000_0000_0000n,
  0x7ff0_0000_0000_0001n,
  0xfff4_0000_1234_5678n,
  0x41e0_0000_0000_0000n,
  0xc1e0_0000_0000_0000n,
  0x43e0_0000_0000_0000n,
  0x3fe0_0000_0000_0000n,
]

/** Behind the opcode of a constant of that type. */
export function constant(random: Random, type: ValueType, out: Encoder): void {
  const wide = () => (BigInt(random.bits()) << 32n) | BigInt(random.bits())
  const either = (edges: readonly bigint[], any: () => bigint) => (random.chance(75) ? random.pick(edges) : any())
  if (type === 'i32')
    out.signed(
      BigInt.asIntN(
        32,
        either([...integers, ...edges32], () => BigInt(random.bits())),
      ),
    )
  else if (type === 'i64') out.signed(BigInt.asIntN(64, either([...integers, ...edges64], wide)))
  else if (type === 'f32')
    out.fixed(
      either(floats32, () => BigInt(random.bits())),
      4,
    )
  else if (type === 'f64') out.fixed(either(floats64, wide), 8)
  else if (random.chance(50)) out.fixed(either(floats64, wide), 8).fixed(either(floats64, wide), 8)
  else
    for (let lane = 0; lane < 4; lane++)
      out.fixed(
        either(floats32, () => BigInt(random.bits())),
        4,
      )
}
