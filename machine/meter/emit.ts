/** Writes one body again: fuel in a register, depth passed down, payments where the plan puts them. */
import { depthBytesMax } from '../limits.ts'
import { endsReach } from './body.ts'
import type { Facts } from './facts.ts'
import { memoryGrowHelper, stopHelper, tableGrowHelper } from './helpers.ts'
import { chargeLength, isBulk } from './lengths.ts'
import { writeLocals } from './locals.ts'
import { FloatLocals } from './nan.ts'
import { code } from './opcodes.ts'
import { PlainWriter } from './plain.ts'
import type { CallClass } from './program.ts'

const i32 = 0x7f
const emptyBlock = 0x40
const noLooks: readonly number[] = []
const i32Add = 0x6a
const i32Sub = 0x6b
const i32LtS = 0x48
const i64ExtendS = 0xac
const i64Or = 0x84

export class BodyWriter extends PlainWriter {
  private index = 0
  private callClass: CallClass = 'fuel'
  private frameBytes = 0
  /** The only check is where the function begins: the run is stopped right there. */
  private stopsHere = false
  /** The frame is taken from the depth at the beginning; else at each call. */
  private takesFrame = false

  /** Writes `body`, decoded, as function `index`: locals, instructions, end. */
  write(index: number): void {
    const { program, body } = this
    this.index = index
    this.callClass = program.classOf(index)
    const facts = program.facts[index - program.importCount] as Facts
    this.frameBytes = facts.frameBytes
    this.floats = undefined
    this.nextMovable = body.movableFirst
    this.nextLook = 0
    if (facts.floats) this.floatPlan.make(this.mode)
    if (this.callClass === 'straight') return this.writeStraight(facts)
    this.plan.make(this.calls)
    this.writeThreaded(facts)
  }

  /** Whoever calls it pays for it: nothing to add but for what its floats need. */
  private writeStraight(facts: Facts): void {
    const { out, body, plan } = this
    const parameters = body.type.parameters.length
    this.moved = 0
    this.fuel = parameters
    writeLocals(out, body, 0, this.floatLocals(facts, parameters + body.localCount))
    plan.clear()
    this.writeInstructions()
    this.tell()
    out.byte(code.end)
  }

  /** Types of the locals that floats need, from local `first`. */
  private floatLocals(facts: Facts, first: number): readonly number[] {
    if (!facts.floats || this.floatPlan.counts.every((count, kind) => kind === 0 || count === 0)) return []
    this.floats = new FloatLocals(this.floatPlan.counts, first, this.mode === 'detect')
    return this.floats.types
  }

  private tell(): void {
    if (this.mode === 'detect') this.floats?.tell(this.out, this.program.globalIndex('nanSeen'))
  }

  private readonly calls = {
    straightCost: (index: number) => this.program.graph.straightCost[index] as number,
    checks: (index: number) => index < this.program.importCount || this.program.graph.checked[index] === 1,
    reachesHost: (index: number) => this.program.graph.reachesHost[index] === 1,
    typeReachesHost: (type: number) =>
      this.program.graph.types.get(this.program.types.structural[type] as number)?.reachesHost === true,
  }

  private writeThreaded(facts: Facts): void {
    const { program, out, body, plan, index } = this
    const { type } = body
    const parameters = type.parameters.length
    const added = this.callClass === 'depth' ? 2 : 1
    this.fuel = parameters
    this.depth = parameters + 1
    this.moved = Math.min(added, body.localCount)
    this.movedTo = added + body.localCount - this.moved
    this.spare = parameters + added + body.localCount
    const floats = this.floatLocals(facts, this.spare + (plan.spare ? 1 : 0))
    writeLocals(out, body, this.moved, [...(plan.spare ? [i32] : []), ...floats])
    const checkpoint = program.graph.checkpoint[index] === 1
    const checked = program.graph.checked[index] === 1
    const checksLater = plan.checksLoop || plan.bulk
    // A block around all of the body is longer than one stop.
    this.stopsHere = !checksLater
    this.level = 0
    if (checksLater) out.op(code.block, emptyBlock)
    this.takesFrame = checkpoint || (this.callClass === 'depth' && program.deepCalls(facts) > 2)
    if (this.takesFrame && program.graph.deep[index] === 1) this.enter(checkpoint, checked)
    if (plan.functionLabelUsed) this.openFunctionBlock(type.results)
    if (checked && !checkpoint) {
      out.reserve(64)
      out.op(code.localGet, this.fuel)
      out.belowZero()
      this.stopIf()
    }
    this.writeInstructions()
    this.pay(plan.payments[body.last - 1 - body.first] as number)
    if (plan.functionLabelUsed) out.byte(code.end)
    this.tell()
    out.reserve(64)
    this.pushFuel(plan.paidLast)
    if (checksLater) {
      out.byte(code.return)
      out.byte(code.end)
      this.stop()
    }
    out.byte(code.end)
  }

