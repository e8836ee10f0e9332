/**
 * Fixed-width SIMD: the instructions behind the prefix 0xfd, as rows of consecutive opcodes: the first one's number, what follows it,
 * its type, the names, and the bytes of a memory access.
 */
type SimdImmediates = 'none' | 'constant' | 'memoryArgument' | 'memoryArgumentAndLane' | 'lane' | 'lanes'
export type SimdRow = [number: number, immediates: SimdImmediates, type: string, names: string, bytes?: number]

const named = (shape: string, names: string) => names.replace(/\S+/g, name => `${shape}.${name}`)
const integerCompare = 'eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u'
const floatCompare = 'eq ne lt gt le ge'
const saturating = 'add add_sat_s add_sat_u sub sub_sat_s sub_sat_u'
const floatBinary = 'add sub mul div min max pmin pmax'

const extended = (shape: string, from: string) =>
  named(shape, `extend_low_${from}_s extend_high_${from}_s extend_low_${from}_u extend_high_${from}_u`)
const multiplied = (shape: string, from: string) =>
  named(shape, `extmul_low_${from}_s extmul_high_${from}_s extmul_low_${from}_u extmul_high_${from}_u`)

export const simdRows = (): SimdRow[] => [
  ...memoryRows(),
  ...laneRows(),
  ...compareRows(),
  ...byteRows(),
  ...shortRows(),
  ...wordRows(),
  ...longRows(),
  ...floatRows(),
]

const memoryRows = (): SimdRow[] => [
  [0x00, 'memoryArgument', 'i:v', 'v128.load', 16],
  [0x01, 'memoryArgument', 'i:v', named('v128', 'load8x8_s load8x8_u load16x4_s load16x4_u load32x2_s load32x2_u'), 8],
  [0x07, 'memoryArgument', 'i:v', 'v128.load8_splat', 1],
  [0x08, 'memoryArgument', 'i:v', 'v128.load16_splat', 2],
  [0x09, 'memoryArgument', 'i:v', 'v128.load32_splat', 4],
  [0x0a, 'memoryArgument', 'i:v', 'v128.load64_splat', 8],
  [0x0b, 'memoryArgument', 'iv:', 'v128.store', 16],
  [0x54, 'memoryArgumentAndLane', 'iv:v', 'v128.load8_lane', 1],
  [0x55, 'memoryArgumentAndLane', 'iv:v', 'v128.load16_lane', 2],
  [0x56, 'memoryArgumentAndLane', 'iv:v', 'v128.load32_lane', 4],
  [0x57, 'memoryArgumentAndLane', 'iv:v', 'v128.load64_lane', 8],
  [0x58, 'memoryArgumentAndLane', 'iv:', 'v128.store8_lane', 1],
  [0x59, 'memoryArgumentAndLane', 'iv:', 'v128.store16_lane', 2],
  [0x5a, 'memoryArgumentAndLane', 'iv:', 'v128.store32_lane', 4],
  [0x5b, 'memoryArgumentAndLane', 'iv:', 'v128.store64_lane', 8],
  [0x5c, 'memoryArgument', 'i:v', 'v128.load32_zero', 4],
  [0x5d, 'memoryArgument', 'i:v', 'v128.load64_zero', 8],
]

const laneRows = (): SimdRow[] => [
  [0x0c, 'constant', ':v', 'v128.const'],
  [0x0d, 'lanes', 'vv:v', 'i8x16.shuffle'],
  [0x0e, 'none', 'vv:v', 'i8x16.swizzle'],
  [0x0f, 'none', 'i:v', 'i8x16.splat i16x8.splat i32x4.splat'],
  [0x12, 'none', 'I:v', 'i64x2.splat'],
  [0x13, 'none', 'f:v', 'f32x4.splat'],
  [0x14, 'none', 'F:v', 'f64x2.splat'],
  [0x15, 'lane', 'v:i', 'i8x16.extract_lane_s i8x16.extract_lane_u'],
  [0x17, 'lane', 'vi:v', 'i8x16.replace_lane'],
  [0x18, 'lane', 'v:i', 'i16x8.extract_lane_s i16x8.extract_lane_u'],
  [0x1a, 'lane', 'vi:v', 'i16x8.replace_lane'],
  [0x1b, 'lane', 'v:i', 'i32x4.extract_lane'],
  [0x1c, 'lane', 'vi:v', 'i32x4.replace_lane'],
  [0x1d, 'lane', 'v:I', 'i64x2.extract_lane'],
  [0x1e, 'lane', 'vI:v', 'i64x2.replace_lane'],
  [0x1f, 'lane', 'v:f', 'f32x4.extract_lane'],
  [0x20, 'lane', 'vf:v', 'f32x4.replace_lane'],
  [0x21, 'lane', 'v:F', 'f64x2.extract_lane'],
  [0x22, 'lane', 'vF:v', 'f64x2.replace_lane'],
]

const compareRows = (): SimdRow[] => [
  [0x23, 'none', 'vv:v', named('i8x16', integerCompare)],
  [0x2d, 'none', 'vv:v', named('i16x8', integerCompare)],
  [0x37, 'none', 'vv:v', named('i32x4', integerCompare)],
  [0x41, 'none', 'vv:v', named('f32x4', floatCompare)],
  [0x47, 'none', 'vv:v', named('f64x2', floatCompare)],
  [0xd6, 'none', 'vv:v', named('i64x2', 'eq ne lt_s gt_s le_s ge_s')],
  [0x4d, 'none', 'v:v', 'v128.not'],
  [0x4e, 'none', 'vv:v', named('v128', 'and andnot or xor')],
  [0x52, 'none', 'vvv:v', 'v128.bitselect'],
  [0x53, 'none', 'v:i', 'v128.any_true'],
]

