/** Immediates that are read one by one: those that are longer than usual, and those of instructions that are rare. */
import type { Reader } from '../binary.ts'
import { readInstruction, readReferenceType, readValueType } from '../instructions.ts'
import { branchTargetsMax } from '../limits.ts'
import { bulkBase, code, follows, immediateOf, vectorBase } from './opcodes.ts'

export const emptyBlockType = -64

/** Takes instructions apart: `next` reads one, and leaves its first immediate in `immediate` (Marks says what that is). */
export class InstructionReader {
  /** Always of 32 bits: an engine compiles anew what once meets another kind of number. */
  immediate = 0
  private readonly reader: Reader

  constructor(reader: Reader) {
    this.reader = reader
  }

  /** @throws {PhaseError} `moduleRejected` for an instruction that is not admitted, or that its reader's bytes do not hold whole. */
  next(): number {
    const { reader } = this
    const start = reader.at
    const first = reader.byte()
    const opcode = first < 0xfb ? first : this.prefixed(first, start)
    switch (immediateOf[opcode]) {
      case follows.nothing:
        this.immediate = 0
        break
      case follows.index:
        this.immediate = reader.u32() | 0
        break
      case follows.memory:
        this.immediate = memoryArgument(reader, start)
        break
      case follows.leb:
        reader.skipLeb(opcode === code.i32Const ? 32 : 64)
        this.immediate = 0
        break
      case follows.block:
        this.immediate = blockType(reader)
        break
      default:
        this.immediate = rareImmediate(reader, opcode, start) | 0
    }
    return opcode
  }

  private prefixed(prefix: number, start: number): number {
    const { reader } = this
    const number = reader.u32()
    if (number < 0x100 && prefix === 0xfc) return bulkBase + number
    if (number < 0x100 && prefix === 0xfd) return vectorBase + number
    return refuse(reader, start)
  }
}

function rareImmediate(reader: Reader, opcode: number, start: number): number {
  switch (immediateOf[opcode]) {
    case follows.twoIndices: {
      const first = reader.u32()
      reader.u32()
      return first
    }
    case follows.branchTable: {
      const at = reader.at
      for (let left = reader.count(branchTargetsMax, 'branch targets'); left >= 0; left--) reader.u32()
      return at
    }
    case follows.f32:
      return skip(reader, 4)
    case follows.f64:
      return skip(reader, 8)
    case follows.v128:
      return skip(reader, 16)
    case follows.lane:
      return skip(reader, 1)
    case follows.memoryLane:
      memoryArgument(reader, start)
      return skip(reader, 1)
    case follows.twoMemoryIndices:
      memoryIndex(reader)
      return memoryIndex(reader)
    case follows.memoryIndex:
      return memoryIndex(reader)
    case follows.dataMemory: {
      const segment = reader.u32()
      memoryIndex(reader)
      return segment
    }
    case follows.types:
      if (reader.count(1, 'types of a select') === 0) throw reader.rejected('a select without its type', start)
      return readValueType(reader)
    case follows.reference:
      return readReferenceType(reader)
    default:
      return refuse(reader, start)
  }
}

function skip(reader: Reader, size: number): number {
  reader.skip(size)
  return 0
}

/** Bit 6 of the alignment announces a memory index (several memories). */
function memoryArgument(reader: Reader, start: number): number {
  if (reader.u32() >= 0x40) throw reader.rejected('several memories are not admitted', start)
  reader.u32()
  return 0
}

function memoryIndex(reader: Reader): number {
  const start = reader.at
  if (reader.byte() !== 0) throw reader.rejected('several memories are not admitted', start)
  return 0
}

function blockType(reader: Reader): number {
  const first = reader.peek()
  if (first === 0x40) return skip(reader, 1) + emptyBlockType
  if (first > 0x40 && first < 0x80) return readValueType(reader) - 0x80
  const start = reader.at
  const value = reader.s33()
  if (value >= 0) return value | 0
  reader.at = start
  return readValueType(reader) - 0x80
}

/** Says why an instruction is not admitted: the table of instructions.ts knows the names of features. */
function refuse(reader: Reader, start: number): never {
  reader.at = start
  readInstruction(reader)
  throw reader.rejected('unknown instruction', start)
}
