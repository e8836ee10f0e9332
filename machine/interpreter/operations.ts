/**
 * Every instruction: its opcode, its name, what follows it in the binary, and its type where that is always the same
 * (https://webassembly.github.io/spec/core/appendix/index-instructions.html).
 */
import { type SimdRow, simdRows } from './simd/operations.ts'
import type { FunctionType, ValueType } from './values.ts'

/** What follows an opcode. `memoryArgument` is alignment and offset; `lane` one byte, `lanes` sixteen. */
export type Immediates =
  | 'none'
  | 'block'
  | 'label'
  | 'labels'
  | 'function'
  | 'typeAndTable'
  | 'local'
  | 'global'
  | 'table'
  | 'tableAndTable'
  | 'elementAndTable'
  | 'element'
  | 'memory'
  | 'memoryAndMemory'
  | 'dataAndMemory'
  | 'data'
  | 'memoryArgument'
  | 'memoryArgumentAndLane'
  | 'lane'
  | 'lanes'
  | 'types'
  | 'referenceType'
  | 'constant'

export interface Operation {
  /** The opcode; behind a prefix it is `prefix * 0x1000 + number`. */
  readonly code: number
  readonly name: string
  readonly immediates: Immediates
  /** `undefined` where it depends on the immediates or on what is on the stack. */
  readonly type: FunctionType | undefined
  /** Of a memory access, else 0. */
  readonly bytes: number
  /** Its place among all of them, from 0 without gaps. */
  readonly ordinal: number
}

const bulkPrefix = 0xfc
const simdPrefix = 0xfd
const behind = (prefix: number, number: number): number => prefix * 0x1000 + number

export const isPrefix = (byte: number): boolean => byte === bulkPrefix || byte === simdPrefix

const letters: Record<string, ValueType> = { i: 'i32', I: 'i64', f: 'f32', F: 'f64', v: 'v128' }

type Row = Omit<Operation, 'ordinal'>[]

/** `ii:i` is (i32, i32) -> i32; capital letters are the 64-bit types. */
function typeOf(signature: string): FunctionType {
  const [parameters, results] = signature
    .split(':')
    .map(half => half.split('').map(letter => letters[letter] as ValueType))
  return { parameters: parameters as ValueType[], results: results as ValueType[] }
}

/** Of those behind the prefix of vectors. */
export const isVectorOperation = ({ code }: Operation): boolean => Math.floor(code / 0x1000) === simdPrefix

/** The operations of consecutive opcodes from `first` on; `signature` '' where they have none of their own. */
function row(first: number, immediates: Immediates, signature: string, names: string, bytes = 0): Row {
  const type = signature === '' ? undefined : typeOf(signature)
  return names.split(' ').map((name, index) => ({ code: first + index, name, immediates, type, bytes }))
}

function simdOperations([number, immediates, signature, names, bytes]: SimdRow): Row {
  return row(behind(simdPrefix, number), immediates, signature, names, bytes)
}

function control(): Row[] {
  return [
    row(0x00, 'none', '', 'unreachable'),
    row(0x01, 'none', ':', 'nop'),
    row(0x02, 'block', '', 'block loop if'),
    row(0x05, 'none', '', 'else'),
    row(0x0b, 'none', '', 'end'),
    row(0x0c, 'label', '', 'br br_if'),
    row(0x0e, 'labels', '', 'br_table'),
    row(0x0f, 'none', '', 'return'),
    row(0x10, 'function', '', 'call'),
    row(0x11, 'typeAndTable', '', 'call_indirect'),
    row(0x12, 'function', '', 'return_call'),
    row(0x13, 'typeAndTable', '', 'return_call_indirect'),
  ]
}

