/**
 * What an instruction costs (phase/SPEC.md, Metering): the whole table as data, fitted to measured time. It is part of the profile: another
 * number is another profile. The meter and the interpreter share this file, and nothing else that decides about fuel.
 */

/** `prefix` is 0 for the opcodes of one byte, 0xfc or 0xfd for those behind it; `first` and `last` are inclusive. */
export interface WeightRow {
  prefix: 0 | 0xfc | 0xfd
  first: number
  last: number
  weight: number
  /** Their names, for people. */
  instructions: string
}

const row = (
  prefix: WeightRow['prefix'],
  first: number,
  last: number,
  weight: number,
  instructions: string,
): WeightRow => ({ prefix, first, last, weight, instructions })

/** By opcode, ascending, without gaps where an instruction is admitted. */
export const instructionWeights: readonly WeightRow[] = [
  row(0, 0x00, 0x03, 0, 'unreachable, nop, block, loop'),
  row(0, 0x04, 0x04, 8, 'if'),
  row(0, 0x05, 0x05, 0, 'else'),
  row(0, 0x0b, 0x0b, 0, 'end'),
  row(0, 0x0c, 0x0d, 8, 'br, br_if'),
  row(0, 0x0e, 0x0e, 16, 'br_table'),
  row(0, 0x0f, 0x0f, 8, 'return'),
  row(0, 0x10, 0x10, 6, 'call'),
  row(0, 0x11, 0x11, 16, 'call_indirect'),
  row(0, 0x12, 0x12, 6, 'return_call'),
  row(0, 0x13, 0x13, 16, 'return_call_indirect'),
  row(0, 0x1a, 0x1a, 1, 'drop'),
  row(0, 0x1b, 0x1c, 2, 'select'),
  row(0, 0x20, 0x22, 1, 'local.get, local.set, local.tee'),
  row(0, 0x23, 0x24, 6, 'global.get, global.set'),
  row(0, 0x25, 0x25, 8, 'table.get'),
  row(0, 0x26, 0x26, 250, 'table.set'),
  row(0, 0x28, 0x3e, 5, 'loads and stores'),
  row(0, 0x3f, 0x3f, 6, 'memory.size'),
  row(0, 0x40, 0x40, 20000, 'memory.grow'),
  row(0, 0x41, 0x44, 1, 'constants'),
  row(0, 0x45, 0x5a, 2, 'comparisons of integers'),
  row(0, 0x5b, 0x66, 3, 'comparisons of floats'),
  row(0, 0x67, 0x6b, 2, 'i32: clz, ctz, popcnt, add, sub'),
  row(0, 0x6c, 0x6c, 4, 'i32.mul'),
  row(0, 0x6d, 0x70, 36, 'i32: div, rem'),
  row(0, 0x71, 0x78, 2, 'i32: and, or, xor, shifts, rotations'),
  row(0, 0x79, 0x7d, 2, 'i64: clz, ctz, popcnt, add, sub'),
  row(0, 0x7e, 0x7e, 4, 'i64.mul'),
  row(0, 0x7f, 0x82, 48, 'i64: div, rem'),
  row(0, 0x83, 0x8a, 2, 'i64: and, or, xor, shifts, rotations'),
  row(0, 0x8b, 0x8c, 3, 'f32: abs, neg'),
  row(0, 0x8d, 0x90, 6, 'f32: ceil, floor, trunc, nearest'),
  row(0, 0x91, 0x91, 24, 'f32.sqrt'),
  row(0, 0x92, 0x94, 4, 'f32: add, sub, mul'),
  row(0, 0x95, 0x95, 14, 'f32.div'),
  row(0, 0x96, 0x97, 8, 'f32: min, max'),
  row(0, 0x98, 0x9a, 3, 'f32.copysign, f64: abs, neg'),
  row(0, 0x9b, 0x9e, 6, 'f64: ceil, floor, trunc, nearest'),
  row(0, 0x9f, 0x9f, 32, 'f64.sqrt'),
  row(0, 0xa0, 0xa2, 4, 'f64: add, sub, mul'),
  row(0, 0xa3, 0xa3, 16, 'f64.div'),
  row(0, 0xa4, 0xa5, 8, 'f64: min, max'),
  row(0, 0xa6, 0xa6, 3, 'f64.copysign'),
  row(0, 0xa7, 0xa7, 1, 'i32.wrap'),
  row(0, 0xa8, 0xab, 6, 'i32.trunc'),
  row(0, 0xac, 0xad, 1, 'i64.extend'),
  row(0, 0xae, 0xb1, 6, 'i64.trunc'),
  row(0, 0xb2, 0xbb, 4, 'conversions to floats'),
  row(0, 0xbc, 0xbf, 2, 'reinterpretations'),
  row(0, 0xc0, 0xc4, 2, 'sign extensions'),
  row(0, 0xd0, 0xd0, 1, 'ref.null'),
  row(0, 0xd1, 0xd1, 2, 'ref.is_null'),
  row(0, 0xd2, 0xd2, 100, 'ref.func'),
  row(0xfc, 0, 7, 6, 'saturating conversions'),
  row(0xfc, 8, 8, 400, 'memory.init'),
  row(0xfc, 9, 9, 100, 'data.drop'),
  row(0xfc, 10, 11, 200, 'memory.copy, memory.fill'),
  row(0xfc, 12, 12, 400, 'table.init'),
  row(0xfc, 13, 13, 100, 'elem.drop'),
  row(0xfc, 14, 14, 400, 'table.copy'),
  row(0xfc, 15, 15, 20000, 'table.grow'),
  row(0xfc, 16, 16, 6, 'table.size'),
  row(0xfc, 17, 17, 400, 'table.fill'),
  row(0xfd, 0, 11, 2, 'loads and the store'),
  row(0xfd, 12, 12, 1, 'v128.const'),
  row(0xfd, 13, 13, 10, 'i8x16.shuffle'),
  row(0xfd, 14, 82, 1, 'swizzle, splats, lanes, comparisons, bits'),
  row(0xfd, 83, 83, 6, 'v128.any_true'),
  row(0xfd, 84, 93, 2, 'loads and stores of one lane'),
  row(0xfd, 94, 95, 3, 'f32x4.demote, f64x2.promote'),
  row(0xfd, 96, 97, 1, 'i8x16: abs, neg'),
  row(0xfd, 98, 98, 8, 'i8x16.popcnt'),
  row(0xfd, 99, 100, 6, 'i8x16: all_true, bitmask'),
  row(0xfd, 101, 106, 1, 'i8x16.narrow, f32x4: ceil, floor, trunc, nearest'),
  row(0xfd, 107, 109, 12, 'i8x16: shifts'),
  row(
    0xfd,
    110,
    129,
    1,
    'i8x16: add, sub, min, max, avgr; f64x2: ceil, floor, trunc; pairwise additions; i16x8: abs, neg',
  ),
  row(0xfd, 130, 132, 6, 'i16x8: q15mulr_sat, all_true, bitmask'),
  row(0xfd, 133, 162, 1, 'i16x8: the others; f64x2.nearest; i32x4: abs, neg'),
  row(0xfd, 163, 164, 6, 'i32x4: all_true, bitmask'),
  row(0xfd, 165, 191, 1, 'i32x4: the others'),
  row(0xfd, 192, 194, 3, 'i64x2: abs, neg'),
  row(0xfd, 195, 196, 6, 'i64x2: all_true, bitmask'),
  row(0xfd, 197, 203, 1, 'i64x2: extend, shl'),
  row(0xfd, 204, 204, 10, 'i64x2.shr_s'),
  row(0xfd, 205, 212, 1, 'i64x2: shr_u, add, sub'),
  row(0xfd, 213, 213, 12, 'i64x2.mul'),
  row(0xfd, 214, 226, 1, 'i64x2: comparisons, extmul; f32x4: abs, neg'),
  row(0xfd, 227, 227, 28, 'f32x4.sqrt'),
  row(0xfd, 228, 230, 1, 'f32x4: add, sub, mul'),
  row(0xfd, 231, 231, 28, 'f32x4.div'),
  row(0xfd, 232, 233, 10, 'f32x4: min, max'),
  row(0xfd, 234, 238, 2, 'f32x4: pmin, pmax; f64x2: abs, neg'),
  row(0xfd, 239, 239, 44, 'f64x2.sqrt'),
  row(0xfd, 240, 242, 1, 'f64x2: add, sub, mul'),
  row(0xfd, 243, 243, 36, 'f64x2.div'),
  row(0xfd, 244, 245, 12, 'f64x2: min, max'),
  row(0xfd, 246, 247, 2, 'f64x2: pmin, pmax'),
  row(0xfd, 248, 249, 20, 'i32x4.trunc_sat of f32x4'),
  row(0xfd, 250, 250, 2, 'f32x4.convert of i32x4, signed'),
  row(0xfd, 251, 251, 10, 'f32x4.convert of i32x4, unsigned'),
  row(0xfd, 252, 253, 20, 'i32x4.trunc_sat of f64x2'),
  row(0xfd, 254, 255, 4, 'f64x2.convert of i32x4'),
]

/** What length costs, beyond the instruction's or the call's own weight. */
export const lengthWeights = {
  /** memory.init, memory.copy, memory.fill: one for every so many bytes, the last ones too. */
  bytesPerUnit: 1,
  /** memory.grow: each page by which it grows. */
  page: 65_536,
  /** table.init, table.copy, table.fill, and table.grow by as much as it grows: each entry. */
  tableEntry: 400,
} as const

/** What the host's work costs, beyond the weight of the instruction that calls it. */
export const hostWeights = {
  /** Any host call. */
  call: 8_000,
  /** Each byte that it moves. */
  byte: 16,
  /** Each byte of random_get. */
  randomByte: 100,
} as const

/** The virtual clock: so much fuel is a nanosecond. */
export const fuelPerNs = 16
