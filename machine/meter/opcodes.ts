/**
 * Instructions as the meter counts them: one number each, prefixed ones folded behind the others (0xfc n is 0x100 + n, 0xfd n is
 * 0x200 + n), and by that number what they cost, what they do to the stack, and what follows them.
 */
import { instructionWeights } from '../weights.ts'

export const bulkBase = 0x100
export const vectorBase = 0x200
export const opcodesEnd = 0x300

export const code = {
  unreachable: 0x00,
  nop: 0x01,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  return: 0x0f,
  call: 0x10,
  callIndirect: 0x11,
  returnCall: 0x12,
  returnCallIndirect: 0x13,
  drop: 0x1a,
  select: 0x1b,
  selectTyped: 0x1c,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  memoryGrow: 0x40,
  i32Const: 0x41,
  i64Const: 0x42,
  f32Const: 0x43,
  f64Const: 0x44,
  refFunc: 0xd2,
  memoryInit: bulkBase + 8,
  memoryCopy: bulkBase + 10,
  memoryFill: bulkBase + 11,
  tableInit: bulkBase + 12,
  tableCopy: bulkBase + 14,
  tableGrow: bulkBase + 15,
  tableFill: bulkBase + 17,
  v128Const: vectorBase + 12,
} as const

/** The weight of each. */
export const weightOf = new Float64Array(opcodesEnd)
for (const { prefix, first, last, weight } of instructionWeights) {
  const base = prefix === 0 ? 0 : prefix === 0xfc ? bulkBase : vectorBase
  weightOf.fill(weight, base + first, base + last + 1)
}

/** Operands pushed less operands popped, where that does not depend on a type: calls, blocks and branches are left out. */
export const heightChange = new Int8Array(opcodesEnd)
const changes = (change: number, base: number, ...ranges: [number, number][]) => {
  for (const [first, last] of ranges) heightChange.fill(change, base + first, base + last + 1)
}
changes(1, 0, [0x20, 0x20], [0x23, 0x23], [0x3f, 0x3f], [0x41, 0x44], [0xd0, 0xd0], [0xd2, 0xd2])
changes(-1, 0, [0x1a, 0x1a], [0x21, 0x21], [0x24, 0x24], [0x46, 0x4f], [0x51, 0x66], [0x6a, 0x78], [0x7c, 0x8a])
changes(-1, 0, [0x04, 0x04], [0x0d, 0x0e], [0x92, 0x98], [0xa0, 0xa6])
changes(-2, 0, [0x1b, 0x1c], [0x26, 0x26], [0x36, 0x3e])
changes(-3, bulkBase, [8, 8], [10, 12], [14, 14], [17, 17])
changes(-1, bulkBase, [15, 15])
changes(1, bulkBase, [16, 16])
changes(1, vectorBase, [12, 12])
changes(-2, vectorBase, [11, 11], [82, 82], [88, 91])
changes(-1, vectorBase, [13, 14], [23, 23], [26, 26], [28, 28], [30, 30], [32, 32], [34, 76], [78, 81], [84, 87])
changes(-1, vectorBase, [101, 102], [107, 115], [118, 121], [123, 123], [130, 130], [133, 134], [139, 147], [149, 155])
changes(-1, vectorBase, [156, 159], [171, 177], [181, 191], [203, 223], [228, 235], [240, 247])

/** Operands that it pushes: the same instructions are left out. */
const pushes = new Uint8Array(opcodesEnd).fill(1)
const pushesNone = (base: number, ...ranges: [number, number][]) => {
  for (const [first, last] of ranges) pushes.fill(0, base + first, base + last + 1)
}
pushesNone(0, [0x00, 0x1a], [0x21, 0x21], [0x24, 0x24], [0x26, 0x26], [0x36, 0x3e])
pushesNone(bulkBase, [8, 14], [17, 17])
pushesNone(vectorBase, [11, 11], [88, 91])
export const pushesOf: Readonly<Uint8Array> = pushes
/** Operands that it pops. */
export const popsOf = new Uint8Array(opcodesEnd)
for (let opcode = 0; opcode < opcodesEnd; opcode++) {
  popsOf[opcode] = Math.max(0, (pushes[opcode] as number) - (heightChange[opcode] as number))
}

/** How a NaN looks that an instruction may make: 0 for none. */
export const nan = { f32: 1, f64: 2, f32x4: 3, f64x2: 4 } as const
const kinds = (table: Uint8Array, kind: number, base: number, ...ranges: [number, number][]) => {
  for (const [first, last] of ranges) table.fill(kind, base + first, base + last + 1)
}
/** What kind of result with open NaN bits an instruction has (SPEC.md, NaN). */
export const nanOf = new Uint8Array(opcodesEnd)
/** Which kind of operand it takes without looking at the bits of a NaN: the same for every NaN. 0 for none. */
export const blindTo = new Uint8Array(opcodesEnd)
kinds(nanOf, nan.f32, 0, [0x8d, 0x97], [0xb6, 0xb6])
kinds(nanOf, nan.f64, 0, [0x9b, 0xa5], [0xbb, 0xbb])
kinds(nanOf, nan.f32x4, vectorBase, [94, 94], [103, 106], [227, 233])
kinds(nanOf, nan.f64x2, vectorBase, [95, 95], [116, 117], [122, 122], [148, 148], [239, 245])

