/**
 * How an instruction is decoded where its immediates are as short as they nearly always are: one number for each, so that the decoder takes the
 * opcode and the three bytes behind it as one word, and needs no branch to tell instructions apart.
 */
import {
  bulkBase,
  code,
  follows,
  heightChange,
  immediateOf,
  nanOf,
  opcodesEnd,
  vectorBase,
  weightOf,
} from './opcodes.ts'

/** The bits of a row. */
export const decoding = {
  /** How many bytes the instruction takes with short immediates; 0 where those are always read one by one. */
  size: 0x3,
  /** Not to be stepped over: it is marked, or its immediates are read one by one. */
  special: 0x4,
  /** It is listed in Marks. */
  marked: 0x8,
  /** What it does to the height of the stack, in three bits with a sign, where it is not marked. */
  changeAt: 4,
  /** Its result may be a NaN of open bits. */
  floats: 0x80,
  /** Of a vector. */
  vector: 0x200,
  /** local.get, local.set, local.tee. */
  localAt: 8,
  /** Bits of the word: where one of them is set that is set in the row, too, the immediates are longer. */
  longer: 0x80_c000,
  /** Its weight, where it is not marked: at most 255. */
  weightAt: 24,
} as const

const isMarked = (opcode: number): boolean =>
  opcode <= code.returnCallIndirect ||
  opcode === code.globalGet ||
  opcode === code.memoryGrow ||
  opcode === code.refFunc ||
  (opcode >= bulkBase + 8 && opcode < bulkBase + 0x100)

/** Size, and bits of `longer`. */
const shapeOf = (opcode: number): number => {
  switch (immediateOf[opcode]) {
    case follows.nothing:
      return 1
    case follows.index:
    case follows.leb:
    case follows.block:
      return 2 | 0x8000
    case follows.memory:
      // Bit 6 of the alignment announces a memory index.
      return 3 | 0x80_c000
    default:
      return 0
  }
}

function rowOf(opcode: number): number {
  const shape = opcode < bulkBase ? shapeOf(opcode) : 0
  let row = shape
  if (opcode >= code.localGet && opcode <= code.localTee) row |= 1 << decoding.localAt
  if (nanOf[opcode] !== 0) row |= decoding.floats
  if (opcode >= vectorBase) row |= decoding.vector
  if (isMarked(opcode)) return row | decoding.special | decoding.marked
  row |= shortWeightOf(opcode) << decoding.weightAt
  row |= ((heightChange[opcode] as number) & 7) << decoding.changeAt
  return shape === 0 ? row | decoding.special : row
}

function shortWeightOf(opcode: number): number {
  const weight = weightOf[opcode] as number
  if (weight > 0xff) throw new RangeError(`the weight ${weight} of an instruction that is not marked does not fit`)
  return weight
}

export const rows = new Int32Array(opcodesEnd)
for (let opcode = 0; opcode < opcodesEnd; opcode++) rows[opcode] = rowOf(opcode)
