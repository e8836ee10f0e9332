/**
 * Reads the bodies of functions: each once, for what admission wants to know of it (is every instruction admitted, are the bounds kept), for
 * the facts, and for the marks by which it will be rewritten. The module need not be valid yet: then the facts mean nothing, but reading them
 * does no harm.
 */
import { Reader } from '../binary.ts'
import { readValueType } from '../instructions.ts'
import { bodyRoomMax, frameBytesBase, localsMax, localsTotalMax, nestingMax, slotBytes } from '../limits.ts'
import type { FunctionType, ParsedModule, Range } from '../sections.ts'
import { endsReach } from './body.ts'
import { decoding, rows } from './decoding.ts'
import { type Facts, slotsOf, type Types } from './facts.ts'
import { emptyBlockType, InstructionReader } from './immediates.ts'
import type { Marks, Outline } from './marks.ts'
import { code, heightChange, opcodesEnd, roomOf, weightOf } from './opcodes.ts'

const v128 = 0x7b
const { size, special, marked, floats, localAt, longer, weightAt, vector } = decoding
const changeShift = 29 - decoding.changeAt
const roomMax = Math.max(...roomOf)
const none: readonly number[] = []
const noType: FunctionType = { parameters: [], results: [] }

const markedWeight = Int32Array.from(weightOf)
/** Not straight: the cost of running it is not the sum of its instructions, or is not known before it runs. */
const bends = new Uint8Array(opcodesEnd)
for (const opcode of [code.loop, code.if, code.else, code.br, code.brIf, code.brTable, code.return, code.unreachable])
  bends[opcode] = 1
for (const opcode of [code.returnCall, code.returnCallIndirect, code.callIndirect, code.memoryGrow]) bends[opcode] = 1
for (const opcode of [code.memoryInit, code.memoryCopy, code.memoryFill]) bends[opcode] = 1
for (const opcode of [code.tableInit, code.tableCopy, code.tableGrow, code.tableFill]) bends[opcode] = 1
bends[code.refFunc] = 1

export class BodyReader {
  private readonly reader: Reader
  private readonly instructions: InstructionReader
  private readonly module: ParsedModule
  private readonly types: Types
  private readonly marks: Marks
  private readonly words: DataView
  private parameters = 0
  private localSlots = 0
  /** Of all bodies read so far. */
  private localsTotal = 0
  private cost = 0
  private straight = true
  /** There is a v128, or a float of open bits. */
  private wide = false
  private floats = false
  private readonly calls: number[] = []
  private readonly indirectCalls: number[] = []
  private readonly references: number[] = []
  /** Blocks that are open, and by their number the height of the stack behind their `else`, and behind them. */
  private depth = 0
  private readonly inside = new Int32Array(nestingMax + 1)
  private readonly behind = new Int32Array(nestingMax + 1)

