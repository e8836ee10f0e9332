/**
 * A function's body, decoded: every instruction's opcode, where its bytes stand, and its first immediate. The arrays are used again for
 * the next body, so a module costs the memory of its longest function.
 */
import { Reader } from '../binary.ts'
import { readInstruction, readReferenceType, readValueType } from '../instructions.ts'
import { bodyRoomMax, branchTargetsMax, localsMax, nestingMax } from '../limits.ts'
import type { Range } from '../sections.ts'
import { decoding, decodingOf } from './decoding.ts'
import { bulkBase, code, follows, immediateOf, roomOf, vectorBase } from './opcodes.ts'

const place = 'code section'
const { width, long, opensAt, closesAt, floats, markedAt, firstMaskAt, secondMaskAt, weightAt } = decoding
export const emptyBlockType = -64
const roomMax = Math.max(...roomOf)

export class Body {
  bytes: Uint8Array = new Uint8Array(0)
  count = 0
  codes = new Uint16Array(1024)
  /** Where each instruction begins; one more for the end of the last. */
  starts = new Uint32Array(1025)
  /**
   * The first index, where there is one; of a block its type (`emptyBlockType`, a value type as a negative number, or an index), of a br_table where its
   * targets begin.
   */
  immediates = new Int32Array(1024)
  /** Indices of the instructions that are more than operands and results: control, calls, what is charged by length. */
  marked = new Uint32Array(1024)
  markedCount = 0
  /** The weights of all instructions before each that are not marked; one more for all of them. */
  costs = new Int32Array(1025)
  /** Declared locals as runs: count, type, count, type. */
  locals: number[] = []
  localCount = 0
  /** It has instructions behind 0xfd. */
  vectors = false
  /** It has instructions whose result may be a NaN of open bits. */
  floats = false

  /**
   * Takes in the body in `range`.
   * @throws {PhaseError} `moduleRejected` for an instruction that is not admitted, too many locals, too deep blocks, too little room for charges.
   */
  decode(bytes: Uint8Array, range: Range, parameters: number): void {
    const reader = new Reader(bytes, place, range.start, range.end)
    this.bytes = bytes
    this.vectors = false
    this.floats = false
    this.decodeLocals(reader, parameters)
    this.decodeInstructions(reader)
  }

  private decodeLocals(reader: Reader, parameters: number): void {
    this.locals.length = 0
    let total = parameters
    for (let left = reader.count(localsMax, 'declarations of locals', 2); left > 0; left--) {
      const start = reader.at
      const count = reader.u32()
      total += count
      if (total > localsMax) {
        throw reader.rejected(`${total} locals of a function exceed the limit of ${localsMax}`, start)
      }
      this.locals.push(count, readValueType(reader))
    }
    this.localCount = total - parameters
  }

  /** With few branches: which instruction comes next is what no processor foresees. */
  private decodeInstructions(reader: Reader): void {
    const { bytes, end, at: begin } = reader
    this.reserve(end - begin)
    const { codes, starts, immediates, marked, costs } = this
    const table = decodingOf
    const deepest = nestingMax
    let at = begin
    let count = 0
    let markedCount = 0
    let depth = 1
    let cost = 0
    let met = 0
    // Behind `end` other bodies may follow: what is read there shows in `at`, before anybody relies on it.
    while (depth > 0) {
      const start = at
      if (start >= end) throw reader.rejected('it ends in the middle of a value', start)
      let opcode = bytes[at++] as number
      if (opcode >= 0xfb) {
        reader.at = at
        opcode = this.prefixed(reader, opcode, start)
        at = reader.at
      }
      const how = table[opcode] as number
      const first = bytes[at] as number
      const second = bytes[at + 1] as number
      const opens = (how >>> opensAt) & 1
      immediates[count] = first - (opens << 7)
      const rest = (first & (how >>> firstMaskAt)) | (second & (how >>> secondMaskAt)) | (how & long)
      if (rest === 0) at += how & width
      else {
        reader.at = at
        immediates[count] = this.immediate(reader, opcode, start)
        at = reader.at
      }
      codes[count] = opcode
      starts[count] = start
      costs[count] = cost
      marked[markedCount] = count++
      markedCount += (how >>> markedAt) & 1
      cost += how >>> weightAt
      met |= how
      depth += opens - ((how >>> closesAt) & 1)
      if (depth > deepest) throw reader.rejected(`blocks nested deeper than ${nestingMax}`, start)
    }
    reader.at = at
    reader.done()
    starts[count] = end
    costs[count] = cost
    this.count = count
    this.markedCount = markedCount
    this.floats = (met & floats) !== 0
    this.checkRoom(reader, begin)
  }

  /** Few bodies are long enough to need a second look. */
  private checkRoom(reader: Reader, begin: number): void {
    const { codes, count } = this
    let room = reader.end - begin
    if (room * (1 + roomMax) <= bodyRoomMax) return
    for (let at = 0; at < count; at++) room += roomOf[codes[at] as number] as number
    if (room <= bodyRoomMax) return
    throw reader.rejected(`a function of ${room} bytes with its charges exceeds the limit of ${bodyRoomMax}`, begin)
  }

  private prefixed(reader: Reader, prefix: number, start: number): number {
    const number = reader.u32()
    const admitted = number < 0x100 && (prefix === 0xfc || prefix === 0xfd)
    if (!admitted) return refuse(reader, start)
    if (prefix === 0xfc) return bulkBase + number
    this.vectors = true
    return vectorBase + number
  }

  private immediate(reader: Reader, opcode: number, start: number): number {
    switch (immediateOf[opcode]) {
      case follows.index:
        return reader.u32()
      case follows.memory:
        return memoryArgument(reader, start)
      case follows.leb:
        reader.skipLeb(opcode === code.i32Const ? 32 : 64)
        return 0
      case follows.block:
        return blockType(reader, start)
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
      case follows.refused:
        return refuse(reader, start)
      default:
        return rareImmediate(reader, opcode, start)
    }
  }

  private reserve(bytes: number): void {
    if (bytes <= this.codes.length) return
    const size = Math.max(bytes, this.codes.length * 2)
    this.codes = new Uint16Array(size)
    this.starts = new Uint32Array(size + 1)
    this.immediates = new Int32Array(size)
    this.marked = new Uint32Array(size)
    this.costs = new Int32Array(size + 1)
  }
}

function rareImmediate(reader: Reader, opcode: number, start: number): number {
  switch (immediateOf[opcode]) {
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
    default:
      return readReferenceType(reader)
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

function blockType(reader: Reader, start: number): number {
  const first = reader.peek()
  if (first === 0x40) return skip(reader, 1) + emptyBlockType
  const at = reader.at
  const value = reader.s33()
  if (value >= 0) return value
  reader.at = at
  if (reader.at !== start) readValueType(reader)
  return value
}

/** Says why an instruction is not admitted: the table of instructions.ts knows the names of features. */
function refuse(reader: Reader, start: number): never {
  reader.at = start
  readInstruction(reader)
  throw reader.rejected('unknown instruction', start)
}

/** Reads the br_table at `at`, one number each call: how many targets come before the default, then those, then the default. */
export function branchTargets({ bytes, immediates }: Body, at: number): () => number {
  let place = immediates[at] as number
  return () => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[place++] as number
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
  }
}