function variables(): Row[] {
  return [
    row(0x1a, 'none', '', 'drop select'),
    row(0x1c, 'types', '', 'select_typed'),
    row(0x20, 'local', '', 'local.get local.set local.tee'),
    row(0x23, 'global', '', 'global.get global.set'),
    row(0x25, 'table', '', 'table.get table.set'),
    row(0xd0, 'referenceType', '', 'ref.null'),
    row(0xd1, 'none', '', 'ref.is_null'),
    row(0xd2, 'function', '', 'ref.func'),
  ]
}

function memory(): Row[] {
  return [
    row(0x28, 'memoryArgument', 'i:i', 'i32.load', 4),
    row(0x29, 'memoryArgument', 'i:I', 'i64.load', 8),
    row(0x2a, 'memoryArgument', 'i:f', 'f32.load', 4),
    row(0x2b, 'memoryArgument', 'i:F', 'f64.load', 8),
    row(0x2c, 'memoryArgument', 'i:i', 'i32.load8_s i32.load8_u', 1),
    row(0x2e, 'memoryArgument', 'i:i', 'i32.load16_s i32.load16_u', 2),
    row(0x30, 'memoryArgument', 'i:I', 'i64.load8_s i64.load8_u', 1),
    row(0x32, 'memoryArgument', 'i:I', 'i64.load16_s i64.load16_u', 2),
    row(0x34, 'memoryArgument', 'i:I', 'i64.load32_s i64.load32_u', 4),
    row(0x36, 'memoryArgument', 'ii:', 'i32.store', 4),
    row(0x37, 'memoryArgument', 'iI:', 'i64.store', 8),
    row(0x38, 'memoryArgument', 'if:', 'f32.store', 4),
    row(0x39, 'memoryArgument', 'iF:', 'f64.store', 8),
    row(0x3a, 'memoryArgument', 'ii:', 'i32.store8', 1),
    row(0x3b, 'memoryArgument', 'ii:', 'i32.store16', 2),
    row(0x3c, 'memoryArgument', 'iI:', 'i64.store8', 1),
    row(0x3d, 'memoryArgument', 'iI:', 'i64.store16', 2),
    row(0x3e, 'memoryArgument', 'iI:', 'i64.store32', 4),
    row(0x3f, 'memory', ':i', 'memory.size'),
    row(0x40, 'memory', 'i:i', 'memory.grow'),
  ]
}

const named = (type: string, names: string) => names.replace(/\S+/g, name => `${type}.${name}`)
const integerCompare = 'eq ne lt_s lt_u gt_s gt_u le_s le_u ge_s ge_u'
const floatCompare = 'eq ne lt gt le ge'
const integerUnary = 'clz ctz popcnt'
const integerBinary = 'add sub mul div_s div_u rem_s rem_u and or xor shl shr_s shr_u rotl rotr'
const floatUnary = 'abs neg ceil floor trunc nearest sqrt'
const floatBinary = 'add sub mul div min max copysign'

function numeric(): Row[] {
  return [
    row(0x41, 'constant', ':i', 'i32.const'),
    row(0x42, 'constant', ':I', 'i64.const'),
    row(0x43, 'constant', ':f', 'f32.const'),
    row(0x44, 'constant', ':F', 'f64.const'),
    row(0x45, 'none', 'i:i', 'i32.eqz'),
    row(0x46, 'none', 'ii:i', named('i32', integerCompare)),
    row(0x50, 'none', 'I:i', 'i64.eqz'),
    row(0x51, 'none', 'II:i', named('i64', integerCompare)),
    row(0x5b, 'none', 'ff:i', named('f32', floatCompare)),
    row(0x61, 'none', 'FF:i', named('f64', floatCompare)),
    row(0x67, 'none', 'i:i', named('i32', integerUnary)),
    row(0x6a, 'none', 'ii:i', named('i32', integerBinary)),
    row(0x79, 'none', 'I:I', named('i64', integerUnary)),
    row(0x7c, 'none', 'II:I', named('i64', integerBinary)),
    row(0x8b, 'none', 'f:f', named('f32', floatUnary)),
    row(0x92, 'none', 'ff:f', named('f32', floatBinary)),
    row(0x99, 'none', 'F:F', named('f64', floatUnary)),
    row(0xa0, 'none', 'FF:F', named('f64', floatBinary)),
    ...conversions(),
  ]
}

