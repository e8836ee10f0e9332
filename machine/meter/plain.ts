/** What is written without regard to calls: operands and results nearly as they were, payments, and short loops several rounds at once. */
import { type Body, instructionEnd, localIndex } from './body.ts'
import type { Code } from './code.ts'
import { type FloatMode, FloatPlan } from './floats.ts'
import { emptyBlockType } from './immediates.ts'
import type { FloatLocals } from './nan.ts'
import { code } from './opcodes.ts'
import { Plan } from './plan.ts'
import type { Program } from './program.ts'

const emptyBlock = 0x40
const i32Eqz = 0x45
/** Bytes of a loop that is still written several times: twice, and four times up to half of it. */
const unrolledBytesMax = 96
/** Bytes that a module may grow by so: real programs stay far below, and nobody makes much of little. */
const unrolledInAllMax = 400_000
/** What an unrolled loop adds of its own. */
const unrolledLoopBytes = 48

export class PlainWriter {
  protected readonly program: Program
  protected readonly out: Code
  protected readonly plan: Plan
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
  private unrolledLeft = unrolledInAllMax
  /** What of the body's movable locals, and of the places where floats are looked at, is not written yet. */
  protected nextMovable = 0
  protected nextLook = 0

  constructor(program: Program, out: Code, body: Body, mode: FloatMode) {
    this.program = program
    this.out = out
    this.body = body
    this.mode = mode
    this.plan = new Plan(body)
    this.floatPlan = new FloatPlan(program.module, program.types, body)
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

  /** How many rounds of the loop at `mark` are written at once: more than one if it is short, straight, and begins again only at its end. */
  protected copiesOf(mark: number): number {
    const { opcodes, starts, ends, immediates } = this.body.marks
    const branch = mark + 1
    if (this.plan.loops[mark - this.body.first] !== 1 || immediates[mark] !== emptyBlockType) return 1
    if (opcodes[branch] !== code.brIf || immediates[branch] !== 0) return 1
    if (opcodes[branch + 1] !== code.end || starts[branch + 1] !== ends[branch]) return 1
    const bytes = (starts[branch] as number) - (starts[mark] as number)
    if (bytes > unrolledBytesMax || this.unrolledLeft <= 0) return 1
    return bytes > unrolledBytesMax / 2 ? 2 : 4
  }

  /**
   * A loop without any mark in it, several rounds at once, checked and paid for once: who leaves it between them comes through as many
   * payments of one round as there were.
   */
  protected unroll(mark: number, copies: number): void {
    const { out, body, plan, nextMovable, nextLook } = this
    const { starts, ends } = body.marks
    const [begin, end] = [ends[mark] as number, starts[mark + 1] as number]
    const payment = plan.payments[mark + 1 - body.first] as number
    this.level += copies + 1
    out.reserve(64)
    for (let left = copies; left > 0; left--) out.op(code.block, emptyBlock)
    out.op(code.loop, emptyBlock)
    this.check()
    for (let left = copies; left > 0; left--) {
      this.nextMovable = nextMovable
      this.nextLook = nextLook
      out.copy(body.bytes, this.writePlain(end, begin), end)
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
    this.unrolledLeft -= copies * (end - begin) + unrolledLoopBytes
  }

  /**
   * The bytes up to `end` in which no mark stands, as far as something in them changes; those up to `copied` are written. @returns the new `copied`: what is behind it
   * can be copied as it is.
   */
  protected writePlain(end: number, copied: number): number {
    if (this.floats !== undefined) return this.writeFloats(this.floatPlan.looks, end, copied)
    if (this.moved === 0) return copied
    const { movableLast, marks } = this.body
    const { movables } = marks
    let behind = copied
    while (this.nextMovable < movableLast) {
      const at = movables[this.nextMovable] as number
      if (at >= end) break
      this.nextMovable++
      behind = this.move(at, behind)
    }
    return behind
  }

  /** The same with floats that are looked at. */
  private writeFloats(looks: readonly number[], end: number, copied: number): number {
    const { out, body } = this
    const { bytes, movableLast, marks } = body
    const { movables } = marks
    let behind = copied
    for (;;) {
      const local = this.nextMovable < movableLast ? (movables[this.nextMovable] as number) : end
      const look = looks[this.nextLook] ?? end
      if (local >= end && look >= end) return behind
      if (local <= look) {
        this.nextMovable++
        behind = this.move(local, behind)
      }
      if (look > local) continue
      this.nextLook++
      const next = instructionEnd(bytes, look)
      out.copy(bytes, behind, next)
      behind = next
      this.float(look)
    }
  }

  /** The local of the instruction at `at`, written anew if it moves. @returns what is behind what has been written. */
  private move(at: number, copied: number): number {
    const { out, body, fuel, moved } = this
    const { bytes } = body
    const index = localIndex(bytes, at)
    if (index - fuel >= moved) return copied
    out.copy(bytes, copied, at)
    out.op(bytes[at] as number, index + this.movedTo)
    return instructionEnd(bytes, at)
  }

  /** Behind the instruction at `at`, whose value shows its bits. */
  protected float(at: number): void {
    const { floats, out, body } = this
    const kind = this.floatPlan.kindAt(at)
    if (this.mode === 'repair') return floats?.repair(out, kind)
    const opcode = body.bytes[at] as number
    const ofLocal = opcode >= code.localGet && opcode <= code.localTee
    floats?.look(out, kind, ofLocal ? this.local(localIndex(body.bytes, at)) : undefined)
  }

  /** Where a local of the module stands now. */
  protected local(index: number): number {
    const moved = index >= this.fuel && index < this.fuel + this.moved
    return moved ? index + this.movedTo : index
  }
}
