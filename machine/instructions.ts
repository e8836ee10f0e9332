/**
 * What the instructions look like (https://webassembly.github.io/spec/core/binary/instructions.html): which are admitted, and what follows
 * each opcode. Everything that is not named here is refused: a new opcode of an engine is unknown until this table knows it.
 */
import type { Reader } from './binary.ts'
import { branchTargetsMax } from './limits.ts'

/** Opcodes that the reader or the rewriter asks for by name. Those behind a prefix are `prefix << 16 | number`. */
export const op = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  brTable: 0x0e,
  return: 0x0f,
  call: 0x10,
  localGet: 0x20,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  memorySize: 0x3f,
  memoryGrow: 0x40,
  i32Const: 0x41,
  i32Eq: 0x46,
  i32GtU: 0x4b,
  i32Sub: 0x6b,
  refFunc: 0xd2,
} as const

export const emptyBlock = 0x40

/** Value types by their byte; only these are admitted (no typed or GC references). */
export const valueTypes: Readonly<Record<number, string>> = {
  0x7f: 'i32',
  0x7e: 'i64',
  0x7d: 'f32',
  0x7c: 'f64',
  0x7b: 'v128',
  0x70: 'funcref',
  0x6f: 'externref',
}
export const isReferenceType = (type: number): boolean => type === 0x70 || type === 0x6f

/** What follows an opcode. */
type Immediate =
  | 'none'
  | 'block'
  | 'index'
  | 'twoIndices'
  | 'branchTable'
  | 'callIndirect'
  | 'memory'
  | 'memoryIndex'
  | 'twoMemoryIndices'
  | 'dataMemory'
  | 's32'
  | 's64'
  | 'f32'
  | 'f64'
  | 'v128'
  | 'lane'
  | 'memoryLane'
  | 'types'
  | 'heapType'

const forbidden: [number, number, string][] = [
  [0x06, 0x0a, 'exceptions'],
  [0x14, 0x15, 'typed function references'],
  [0x18, 0x19, 'exceptions'],
  [0x1f, 0x1f, 'exceptions'],
  [0xd3, 0xd6, 'typed function references'],
  [0xfb, 0xfb, 'garbage collected types'],
  [0xfe, 0xfe, 'threads and atomics'],
]

const plain = table([
  [0x00, 0x01, 'none'],
  [0x02, 0x04, 'block'],
  [0x05, 0x05, 'none'],
  [0x0b, 0x0b, 'none'],
  [0x0c, 0x0d, 'index'],
  [0x0e, 0x0e, 'branchTable'],
  [0x0f, 0x0f, 'none'],
  [0x10, 0x10, 'index'],
  [0x11, 0x11, 'callIndirect'],
  [0x12, 0x12, 'index'],
  [0x13, 0x13, 'callIndirect'],
  [0x1a, 0x1b, 'none'],
  [0x1c, 0x1c, 'types'],
  [0x20, 0x26, 'index'],
  [0x28, 0x3e, 'memory'],
  [0x3f, 0x40, 'memoryIndex'],
  [0x41, 0x41, 's32'],
  [0x42, 0x42, 's64'],
  [0x43, 0x43, 'f32'],
  [0x44, 0x44, 'f64'],
  [0x45, 0xc4, 'none'],
  [0xd0, 0xd0, 'heapType'],
  [0xd1, 0xd1, 'none'],
  [0xd2, 0xd2, 'index'],
])

/** Saturating conversions, bulk memory and table instructions, behind 0xfc. */
const bulk = table([
  [0, 7, 'none'],
  [8, 8, 'dataMemory'],
  [9, 9, 'index'],
  [10, 10, 'twoMemoryIndices'],
  [11, 11, 'memoryIndex'],
  [12, 12, 'twoIndices'],
  [13, 13, 'index'],
  [14, 14, 'twoIndices'],
  [15, 17, 'index'],
])

/** Vector instructions, behind 0xfd. Numbers from 0x100 are relaxed SIMD, whose results depend on the hardware. */
const vector = table([
  [0, 11, 'memory'],
  [12, 13, 'v128'],
  [14, 20, 'none'],
  [21, 34, 'lane'],
  [35, 83, 'none'],
  [84, 91, 'memoryLane'],
  [92, 93, 'memory'],
  [94, 153, 'none'],
  [155, 161, 'none'],
  [163, 164, 'none'],
  [167, 174, 'none'],
  [177, 177, 'none'],
  [181, 186, 'none'],
  [188, 193, 'none'],
  [195, 196, 'none'],
  [199, 206, 'none'],
  [209, 209, 'none'],
  [213, 225, 'none'],
  [227, 237, 'none'],
  [239, 255, 'none'],
])