  constructor(module: ParsedModule, types: Types, marks: Marks) {
    const { bytes } = module
    this.reader = new Reader(bytes, 'code section')
    this.instructions = new InstructionReader(this.reader)
    this.module = module
    this.types = types
    this.marks = marks
    this.words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  /**
   * Reads the body of the function that the module defines as its `index`th. Its marks are added to those that are there.
   * @throws {PhaseError} `moduleRejected` for an instruction that is not admitted, too many locals (of one function, or of all that were read), too deep blocks, too little room for charges.
   */
  read(index: number): Facts & { outline: Outline } {
    const { module, marks, reader } = this
    const { start, end } = module.bodies[index] as Range
    const type = module.types[module.functions[index] as number] ?? noType
    reader.at = start
    reader.end = end
    this.wide = type.parameters.includes(v128) || type.results.includes(v128)
    this.floats = false
    this.straight = true
    this.cost = 0
    this.calls.length = this.indirectCalls.length = this.references.length = 0
    this.readLocals(type.parameters.length)
    const begin = reader.at
    const [first, movableFirst] = [marks.count, marks.movableCount]
    marks.reserve(end - begin)
    const height = this.readInstructions()
    reader.done()
    this.checkRoom(begin)
    const outline = { first, last: marks.count, movableFirst, movableLast: marks.movableCount }
    const slots =
      2 * (slotsOf(type.parameters) + slotsOf(type.results)) + this.localSlots + height * (this.wide ? 2 : 1)
    return {
      frameBytes: frameBytesBase + slotBytes * slots,
      cost: this.cost,
      straight: this.straight,
      calls: this.calls.length === 0 ? none : this.calls.slice(),
      indirectCalls: this.indirectCalls.length === 0 ? none : this.indirectCalls.slice(),
      references: this.references.length === 0 ? none : this.references.slice(),
      floats: this.floats,
      outline,
    }
  }

  private readLocals(parameters: number): void {
    const { reader } = this
    let total = parameters
    let slots = 0
    for (let left = reader.count(localsMax, 'declarations of locals', 2); left > 0; left--) {
      const start = reader.at
      const count = reader.u32()
      total += count
      if (total > localsMax) {
        throw reader.rejected(`${total} locals of a function exceed the limit of ${localsMax}`, start)
      }
      const wide = readValueType(reader) === v128
      if (wide) this.wide = true
      slots += wide ? 2 * count : count
    }
    this.localsTotal += total
    if (this.localsTotal > localsTotalMax) {
      throw reader.rejected(`locals of all functions exceed the limit of ${localsTotalMax}`)
    }
    this.parameters = parameters
    this.localSlots = slots
  }

  /**
   * What is not marked and has short immediates, as nearly everything, is stepped over without a branch: which instruction comes next is
   * what no processor foresees. @returns the most operands on the stack.
   */
  private readInstructions(): number {
    const { reader, instructions, marks, words, parameters } = this
    const { end } = reader
    const { opcodes, starts, ends, immediates, costs, movables } = marks
    const wordsEnd = end - 3
    let { count, movableCount } = marks
    let { at } = reader
    let cost = 0
    let height = 0
    let highest = 0
    let met = 0
    this.depth = 0
    this.behind[0] = this.inside[0] = 0
    while (this.depth >= 0) {
      while (at < wordsEnd) {
        const word = words.getInt32(at, true)
        const row = rows[word & 0xff] as number
        if ((row & (word | special) & (longer | special)) !== 0) break
        movables[movableCount] = at
        movableCount += (row >>> localAt) & isFirstTwo(((word >>> 8) & 0xff) - parameters)
        height += (row << changeShift) >> 29
        if (height > highest) highest = height
        cost += row >>> weightAt
        met |= row
        at += row & size
      }
      reader.at = at
      const opcode = instructions.next()
      const row = rows[opcode] as number
      if ((row & marked) === 0) {
        movables[movableCount] = at
        movableCount += (row >>> localAt) & isFirstTwo(instructions.immediate - parameters)
        height += (row << changeShift) >> 29
        cost += row >>> weightAt
        met |= row
      } else {
        cost += markedWeight[opcode] as number
        opcodes[count] = opcode
        starts[count] = at
        ends[count] = reader.at
        immediates[count] = instructions.immediate
        costs[count++] = cost
        this.cost += cost
        cost = 0
        height = this.step(opcode, instructions.immediate, height)
        if (endsReach(opcode)) this.skipDead()
      }
      if (height > highest) highest = height
      at = reader.at
    }
    marks.count = count
    marks.movableCount = movableCount
    if ((met & vector) !== 0) this.wide = true
    if ((met & floats) !== 0) this.floats = true
    return highest
  }

  /** Of an instruction that is marked. @returns the height of the stack behind it. */
  private step(opcode: number, immediate: number, height: number): number {
    if (bends[opcode] === 1) this.straight = false
    switch (opcode) {
      case code.block:
      case code.loop:
      case code.if:
        return this.open(immediate, opcode === code.if ? height - 1 : height)
      case code.else:
        return this.inside[this.depth] as number
      case code.end:
        return this.behind[this.depth--] as number
      case code.brIf:
        return height - 1
      case code.call:
        return height + this.call(immediate)
      case code.returnCall:
        this.call(immediate)
        return height
      case code.callIndirect:
        return height + this.callIndirect(immediate) - 1
      case code.returnCallIndirect:
        this.callIndirect(immediate)
        return height
      case code.globalGet:
        if (this.module.globals[immediate] === v128) this.wide = true
        return height + 1
      case code.refFunc:
        this.references.push(immediate)
        return height + 1
    }
    return opcode < code.drop ? height : height + (heightChange[opcode] as number)
  }

  private open(blockType: number, below: number): number {
    const { types, reader } = this
    const depth = ++this.depth
    if (depth >= nestingMax) throw reader.rejected(`blocks nested deeper than ${nestingMax}`)
    if (blockType < 0) {
      this.inside[depth] = below
      this.behind[depth] = blockType === emptyBlockType ? below : below + 1
      return below
    }
    const type = types.known(blockType)
    this.inside[depth] = below
    this.behind[depth] = below + (types.results[type] as number) - (types.parameters[type] as number)
    return below
  }

  private call(index: number): number {
    this.calls.push(index)
    return this.changeBy(this.types.ofFunction(index))
  }

  private callIndirect(index: number): number {
    const type = this.types.known(index)
    this.indirectCalls.push(this.types.structural[type] as number)
    return this.changeBy(type)
  }

  /** What a call of such a function does to the height of the stack. */
  private changeBy(type: number): number {
    const { types } = this
    if (types.wide[type] === 1) this.wide = true
    if (types.float[type] === 1) this.floats = true
    return (types.results[type] as number) - (types.parameters[type] as number)
  }

  /** Up to the `end` or `else` of the block: nothing in between is reached. */
  private skipDead(): void {
    const { reader } = this
    const { bytes } = reader
    for (let depth = 0; ; ) {
      const start = reader.at
      const byte = start < reader.end ? bytes[start] : undefined
      if (depth === 0 && (byte === code.end || byte === code.else)) return
      const opcode = this.instructions.next()
      if (opcode === code.end) depth--
      else if (opcode >= code.block && opcode <= code.if && this.depth + ++depth >= nestingMax) {
        throw reader.rejected(`blocks nested deeper than ${nestingMax}`, start)
      }
    }
  }

  /** Few bodies are long enough to need a second look. */
  private checkRoom(begin: number): void {
    const { reader } = this
    let room = reader.end - begin
    if (room * (1 + roomMax) <= bodyRoomMax) return
    for (reader.at = begin; reader.at < reader.end; ) room += roomOf[this.instructions.next()] as number
    if (room <= bodyRoomMax) return
    throw reader.rejected(`a function of ${room} bytes with its charges exceeds the limit of ${bodyRoomMax}`, begin)
  }
}

/** 1 for 0 and 1, else 0: without a branch. */
const isFirstTwo = (index: number): number => ((index >>> 1) - 1) >>> 31
