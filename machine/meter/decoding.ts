/**
 * How an instruction is decoded where its immediates are as short as they nearly always are: one number for each, so that the decoder needs
 * no branch to tell them apart.
 */
import { bulkBase, code, follows, immediateOf, nanOf, opcodesEnd, weightOf } from './opcodes.ts'

/** The bits of a row. The masks are of the two bytes behind the opcode: where one of their bits is set, the immediates are read one by one. */
export const decoding = {
  /** How many bytes the immediates take. */
  width: 0x3,
  /** They are always read one by one. */
  long: 0x4,
  /** It opens a block. */
  opensAt: 3,
  /** It is an `end`. */
  closesAt: 4,
  /** Its result may be a NaN of open bits. */
  floats: 0x20,
  /** It is listed in Body.marked. */
  markedAt: 6,
  firstMaskAt: 8,
  secondMaskAt: 16,
  /** Its weight, where it is not marked: at most 255. */
  weightAt: 24,
} as const

const isMarked = (opcode: number): boolean =>
  opcode <= code.returnCallIndirect ||
  opcode === code.globalGet ||
  opcode === code.memoryGrow ||
  opcode === code.refFunc ||
  (opcode >= bulkBase + 8 && opcode < bulkBase + 0x100)

function rowOf(opcode: number): number {
  let row = 0
  if (opcode >= code.block && opcode <= code.if) row |= 1 << decoding.opensAt
  if (opcode === code.end) row |= 1 << decoding.closesAt
  if (nanOf[opcode] !== 0) row |= decoding.floats
  if (isMarked(opcode)) row |= 1 << decoding.markedAt
  else row |= (weightOf[opcode] as number) << decoding.weightAt
  const masks = (first: number, second = 0) => (first << decoding.firstMaskAt) | (second << decoding.secondMaskAt)
  switch (immediateOf[opcode]) {
    case follows.nothing:
      return row
    case follows.index:
    case follows.leb:
      return row | 1 | masks(0x80)
    case follows.memory:
      return row | 2 | masks(0xc0, 0x80)
    case follows.block:
      // Every block type but the empty one, 0x40, has another bit.
      return row | 1 | masks(0xbf)
    default:
      return row | decoding.long
  }
}

export const decodingOf = new Uint32Array(opcodesEnd)
for (let opcode = 0; opcode < opcodesEnd; opcode++) decodingOf[opcode] = rowOf(opcode)
