/** Functions that the rewriter adds: what is too long to be written at every place that needs it. */
import { tableEntriesMax } from '../limits.ts'
import { lengthWeights } from '../weights.ts'
import type { Code } from './code.ts'
import { code } from './opcodes.ts'
import type { Program } from './program.ts'

const i32 = 0x7f
const i64 = 0x7e
const emptyBlock = 0x40
const i32Eq = 0x46
const i32GtU = 0x4b
const i32Sub = 0x6b
const i64LtS = 0x53
const i64Sub = 0x7d
const i64Mul = 0x7e
const i64ExtendU = 0xad
const memorySize = 0x3f
const bulk = 0xfc

/** stop(fuel): leaves the fuel where the host finds it, says that the machine stopped the guest, and traps. */
export const stopHelper = (program: Program): number =>
  program.helper('stop', () => ({
    type: program.typeIndex({ parameters: [i64], results: [] }),
    write: out => {
      out.byte(0)
      out.op(code.localGet, 0)
      out.op(code.globalSet, program.globalIndex('fuel'))
      out.i32(1)
      out.op(code.globalSet, program.globalIndex('stopped'))
      // V8 takes what is shorter than 12 bytes into every caller, where this would only be in the way.
      for (let left = 4; left > 0; left--) out.byte(code.nop)
      out.byte(code.unreachable)
      out.byte(code.end)
    },
  }))

/**
 * grow(pages, fuel): -1 beyond the limit, without asking the engine; else charged by length, `memory.grow`, and where the engine refuses,
 * the flag and a trap. Pages are compared by what is left, since a sum could wrap.
 */
export const memoryGrowHelper = (program: Program): number =>
  program.helper('memory.grow', () => {
    const stop = stopHelper(program)
    return {
      type: program.typeIndex({ parameters: [i32, i64], results: [i32, i64] }),
      write: out => {
        for (const byte of [1, 1, i32]) out.byte(byte)
        out.op(code.localGet, 0)
        out.op(code.globalGet, program.globalIndex('memoryPagesMax'))
        out.op(memorySize, 0)
        out.byte(i32Sub)
        refuseAbove(out, 1)
        charge(out, 0, 1, lengthWeights.page, stop)
        out.op(code.localGet, 0)
        out.op(code.memoryGrow, 0)
        finishGrow(out, program, 1, 2)
      },
    }
  })

/** The same for a table: grow(value, entries, fuel). */
export const tableGrowHelper = (program: Program, index: number): number =>
  program.helper(`table.grow ${index}`, () => {
    const stop = stopHelper(program)
    const table = program.module.tables[index]
    const maximum = Math.min(table?.maximum ?? tableEntriesMax, tableEntriesMax)
    return {
      type: program.typeIndex({ parameters: [table?.type ?? 0, i32, i64], results: [i32, i64] }),
      write: out => {
        for (const byte of [1, 1, i32]) out.byte(byte)
        out.op(code.localGet, 1)
        out.i32(maximum)
        out.byte(bulk)
        out.op(16, index)
        out.byte(i32Sub)
        refuseAbove(out, 2)
        charge(out, 1, 2, lengthWeights.tableEntry, stop)
        out.op(code.localGet, 0)
        out.op(code.localGet, 1)
        out.byte(bulk)
        out.op(15, index)
        finishGrow(out, program, 2, 3)
      },
    }
  })

/** Answers -1 if the second of two numbers on the stack is the smaller. */
function refuseAbove(out: Code, fuel: number): void {
  out.byte(i32GtU)
  out.op(code.if, emptyBlock)
  out.i32(-1)
  out.op(code.localGet, fuel)
  out.byte(code.return)
  out.byte(code.end)
}

function charge(out: Code, amount: number, fuel: number, each: number, stop: number): void {
  out.op(code.localGet, fuel)
  out.op(code.localGet, amount)
  out.byte(i64ExtendU)
  out.i64(each)
  out.byte(i64Mul)
  out.byte(i64Sub)
  out.op(code.localTee, fuel)
  out.i64(0)
  out.byte(i64LtS)
  out.op(code.if, emptyBlock)
  out.op(code.localGet, fuel)
  out.op(code.call, stop)
  out.byte(code.end)
}

function finishGrow(out: Code, program: Program, fuel: number, result: number): void {
  out.op(code.localTee, result)
  out.i32(-1)
  out.byte(i32Eq)
  out.op(code.if, emptyBlock)
  out.i32(1)
  out.op(code.globalSet, program.globalIndex('growRefused'))
  out.byte(code.unreachable)
  out.byte(code.end)
  out.op(code.localGet, result)
  out.op(code.localGet, fuel)
  out.byte(code.end)
}

/** entry(): what the host calls for `index`. */
export const entryHelper = (program: Program, index: number, depthBytes: number): number =>
  program.helper(`entry ${index}`, () => ({
    type: program.typeIndex({ parameters: [], results: [] }),
    write: out => {
      out.byte(0)
      out.op(code.globalGet, program.globalIndex('fuel'))
      const callClass = program.classOf(index)
      if (callClass === 'depth') out.i32(depthBytes)
      out.op(code.call, program.target(index, callClass))
      out.op(code.globalSet, program.globalIndex('fuel'))
      out.byte(code.end)
    },
  }))
