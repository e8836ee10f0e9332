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
  row(0, 0x04, 0x04, 2, 'if'),
  row(0, 0x05, 0x05, 0, 'else'),
  row(0, 0x0b, 0x0b, 0, 'end'),
  row(0, 0x0c, 0x0d, 2, 'br, br_if'),
  row(0, 0x0e, 0x0e, 6, 'br_table'),
  row(0, 0x0f, 0x0f, 2, 'return'),
  row(0, 0x10, 0x10, 8, 'call'),
  row(0, 0x11, 0x11, 16, 'call_indirect'),
  row(0, 0x12, 0x12, 8, 'return_call'),
  row(0, 0x13, 0x13, 16, 'return_call_indirect'),
  row(0, 0x1a, 0x1a, 1, 'drop'),
  row(0, 0x1b, 0x1c, 2, 'select'),
  row(0, 0x20, 0x22, 1, 'local.get, local.set, local.tee'),
  row(0, 0x23, 0x24, 3, 'global.get, global.set'),
  row(0, 0x25, 0x25, 6, 'table.get'),
  row(0, 0x26, 0x26, 24, 'table.set'),
  row(0, 0x28, 0x3e, 3, 'loads and stores'),
  row(0, 0x3f, 0x3f, 3, 'memory.size'),
  row(0, 0x40, 0x40, 2000, 'memory.grow'),
  row(0, 0x41, 0x44, 1, 'constants'),
  row(0, 0x45, 0x5a, 2, 'comparisons of integers'),
  row(0, 0x5b, 0x66, 3, 'comparisons of floats'),
  row(0, 0x67, 0x6b, 2, 'i32: clz, ctz, popcnt, add, sub'),
  row(0, 0x6c, 0x6c, 3, 'i32.mul'),
  row(0, 0x6d, 0x70, 12, 'i32: div, rem'),
  row(0, 0x71, 0x78, 2, 'i32: and, or, xor, shifts, rotations'),
  row(0, 0x79, 0x7d, 2, 'i64: clz, ctz, popcnt, add, sub'),
  row(0, 0x7e, 0x7e, 3, 'i64.mul'),
  row(0, 0x7f, 0x82, 16, 'i64: div, rem'),
  row(0, 0x83, 0x8a, 2, 'i64: and, or, xor, shifts, rotations'),
  row(0, 0x8b, 0x8c, 3, 'f32: abs, neg'),
  row(0, 0x8d, 0x90, 6, 'f32: ceil, floor, trunc, nearest'),
  row(0, 0x91, 0x91, 16, 'f32.sqrt'),
  row(0, 0x92, 0x94, 4, 'f32: add, sub, mul'),
  row(0, 0x95, 0x95, 12, 'f32.div'),
  row(0, 0x96, 0x97, 8, 'f32: min, max'),
  row(0, 0x98, 0x9a, 3, 'f32.copysign, f64: abs, neg'),
  row(0, 0x9b, 0x9e, 6, 'f64: ceil, floor, trunc, nearest'),
  row(0, 0x9f, 0x9f, 16, 'f64.sqrt'),
  row(0, 0xa0, 0xa2, 4, 'f64: add, sub, mul'),
  row(0, 0xa3, 0xa3, 12, 'f64.div'),
  row(0, 0xa4, 0xa5, 8, 'f64: min, max'),
  row(0, 0xa6, 0xa6, 3, 'f64.copysign'),
  row(0, 0xa7, 0xa7, 1, 'i32.wrap'),
  row(0, 0xa8, 0xab, 8, 'i32.trunc'),
  row(0, 0xac, 0xad, 1, 'i64.extend'),
  row(0, 0xae, 0xb1, 8, 'i64.trunc'),
  row(0, 0xb2, 0xbb, 4, 'conversions to floats'),
  row(0, 0xbc, 0xbf, 2, 'reinterpretations'),
  row(0, 0xc0, 0xc4, 2, 'sign extensions'),
  row(0, 0xd0, 0xd0, 1, 'ref.null'),
  row(0, 0xd1, 0xd1, 2, 'ref.is_null'),
  row(0, 0xd2, 0xd2, 24, 'ref.func'),
  row(0xfc, 0, 7, 8, 'saturating conversions'),
  row(0xfc, 8, 8, 100, 'memory.init'),
  row(0xfc, 9, 9, 50, 'data.drop'),
  row(0xfc, 10, 11, 50, 'memory.copy, memory.fill'),
  row(0xfc, 12, 12, 100, 'table.init'),
  row(0xfc, 13, 13, 50, 'elem.drop'),
  row(0xfc, 14, 14, 100, 'table.copy'),
  row(0xfc, 15, 15, 2000, 'table.grow'),
  row(0xfc, 16, 16, 3, 'table.size'),
  row(0xfc, 17, 17, 100, 'table.fill'),
  row(0xfd, 0, 11, 4, 'loads and the store'),
  row(0xfd, 12, 12, 2, 'v128.const'),
  row(0xfd, 13, 255, 4, 'everything else on vectors'),
]

/** What length costs, beyond the instruction's or the call's own weight. */
export const lengthWeights = {
  /** memory.init, memory.copy, memory.fill: one for every started 8 bytes. */
  bytesPerUnit: 8,
  /** memory.grow: each page by which it grows. */
  page: 4096,
  /** table.init, table.copy, table.fill, and table.grow by as much as it grows: each entry. */
  tableEntry: 24,
} as const

/** What the host's work costs, beyond the weight of the instruction that calls it. */
export const hostWeights = {
  /** Any host call. */
  call: 1000,
  /** Each byte that it moves. */
  byte: 1,
  /** Each byte of random_get. */
  randomByte: 16,
} as const