/**
 * Reads one instruction and its immediates; `reader` then stands behind it.
 * @returns its opcode, `prefix << 16 | number` where it has a prefix.
 * @throws {PhaseError} `moduleRejected` for an instruction that is not admitted, by the name of its feature.
 */
export function readInstruction(reader: Reader): number {
  const start = reader.at
  const byte = reader.byte()
  const code = byte < 0xfb ? byte : prefixed(reader, byte, start)
  const immediate = byte === 0xfc ? bulk[code & 0xffff] : byte === 0xfd ? vector[code & 0xffff] : plain[code]
  if (immediate === 'none') return code
  if (immediate === undefined) throw reader.rejected(refusal(code, byte), start)
  readImmediate(reader, immediate)
  return code
}

function prefixed(reader: Reader, prefix: number, start: number): number {
  const number = reader.u32()
  if (number > 0xffff) throw reader.rejected(refusal(-1, prefix), start)
  return (prefix << 16) | number
}

function refusal(code: number, byte: number): string {
  const feature = forbidden.find(([first, last]) => byte >= first && byte <= last)?.[2]
  if (feature !== undefined) return `${feature} are not admitted`
  if (byte === 0xfd && (code & 0xffff) >= 0x100 && (code & 0xffff) < 0x180) return 'relaxed SIMD is not admitted'
  return `unknown instruction 0x${byte.toString(16)}${byte >= 0xfb && code >= 0 ? ` ${code & 0xffff}` : ''}`
}

function readImmediate(reader: Reader, immediate: Exclude<Immediate, 'none'>): void {
  switch (immediate) {
    case 'block':
      return readBlockType(reader)
    case 'index':
      return reader.skipLeb(32)
    case 'twoIndices':
    case 'callIndirect':
      reader.skipLeb(32)
      return reader.skipLeb(32)
    case 'branchTable': {
      for (let left = reader.count(branchTargetsMax, 'branch targets'); left >= 0; left--) reader.skipLeb(32)
      return
    }
    case 'memory':
      return readMemoryArgument(reader)
    case 'memoryIndex':
      return readMemoryIndex(reader)
    case 'twoMemoryIndices':
      readMemoryIndex(reader)
      return readMemoryIndex(reader)
    case 'dataMemory':
      reader.skipLeb(32)
      return readMemoryIndex(reader)
    case 's32':
      return reader.skipLeb(32)
    case 's64':
      return reader.skipLeb(64)
    case 'f32':
      return reader.skip(4)
    case 'f64':
      return reader.skip(8)
    case 'v128':
      return reader.skip(16)
    case 'lane':
      return reader.skip(1)
    case 'memoryLane':
      readMemoryArgument(reader)
      return reader.skip(1)
    case 'types':
      for (let left = reader.count(1, 'types of a select'); left > 0; left--) readValueType(reader)
      return
    case 'heapType':
      readReferenceType(reader)
  }
}

/** A value type's byte. */
export function readValueType(reader: Reader): number {
  const start = reader.at
  const type = reader.byte()
  if (valueTypes[type] === undefined) throw reader.rejected(typeRefusal(type), start)
  return type
}

export function readReferenceType(reader: Reader): number {
  const start = reader.at
  const first = reader.peek()
  // The number of a type instead of a byte for one: negative numbers are the bytes.
  if ((first >= 0 && first < 0x40) || first >= 0x80)
    throw reader.rejected('typed function references are not admitted', start)
  const type = readValueType(reader)
  if (!isReferenceType(type)) throw reader.rejected('a reference type was expected', start)
  return type
}

const typeRefusal = (type: number) =>
  (type >= 0x63 && type <= 0x74) || type === 0x69
    ? 'garbage collected, typed and exception references are not admitted'
    : `unknown value type 0x${type.toString(16)}`

function readBlockType(reader: Reader): void {
  const first = reader.peek()
  if (first === emptyBlock) return reader.skip(1)
  if (valueTypes[first] !== undefined) return reader.skip(1)
  const start = reader.at
  if (reader.s33() < 0) throw reader.rejected(typeRefusal(first), start)
}

/** Bit 6 of the alignment announces a memory index (several memories). */
function readMemoryArgument(reader: Reader): void {
  const start = reader.at
  if (reader.u32() >= 0x40) throw reader.rejected('several memories are not admitted', start)
  reader.skipLeb(32)
}

function readMemoryIndex(reader: Reader): void {
  const start = reader.at
  if (reader.byte() !== 0) throw reader.rejected('several memories are not admitted', start)
}

function table(rows: [number, number, Immediate][]): (Immediate | undefined)[] {
  const result: (Immediate | undefined)[] = Array.from({ length: 256 })
  for (const [first, last, immediate] of rows) for (let at = first; at <= last; at++) result[at] = immediate
  return result
}
