/** A function's body as it is rewritten: its marks, and its locals. One is made, and goes from function to function. */
import { Reader } from '../binary.ts'
import type { FunctionType, ParsedModule, Range } from '../sections.ts'
import type { Marks, Outline } from './marks.ts'
import { code } from './opcodes.ts'

export class Body {
  readonly bytes: Uint8Array
  readonly marks: Marks
  /** Which of the marks are its own: the last is that of its `end`. */
  first = 0
  last = 0
  /** The same for Marks.movables. */
  movableFirst = 0
  movableLast = 0
  /** Where its instructions begin, and what comes behind it. */
  start = 0
  end = 0
  type: FunctionType = { parameters: [], results: [] }
  /** Declared locals as runs: count, type, count, type. */
  readonly locals: number[] = []
  localCount = 0
  private readonly module: ParsedModule
  private readonly reader: Reader

  constructor(module: ParsedModule, marks: Marks) {
    this.module = module
    this.bytes = module.bytes
    this.marks = marks
    this.reader = new Reader(module.bytes, 'code section')
  }

  /** The body of the function that the module defines as its `index`th, whose marks are at `outline`. */
  enter(index: number, { first, last, movableFirst, movableLast }: Outline): void {
    const { reader, module } = this
    const { start, end } = module.bodies[index] as Range
    this.first = first
    this.last = last
    this.movableFirst = movableFirst
    this.movableLast = movableLast
    this.type = module.types[module.functions[index] as number] as FunctionType
    reader.at = start
    reader.end = this.end = end
    this.locals.length = this.localCount = 0
    for (let left = reader.u32(); left > 0; left--) {
      const count = reader.u32()
      this.locals.push(count, reader.byte())
      this.localCount += count
    }
    this.start = reader.at
  }
}

/** Code behind one of these, up to the end or else of its block, is never reached. */
export const endsReach = (opcode: number): boolean =>
  opcode === code.br ||
  opcode === code.return ||
  opcode === code.unreachable ||
  opcode === code.brTable ||
  opcode === code.returnCall ||
  opcode === code.returnCallIndirect

/** Reads the br_table at `mark`, one number each call: how many targets come before the default, then those, then the default. */
export function branchTargets({ bytes, marks }: Body, mark: number): () => number {
  let place = marks.immediates[mark] as number
  return () => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[place++] as number
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
  }
}

/** The index in the local.get, local.set or local.tee at `at`. */
export function localIndex(bytes: Uint8Array, at: number): number {
  const first = bytes[at + 1] as number
  if (first < 0x80) return first
  let value = first & 0x7f
  for (let shift = 7, next = at + 2; ; shift += 7) {
    const byte = bytes[next++] as number
    value |= (byte & 0x7f) << shift
    if (byte < 0x80) return value
  }
}

/** What is behind the instruction at `at`, which may be one of locals or of floats, or a select. */
export function instructionEnd(bytes: Uint8Array, at: number): number {
  const opcode = bytes[at] as number
  let next = at + 1
  if (opcode >= 0xfb || opcode <= code.localTee) {
    if (opcode === code.select) return next
    while ((bytes[next++] as number) >= 0x80);
    if (opcode === code.selectTyped) next++
  }
  return next
}