  /**
   * Takes the frame from the depth that is left; a checkpoint stops the run where not enough is left for what may follow. Where fuel is
   * `checked`, too, one test is made of both.
   */
  private enter(checkpoint: boolean, checked: boolean): void {
    const { out, program, index } = this
    const reserve = Math.min(program.graph.reserve[index] as number, depthBytesMax + 1)
    out.reserve(64)
    out.op(code.localGet, this.depth)
    out.i32(Math.min(this.frameBytes, depthBytesMax + 1))
    out.byte(i32Sub)
    out.op(checkpoint ? code.localTee : code.localSet, this.depth)
    if (!checkpoint) return
    if (!checked) {
      out.i32(reserve)
      out.byte(i32LtS)
      return this.stopIf()
    }
    if (reserve > 0) {
      out.i32(reserve)
      out.byte(i32Sub)
    }
    out.byte(i64ExtendS)
    out.op(code.localGet, this.fuel)
    out.byte(i64Or)
    out.belowZero()
    this.stopIf()
  }

  /** Stops the run if the i32 on the stack is not 0. */
  private stopIf(): void {
    const { out } = this
    if (!this.stopsHere) return out.op(code.brIf, this.level)
    out.op(code.if, emptyBlock)
    this.stop()
    out.byte(code.end)
  }

  private stop(): void {
    const { out } = this
    out.op(code.localGet, this.fuel)
    out.op(code.call, stopHelper(this.program))
    out.byte(code.unreachable)
  }

  private openFunctionBlock(results: readonly number[]): void {
    const { out, program } = this
    out.reserve(16)
    out.byte(code.block)
    if (results.length === 0) out.byte(emptyBlock)
    else if (results.length === 1) out.byte(results[0] as number)
    else out.signed(program.typeIndex({ parameters: [], results }))
    this.level++
  }

  private writeInstructions(): void {
    const { out, body } = this
    const { bytes, first, start } = body
    const { opcodes, starts, ends } = body.marks
    const looks = this.floats === undefined ? noLooks : this.floatPlan.looks
    const last = body.last - 1
    let copied = start
    for (let mark = first; ; mark++) {
      const at = starts[mark] as number
      copied = this.writePlain(at, copied)
      if (mark === last) break
      const opcode = opcodes[mark] as number
      const copies = opcode === code.loop ? this.copiesOf(mark) : 1
      if (copies > 1) {
        out.copy(bytes, copied, at)
        this.unroll(mark, copies)
        mark += 2
        copied = ends[mark] as number
        continue
      }
      if (!this.staysAsItIs(opcode, mark)) {
        out.copy(bytes, copied, at)
        copied = this.special(opcode, mark) ? (ends[mark] as number) : at
      }
      const look = looks[this.nextLook] === at
      if (look) this.nextLook++
      if (endsReach(opcode)) {
        out.copy(bytes, copied, ends[mark] as number)
        copied = starts[mark + 1] as number
      } else if (look) {
        out.copy(bytes, copied, ends[mark] as number)
        copied = ends[mark] as number
        this.float(at)
      }
    }
    out.copy(bytes, copied, starts[last] as number)
  }

  /** Most marks do: nothing is paid at them. */
  private staysAsItIs(opcode: number, mark: number): boolean {
    if (opcode === code.globalGet) return true
    const { plan, body } = this
    const place = mark - body.first
    if (opcode > code.brTable || opcode === code.loop || plan.payments[place] !== 0) return false
    if (opcode === code.end) {
      if (plan.skipped.size > 0 && plan.skipped.has(place)) return false
      this.level--
    } else if (opcode === code.block || opcode === code.if) this.level++
    return true
  }

