/** Walking through the bodies: the one loop over instructions that the verdict and the rewriter share. */
import { Reader } from './binary.ts'
import { op, readInstruction, readValueType } from './instructions.ts'
import { localsMax, nestingMax } from './limits.ts'
import type { ParsedModule, Range } from './sections.ts'

/**
 * Reads the body in `range`, calling `visit` with each instruction's opcode and where its bytes begin and end.
 * @returns where the instructions begin, behind the declarations of locals.
 * @throws {PhaseError} `moduleRejected` for an instruction that is not admitted, too many locals, too deep blocks.
 */
export function walkBody(
  module: ParsedModule,
  range: Range,
  parameters: number,
  visit: (code: number, start: number, end: number) => void,
): number {
  const reader = new Reader(module.bytes, 'code section', range.start, range.end)
  readLocals(reader, parameters)
  const first = reader.at
  for (let depth = 1; depth > 0; ) {
    const start = reader.at
    const code = readInstruction(reader)
    if (code === op.end) depth--
    else if (code === op.block || code === op.loop || code === op.if) {
      if (++depth > nestingMax) throw reader.rejected(`blocks nested deeper than ${nestingMax}`, start)
    }
    visit(code, start, reader.at)
  }
  reader.done()
  return first
}

function readLocals(reader: Reader, parameters: number): void {
  let total = parameters
  for (let left = reader.count(localsMax, 'declarations of locals', 2); left > 0; left--) {
    const start = reader.at
    total += reader.u32()
    if (total > localsMax)
      throw reader.rejected(`${total} locals of a function exceed the limit of ${localsMax}`, start)
    readValueType(reader)
  }
}
