/** Bulk operations pay for their length before they run (SPEC.md, Fuel). */
import { lengthWeights } from '../weights.ts'
import type { Code } from './code.ts'
import { code } from './opcodes.ts'

const i64Sub = 0x7d
const i64Add = 0x7c
const i64Mul = 0x7e
const i64ShrU = 0x88
const i64ExtendU = 0xad
/** `bytesPerUnit` is a power of two. */
const shiftOfUnit = Math.log2(lengthWeights.bytesPerUnit)

const ofBytes = (opcode: number): boolean =>
  opcode === code.memoryInit || opcode === code.memoryCopy || opcode === code.memoryFill

/** What is charged by the length on top of the stack. */
export const isBulk = (opcode: number): boolean =>
  ofBytes(opcode) || opcode === code.tableInit || opcode === code.tableCopy || opcode === code.tableFill

/** Charges for the length on the stack, which stays there, and checks. `spare` is an i32; `level` leads out of all blocks. */
export function chargeLength(out: Code, opcode: number, at: { fuel: number; spare: number; level: number }): void {
  out.op(code.localTee, at.spare)
  out.op(code.localGet, at.fuel)
  out.op(code.localGet, at.spare)
  out.byte(i64ExtendU)
  if (!ofBytes(opcode)) {
    out.i64(lengthWeights.tableEntry)
    out.byte(i64Mul)
  } else if (shiftOfUnit > 0) {
    out.i64(lengthWeights.bytesPerUnit - 1)
    out.byte(i64Add)
    out.i64(shiftOfUnit)
    out.byte(i64ShrU)
  }
  out.byte(i64Sub)
  out.setAndCheck(at.fuel, at.level)
}