  /** @returns whether it has been written; else its bytes are copied. */
  private special(opcode: number, mark: number): boolean {
    const { out, body, plan } = this
    const { immediates, starts, ends } = body.marks
    const place = mark - body.first
    const immediate = immediates[mark] as number
    const payment = plan.payments[place] as number
    out.reserve(128)
    switch (opcode) {
      case code.block:
      case code.if:
        this.level++
        return false
      case code.loop:
        this.level++
        this.pay(payment)
        out.copy(body.bytes, starts[mark] as number, ends[mark] as number)
        if (plan.loops[place] === 1) this.check()
        return true
      case code.end:
        this.level--
        this.pay(payment)
        this.payIfSkipped(place)
        return false
      case code.else:
      case code.br:
      case code.brTable:
        this.pay(payment)
        return false
      case code.brIf:
        if (plan.aside[place] === 0) this.pay(payment)
        else this.payAside(payment, immediate)
        return plan.aside[place] === 1
      case code.return:
        this.leave(payment)
        return true
      case code.call:
        this.call(immediate, payment)
        return true
      case code.callIndirect:
        this.callIndirect(immediate, mark, payment)
        return true
      case code.returnCall:
        this.returnCall(immediate, payment)
        return true
      case code.returnCallIndirect:
        this.tell()
        out.reserve(64)
        this.pushIndirect(immediate, true, payment)
        this.indirect(opcode, immediate, mark)
        return true
      case code.memoryGrow:
        out.op(code.localGet, this.fuel)
        out.op(code.call, memoryGrowHelper(this.program))
        out.op(code.localSet, this.fuel)
        return true
      case code.tableGrow:
        out.op(code.localGet, this.fuel)
        out.op(code.call, tableGrowHelper(this.program, immediate))
        out.op(code.localSet, this.fuel)
        return true
      case code.refFunc:
        out.op(opcode, this.program.target(immediate))
        return true
      default:
        if (isBulk(opcode)) chargeLength(out, opcode, this)
        return false
    }
  }

  /** What is paid where the condition of an if without else fails. */
  private payIfSkipped(place: number): void {
    const payment = this.plan.skipped.get(place)
    if (payment === undefined) return
    this.out.byte(code.else)
    this.pay(payment)
  }

  /** A br_if that pays only if it branches. */
  private payAside(payment: number, target: number): void {
    const { out } = this
    out.op(code.if, emptyBlock)
    this.pay(payment)
    out.op(code.br, target + 1)
    out.byte(code.end)
  }

  private leave(payment: number): void {
    this.tell()
    this.out.reserve(64)
    this.pushFuel(payment)
    this.out.byte(code.return)
  }

  private call(index: number, payment: number): void {
    const { program, out } = this
    const callClass = program.classOf(index)
    if (program.graph.reachesExit[index] === 1) this.tell()
    out.reserve(64)
    if (callClass !== 'straight') this.pushThreaded(callClass, false, payment)
    out.op(code.call, program.target(index, callClass))
    if (callClass !== 'straight') out.op(code.localSet, this.fuel)
  }

  private callIndirect(type: number, mark: number, payment: number): void {
    const structural = this.program.types.structural[type] as number
    if (this.program.graph.types.get(structural)?.reachesExit === true) this.tell()
    this.out.reserve(64)
    this.pushIndirect(type, false, payment)
    this.indirect(code.callIndirect, type, mark)
    this.out.op(code.localSet, this.fuel)
  }

  private indirect(opcode: number, type: number, mark: number): void {
    const { program, out, body } = this
    out.op(opcode, program.threaded(type, program.classOfType(type)))
    // The table's index is the second immediate.
    let tableAt = (body.marks.starts[mark] as number) + 1
    while ((body.bytes[tableAt] as number) >= 0x80) tableAt++
    out.copy(body.bytes, tableAt + 1, body.marks.ends[mark] as number)
  }

  private pushIndirect(type: number, tail: boolean, payment: number): void {
    const { out, program } = this
    out.op(code.localSet, this.spare)
    this.pushThreaded(program.classOfType(type), tail, payment)
    out.op(code.localGet, this.spare)
  }

  /** Fuel and depth behind the arguments. A tail call gives back what its own frame took. */
  private pushThreaded(callClass: CallClass, tail: boolean, payment: number): void {
    const { out, program } = this
    this.pushFuel(payment)
    if (callClass !== 'depth') return
    if (this.callClass !== 'depth') return out.i32(0)
    out.op(code.localGet, this.depth)
    if (program.graph.deep[this.index] !== 1 || this.takesFrame !== tail) return
    out.i32(Math.min(this.frameBytes, depthBytesMax + 1))
    out.byte(tail ? i32Add : i32Sub)
  }

  /** What is left of the fuel after `payment`. */
  private pushFuel(payment: number): void {
    this.out.op(code.localGet, this.fuel)
    if (payment !== 0) this.out.subtract(payment)
  }

  private returnCall(index: number, payment: number): void {
    const { program, out } = this
    const callClass = program.classOf(index)
    if (callClass === 'straight') {
      out.op(code.call, index)
      return this.leave(payment)
    }
    this.tell()
    out.reserve(64)
    this.pushThreaded(callClass, true, payment)
    out.op(code.returnCall, program.target(index, callClass))
  }
}
