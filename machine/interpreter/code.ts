/** Instructions out of the binary (https://webassembly.github.io/spec/core/binary/instructions.html): a flat list, blocks knowing their ends. */
import { isPrefix, type Operation, operations } from './operations.ts'
import type { Reader } from './reader.ts'
import { type FunctionType, isReferenceType, typeOfByte, type Value, type ValueType } from './values.ts'

export class Instruction {
  readonly operation: Operation
  /** Where it stands in the module, in bytes. */
  readonly at: number
  /** The first index behind the opcode, or the lane; of a memory access the exponent of its alignment. */
  index = 0
  /** The second one. */
  other = 0
  /** Of a memory access. */
  offset = 0
  constant: Value = 0
  /** Of br_table: the targets, the default last. Of i8x16.shuffle: the lanes. */
  list: readonly number[] = []
  /** Of block, loop and if; of select and ref.null the types are the results. */
  type: FunctionType = none
  /** Of block, loop and if: where the `end` stands in the list; of an else, too. */
  end = 0
  /** Of if: where the `else` stands, or the `end` where there is none. */
  otherwise = 0

  constructor(operation: Operation, at: number) {
    this.operation = operation
    this.at = at
  }
}

const none: FunctionType = { parameters: [], results: [] }

/** An expression: instructions up to the `end` that closes none of their blocks, that one included. */
export function readExpression(reader: Reader, types: readonly FunctionType[]): Instruction[] {
  const instructions: Instruction[] = []
  const open: Instruction[] = []
  for (;;) {
    const instruction = readInstruction(reader, types)
    const index = instructions.push(instruction) - 1
    const { name, immediates } = instruction.operation
    if (immediates === 'block') open.push(instruction)
    if (name === 'else') pairElse(reader, open.at(-1), index)
    if (name !== 'end') continue
    const block = open.pop()
    if (block === undefined) return instructions
    block.end = index
    const otherwise = instructions[block.otherwise]
    if (block.otherwise === 0) block.otherwise = index
    else if (otherwise !== undefined) otherwise.end = index
  }
}

function pairElse(reader: Reader, block: Instruction | undefined, index: number): void {
  if (block?.operation.name !== 'if' || block.otherwise !== 0) reader.fail('an else without an if')
  block.otherwise = index
}

function readInstruction(reader: Reader, types: readonly FunctionType[]): Instruction {
  const { at } = reader
  const byte = reader.byte()
  const code = isPrefix(byte) ? byte * 0x1000 + Math.min(reader.u32(), 0xfff) : byte
  const operation = operations.get(code)
  if (operation === undefined) return reader.fail(`unknown instruction 0x${code.toString(16)}`)
  const instruction = new Instruction(operation, at)
  readImmediates(reader, instruction, types)
  return instruction
}

function readImmediates(reader: Reader, instruction: Instruction, types: readonly FunctionType[]): void {
  switch (instruction.operation.immediates) {
    case 'none':
      return
    case 'block':
      instruction.type = readBlockType(reader, types)
      return
    case 'labels':
      instruction.list = [...reader.vector(() => reader.u32()), reader.u32()]
      return
    case 'lanes':
      instruction.list = Array.from({ length: 16 }, () => reader.byte())
      return
    case 'lane':
      instruction.index = reader.byte()
      return
    case 'types':
      instruction.type = { parameters: [], results: reader.vector(() => readValueType(reader)) }
      return
    case 'referenceType':
      instruction.type = { parameters: [], results: [readReferenceType(reader)] }
      return
    case 'constant':
      instruction.constant = readConstant(reader, instruction.operation.name)
      return
    case 'memoryArgument':
      return readMemoryArgument(reader, instruction)
    case 'memoryArgumentAndLane':
      readMemoryArgument(reader, instruction)
      instruction.other = reader.byte()
      return
    default:
      readIndices(reader, instruction)
  }
}

function readIndices(reader: Reader, instruction: Instruction): void {
  switch (instruction.operation.immediates) {
    case 'memory':
      return readMemoryIndex(reader)
    case 'memoryAndMemory':
      readMemoryIndex(reader)
      return readMemoryIndex(reader)
    case 'dataAndMemory':
      instruction.index = reader.u32()
      return readMemoryIndex(reader)
    case 'tableAndTable':
    case 'elementAndTable':
    case 'typeAndTable':
      instruction.index = reader.u32()
      instruction.other = reader.u32()
      return
    default:
      instruction.index = reader.u32()
  }
}

/** There is one memory: the index is a zero byte. */
function readMemoryIndex(reader: Reader): void {
  if (reader.byte() !== 0) reader.fail('a memory index that is not zero')
}

function readMemoryArgument(reader: Reader, instruction: Instruction): void {
  instruction.index = reader.u32()
  if (instruction.index >= 32) reader.fail('an alignment that is too large')
  instruction.offset = reader.u32()
}

function readConstant(reader: Reader, name: string): Value {
  if (name === 'i32.const') return reader.s32()
  if (name === 'i64.const') return reader.s64()
  if (name === 'f32.const') return reader.f32()
  return name === 'f64.const' ? reader.f64() : reader.copy(16)
}

function readBlockType(reader: Reader, types: readonly FunctionType[]): FunctionType {
  const byte = reader.peek()
  const value = typeOfByte(byte)
  if (byte === 0x40 || value !== undefined) {
    reader.byte()
    return value === undefined ? none : { parameters: [], results: [value] }
  }
  const type = types[reader.s33()]
  return type ?? reader.fail('a block of an unknown type')
}

export function readValueType(reader: Reader): ValueType {
  return typeOfByte(reader.byte()) ?? reader.fail('unknown value type')
}

export function readReferenceType(reader: Reader): 'funcref' | 'externref' {
  const type = readValueType(reader)
  return isReferenceType(type) ? type : reader.fail('not a reference type')
}
