/** The host module that the scripts of the suite expect. */
import type { ValueType } from '../interpreter/values.ts'

export const spectestPrints: Record<string, ValueType[]> = {
  print: [],
  print_i32: ['i32'],
  print_i64: ['i64'],
  print_f32: ['f32'],
  print_f64: ['f64'],
  print_i32_f32: ['i32', 'f32'],
  print_f64_f64: ['f64', 'f64'],
}

/** f32 and f64 are the bits of 666.6. */
export const spectestGlobals: Record<string, { type: ValueType; value: number | bigint }> = {
  global_i32: { type: 'i32', value: 666 },
  global_i64: { type: 'i64', value: 666n },
  global_f32: { type: 'f32', value: 0x4426_a666 },
  global_f64: { type: 'f64', value: 0x4084_d4cc_cccc_cccdn },
}