blindTo.set(nanOf)
kinds(blindTo, nan.f64, 0, [0xb6, 0xb6])
kinds(blindTo, nan.f32, 0, [0xbb, 0xbb])
kinds(blindTo, nan.f64x2, vectorBase, [94, 94])
kinds(blindTo, nan.f32x4, vectorBase, [95, 95])
kinds(blindTo, nan.f32, 0, [0x5b, 0x60], [0xa8, 0xa9], [0xae, 0xaf])
kinds(blindTo, nan.f64, 0, [0x61, 0x66], [0xaa, 0xab], [0xb0, 0xb1])
kinds(blindTo, nan.f32, bulkBase, [0, 1], [4, 5])
kinds(blindTo, nan.f64, bulkBase, [2, 3], [6, 7])
kinds(blindTo, nan.f32x4, vectorBase, [65, 70], [248, 249])
kinds(blindTo, nan.f64x2, vectorBase, [71, 76], [252, 253])

/** The bits of a NaN go through it but for the sign: abs, neg, copysign (its second operand gives the sign). */
export const signChange = new Uint8Array(opcodesEnd)
kinds(signChange, nan.f32, 0, [0x8b, 0x8c], [0x98, 0x98])
kinds(signChange, nan.f64, 0, [0x99, 0x9a], [0xa6, 0xa6])

/** What follows an opcode, as the decoder tells them apart. */
export const follows = {
  refused: 0,
  nothing: 1,
  index: 2,
  block: 3,
  memory: 4,
  leb: 5,
  twoIndices: 6,
  branchTable: 7,
  f32: 8,
  f64: 9,
  v128: 10,
  lane: 11,
  memoryLane: 12,
  memoryIndex: 13,
  twoMemoryIndices: 14,
  dataMemory: 15,
  types: 16,
  reference: 17,
} as const

export const immediateOf = new Uint8Array(opcodesEnd)
const immediates = (kind: number, base: number, ...ranges: [number, number][]) => {
  for (const [first, last] of ranges) immediateOf.fill(kind, base + first, base + last + 1)
}
immediates(follows.nothing, 0, [0x00, 0x01], [0x05, 0x05], [0x0b, 0x0b], [0x0f, 0x0f], [0x1a, 0x1b], [0x45, 0xc4])
immediates(follows.nothing, 0, [0xd1, 0xd1])
immediates(follows.block, 0, [0x02, 0x04])
immediates(follows.index, 0, [0x0c, 0x0d], [0x10, 0x10], [0x12, 0x12], [0x20, 0x26], [0xd2, 0xd2])
immediates(follows.twoIndices, 0, [0x11, 0x11], [0x13, 0x13])
immediates(follows.branchTable, 0, [0x0e, 0x0e])
immediates(follows.types, 0, [0x1c, 0x1c])
immediates(follows.memory, 0, [0x28, 0x3e])
immediates(follows.memoryIndex, 0, [0x3f, 0x40])
immediates(follows.leb, 0, [0x41, 0x42])
immediates(follows.f32, 0, [0x43, 0x43])
immediates(follows.f64, 0, [0x44, 0x44])
immediates(follows.reference, 0, [0xd0, 0xd0])
immediates(follows.nothing, bulkBase, [0, 7])
immediates(follows.dataMemory, bulkBase, [8, 8])
immediates(follows.index, bulkBase, [9, 9], [13, 13], [15, 17])
immediates(follows.twoMemoryIndices, bulkBase, [10, 10])
immediates(follows.memoryIndex, bulkBase, [11, 11])
immediates(follows.twoIndices, bulkBase, [12, 12], [14, 14])
immediates(follows.memory, vectorBase, [0, 11], [92, 93])
immediates(follows.v128, vectorBase, [12, 13])
immediates(follows.lane, vectorBase, [21, 34])
immediates(follows.memoryLane, vectorBase, [84, 91])
immediates(follows.nothing, vectorBase, [14, 20], [35, 83], [94, 153], [155, 161], [163, 164], [167, 174], [177, 177])
immediates(follows.nothing, vectorBase, [181, 186], [188, 193], [195, 196], [199, 206], [209, 209], [213, 225])
immediates(follows.nothing, vectorBase, [227, 237], [239, 255])

/** What an instruction adds to its bytes in a body's room (limits.ts, bodyRoomMax; SPEC.md, Profiles). */
export const roomOf = new Uint8Array(opcodesEnd)
roomOf.fill(2, code.localGet, code.localTee + 1)
roomOf.fill(24, code.loop, code.else + 1)
roomOf.fill(24, code.br, code.returnCallIndirect + 1)
roomOf.fill(24, code.memoryGrow, code.memoryGrow + 1)
roomOf.fill(24, code.memoryInit, code.tableFill + 1)
for (let opcode = 0; opcode < opcodesEnd; opcode++) if (nanOf[opcode] !== 0) roomOf[opcode] = 40