function conversions(): Row[] {
  return [
    row(0xa7, 'none', 'I:i', 'i32.wrap_i64'),
    row(0xa8, 'none', 'f:i', 'i32.trunc_f32_s i32.trunc_f32_u'),
    row(0xaa, 'none', 'F:i', 'i32.trunc_f64_s i32.trunc_f64_u'),
    row(0xac, 'none', 'i:I', 'i64.extend_i32_s i64.extend_i32_u'),
    row(0xae, 'none', 'f:I', 'i64.trunc_f32_s i64.trunc_f32_u'),
    row(0xb0, 'none', 'F:I', 'i64.trunc_f64_s i64.trunc_f64_u'),
    row(0xb2, 'none', 'i:f', 'f32.convert_i32_s f32.convert_i32_u'),
    row(0xb4, 'none', 'I:f', 'f32.convert_i64_s f32.convert_i64_u'),
    row(0xb6, 'none', 'F:f', 'f32.demote_f64'),
    row(0xb7, 'none', 'i:F', 'f64.convert_i32_s f64.convert_i32_u'),
    row(0xb9, 'none', 'I:F', 'f64.convert_i64_s f64.convert_i64_u'),
    row(0xbb, 'none', 'f:F', 'f64.promote_f32'),
    row(0xbc, 'none', 'f:i', 'i32.reinterpret_f32'),
    row(0xbd, 'none', 'F:I', 'i64.reinterpret_f64'),
    row(0xbe, 'none', 'i:f', 'f32.reinterpret_i32'),
    row(0xbf, 'none', 'I:F', 'f64.reinterpret_i64'),
    row(0xc0, 'none', 'i:i', 'i32.extend8_s i32.extend16_s'),
    row(0xc2, 'none', 'I:I', 'i64.extend8_s i64.extend16_s i64.extend32_s'),
    row(behind(bulkPrefix, 0), 'none', 'f:i', 'i32.trunc_sat_f32_s i32.trunc_sat_f32_u'),
    row(behind(bulkPrefix, 2), 'none', 'F:i', 'i32.trunc_sat_f64_s i32.trunc_sat_f64_u'),
    row(behind(bulkPrefix, 4), 'none', 'f:I', 'i64.trunc_sat_f32_s i64.trunc_sat_f32_u'),
    row(behind(bulkPrefix, 6), 'none', 'F:I', 'i64.trunc_sat_f64_s i64.trunc_sat_f64_u'),
  ]
}

function bulk(): Row[] {
  return [
    row(behind(bulkPrefix, 8), 'dataAndMemory', 'iii:', 'memory.init'),
    row(behind(bulkPrefix, 9), 'data', ':', 'data.drop'),
    row(behind(bulkPrefix, 10), 'memoryAndMemory', 'iii:', 'memory.copy'),
    row(behind(bulkPrefix, 11), 'memory', 'iii:', 'memory.fill'),
    row(behind(bulkPrefix, 12), 'elementAndTable', 'iii:', 'table.init'),
    row(behind(bulkPrefix, 13), 'element', ':', 'elem.drop'),
    row(behind(bulkPrefix, 14), 'tableAndTable', 'iii:', 'table.copy'),
    row(behind(bulkPrefix, 15), 'table', '', 'table.grow table.size table.fill'),
  ]
}

/** By opcode. It stands last because all the rows above are made first. */
export const operations: ReadonlyMap<number, Operation> = new Map(
  [...control(), ...variables(), ...memory(), ...numeric(), ...bulk(), ...simdRows().map(simdOperations)]
    .flat()
    .map((operation, ordinal) => [operation.code, { ...operation, ordinal }]),
)
