/** What is written without regard to calls: operands and results nearly as they were, payments, and short loops several rounds at once. */
import { type Body, emptyBlockType } from './body.ts'
import type { Code } from './code.ts'
import { type FloatMode, FloatPlan } from './floats.ts'
import type { FloatLocals } from './nan.ts'
import { code } from './opcodes.ts'
import { Plan } from './plan.ts'
import type { Program } from './program.ts'

const emptyBlock = 0x40
const i32Eqz = 0x45
/** Bytes of a loop that is still written several times: twice, and four times up to half of it. */
const unrolledBytesMax = 96
/** Instructions that a module may grow by so: real programs stay far below, and nobody makes much of little. */
const unrolledInstructionsMax = 200_000
/** What an unrolled loop adds of its own, as so many instructions. */
const unrolledLoopInstructions = 24

export class PlainWriter {
  protected readonly program: Program
  protected readonly out: Code
  protected readonly plan = new Plan()
  protected readonly body: Body
  /** Locals: fuel, depth, a spare i32. */
  fuel = 0
  protected depth = 0
  spare = 0
  protected moved = 0
  protected movedTo = 0
  /** Blocks that are open in what is written, inside the outermost that a check branches to. */
  level = 0
  protected readonly mode: FloatMode
  protected readonly floatPlan: FloatPlan
  protected floats: FloatLocals | undefined
  private unrolledLeft = unrolledInstructionsMax

  constructor(program: Program, out: Code, body: Body, mode: FloatMode) {
    this.program = program
    this.out = out
    this.body = body
    this.mode = mode
    this.floatPlan = new FloatPlan(program.module, body)
  }

  protected pay(payment: number): void {
    const { out, fuel } = this
    if (payment === 0) return
    out.reserve(64)
    out.op(code.localGet, fuel)
    out.subtract(payment)
    out.op(code.localSet, fuel)
  }

  /** Ends the run where the fuel is used up. */
  protected check(): void {
    const { out, fuel, level } = this
    out.reserve(64)
    out.op(code.localGet, fuel)
    out.checkBelowZero(level)
  }

  /** How many rounds of the loop at `place` of `marked` are written at once: more than one if it is short, straight, and begins again only at its end. */
  protected copiesOf(place: number): number {
    const { marked, codes, starts, immediates } = this.body
    const loop = marked[place] as number
    const branch = marked[place + 1] as number
    if (this.plan.loops[loop] !== 1 || immediates[loop] !== emptyBlockType) return 1
    if (codes[branch] !== code.brIf || immediates[branch] !== 0 || codes[branch + 1] !== code.end) return 1
    const bytes = (starts[branch] as number) - (starts[loop] as number)
    if (bytes > unrolledBytesMax || this.unrolledLeft <= 0) return 1
    return bytes > unrolledBytesMax / 2 ? 2 : 4
  }

  /**
   * A loop without anything marked in it, several rounds at once, checked and paid for once: who leaves it between them comes through as many
   * payments of one round as there were.
   */
  protected unroll(place: number, copies: number): void {
    const { out, body, plan } = this
    const { marked, starts, bytes } = body
    const first = (marked[place] as number) + 1
    const branch = marked[place + 1] as number
    const payment = plan.payments[branch] as number
    this.level += copies + 1
    out.reserve(64)
    for (let left = copies; left > 0; left--) out.op(code.block, emptyBlock)
    out.op(code.loop, emptyBlock)
    this.check()
    for (let left = copies; left > 0; left--) {
      out.copy(bytes, this.writePlain(first, branch, starts[first] as number), starts[branch] as number)
      if (left > 1) out.byte(i32Eqz)
      else this.pay(copies * payment)
      out.op(code.brIf, left - 1)
    }
    out.byte(code.end)
    out.op(code.br, copies - 1)
    for (let left = copies; left > 1; left--) {
      out.byte(code.end)
      this.pay(payment)
    }
    out.byte(code.end)
    this.level -= copies + 1
    this.unrolledLeft -= copies * (branch - first) + unrolledLoopInstructions
  }

  /** Instructions `at` to `end`, none of which is marked; of the bytes those up to `copied` are written. @returns the new `copied`. */
  protected writePlain(at: number, end: number, copied: number): number {
    const { out, body, fuel, moved, movedTo } = this
    const { codes, starts, bytes, immediates } = body
    const marks = this.floats === undefined ? undefined : this.floatPlan.marks
    let behind = copied
    for (let next = at; next < end; next++) {
      const opcode = codes[next] as number
      if (opcode >= code.localGet && opcode <= code.localTee) {
        const local = (immediates[next] as number) - fuel
        if (local >= 0 && local < moved) {
          out.copy(bytes, behind, starts[next] as number)
          out.op(opcode, fuel + local + movedTo)
          behind = starts[next + 1] as number
        }
      }
      if (marks === undefined || marks[next] === 0) continue
      out.copy(bytes, behind, starts[next + 1] as number)
      behind = starts[next + 1] as number
      this.float(next, marks[next] as number)
    }
    return behind
  }

  /** Behind instruction `at`, whose value shows its bits. */
  protected float(at: number, kind: number): void {
    const { floats, out, body } = this
    if (this.mode === 'repair') return floats?.repair(out, kind)
    const opcode = body.codes[at] as number
    const ofLocal = opcode >= code.localGet && opcode <= code.localTee
    floats?.look(out, kind, ofLocal ? this.local(body.immediates[at] as number) : undefined)
  }

  /** Where a local of the module stands now. */
  protected local(index: number): number {
    const moved = index >= this.fuel && index < this.fuel + this.moved
    return moved ? index + this.movedTo : index
  }
}