const byteRows = (): SimdRow[] => [
  [0x60, 'none', 'v:v', named('i8x16', 'abs neg popcnt')],
  [0x63, 'none', 'v:i', named('i8x16', 'all_true bitmask')],
  [0x65, 'none', 'vv:v', named('i8x16', 'narrow_i16x8_s narrow_i16x8_u')],
  [0x6b, 'none', 'vi:v', named('i8x16', 'shl shr_s shr_u')],
  [0x6e, 'none', 'vv:v', named('i8x16', saturating)],
  [0x76, 'none', 'vv:v', named('i8x16', 'min_s min_u max_s max_u')],
  [0x7b, 'none', 'vv:v', 'i8x16.avgr_u'],
]

const shortRows = (): SimdRow[] => [
  [0x7c, 'none', 'v:v', named('i16x8', 'extadd_pairwise_i8x16_s extadd_pairwise_i8x16_u')],
  [0x80, 'none', 'v:v', named('i16x8', 'abs neg')],
  [0x82, 'none', 'vv:v', 'i16x8.q15mulr_sat_s'],
  [0x83, 'none', 'v:i', named('i16x8', 'all_true bitmask')],
  [0x85, 'none', 'vv:v', named('i16x8', 'narrow_i32x4_s narrow_i32x4_u')],
  [0x87, 'none', 'v:v', extended('i16x8', 'i8x16')],
  [0x8b, 'none', 'vi:v', named('i16x8', 'shl shr_s shr_u')],
  [0x8e, 'none', 'vv:v', named('i16x8', saturating)],
  [0x95, 'none', 'vv:v', named('i16x8', 'mul min_s min_u max_s max_u')],
  [0x9b, 'none', 'vv:v', 'i16x8.avgr_u'],
  [0x9c, 'none', 'vv:v', multiplied('i16x8', 'i8x16')],
]

const wordRows = (): SimdRow[] => [
  [0x7e, 'none', 'v:v', named('i32x4', 'extadd_pairwise_i16x8_s extadd_pairwise_i16x8_u')],
  [0xa0, 'none', 'v:v', named('i32x4', 'abs neg')],
  [0xa3, 'none', 'v:i', named('i32x4', 'all_true bitmask')],
  [0xa7, 'none', 'v:v', extended('i32x4', 'i16x8')],
  [0xab, 'none', 'vi:v', named('i32x4', 'shl shr_s shr_u')],
  [0xae, 'none', 'vv:v', 'i32x4.add'],
  [0xb1, 'none', 'vv:v', 'i32x4.sub'],
  [0xb5, 'none', 'vv:v', named('i32x4', 'mul min_s min_u max_s max_u dot_i16x8_s')],
  [0xbc, 'none', 'vv:v', multiplied('i32x4', 'i16x8')],
]

const longRows = (): SimdRow[] => [
  [0xc0, 'none', 'v:v', named('i64x2', 'abs neg')],
  [0xc3, 'none', 'v:i', named('i64x2', 'all_true bitmask')],
  [0xc7, 'none', 'v:v', extended('i64x2', 'i32x4')],
  [0xcb, 'none', 'vi:v', named('i64x2', 'shl shr_s shr_u')],
  [0xce, 'none', 'vv:v', 'i64x2.add'],
  [0xd1, 'none', 'vv:v', 'i64x2.sub'],
  [0xd5, 'none', 'vv:v', 'i64x2.mul'],
  [0xdc, 'none', 'vv:v', multiplied('i64x2', 'i32x4')],
]

const floatRows = (): SimdRow[] => [
  [0x5e, 'none', 'v:v', 'f32x4.demote_f64x2_zero f64x2.promote_low_f32x4'],
  [0x67, 'none', 'v:v', named('f32x4', 'ceil floor trunc nearest')],
  [0x74, 'none', 'v:v', named('f64x2', 'ceil floor')],
  [0x7a, 'none', 'v:v', 'f64x2.trunc'],
  [0x94, 'none', 'v:v', 'f64x2.nearest'],
  [0xe0, 'none', 'v:v', named('f32x4', 'abs neg')],
  [0xe3, 'none', 'v:v', 'f32x4.sqrt'],
  [0xe4, 'none', 'vv:v', named('f32x4', floatBinary)],
  [0xec, 'none', 'v:v', named('f64x2', 'abs neg')],
  [0xef, 'none', 'v:v', 'f64x2.sqrt'],
  [0xf0, 'none', 'vv:v', named('f64x2', floatBinary)],
  [0xf8, 'none', 'v:v', named('i32x4', 'trunc_sat_f32x4_s trunc_sat_f32x4_u')],
  [0xfa, 'none', 'v:v', named('f32x4', 'convert_i32x4_s convert_i32x4_u')],
  [0xfc, 'none', 'v:v', named('i32x4', 'trunc_sat_f64x2_s_zero trunc_sat_f64x2_u_zero')],
  [0xfe, 'none', 'v:v', named('f64x2', 'convert_low_i32x4_s convert_low_i32x4_u')],
]
