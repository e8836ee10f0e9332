/**
 * Where a function is charged, and how much. What has run is owed, and paid late: at a call that may come to the host, since fuel is exact
 * there (SPEC.md, Fuel), and at the function's end. Where ways meet, all have to owe the same: whoever comes to a label first says how much,
 * and every other pays the difference on its way there, or gets it back. So nobody is ever charged for what has not run: a check that
 * fails is right.
 */
import { type Body, branchTargets, endsReach } from './body.ts'
import { emptyBlockType } from './immediates.ts'
import { Labels } from './labels.ts'
import { isBulk } from './lengths.ts'
import { code } from './opcodes.ts'

/** What calls mean for a plan. */
export interface CallCosts {
  /** What the caller pays for a callee that charges nothing itself; -1 for one that is given fuel. */
  straightCost(index: number): number
  /** It checks the fuel whenever it is called. */
  checks(index: number): boolean
  reachesHost(index: number): boolean
  typeReachesHost(type: number): boolean
}

/** Fuel that may be owed while another function runs: what all active functions owe together is little that way. */
const owedInCallsMax = 4_096

/** Made again for each body; the arrays are used again. Places are those of marks in the body. */
export class Plan {
  /**
   * Fuel to be paid at the mark at this place: calls and returns hand on so much less; elsewhere it is paid before. Less than 0 where
   * something is given back.
   */
  payments = new Float64Array(1024)
  /** 1 for a br_if that pays only if it branches. */
  aside = new Uint8Array(1024)
  /** By the `end` of an if without else: what is paid if the condition fails. */
  readonly skipped = new Map<number, number>()
  /** What is paid at the function's end, behind its label. */
  paidLast = 0
  /** 1 for a loop that is begun again, and whose beginning has to check the fuel; 3 where each round checks it elsewhere. */
  loops = new Uint8Array(1024)
  /** A branch leads to the end of the function. */
  functionLabelUsed = false
  checksLoop = false
  /** Something is charged by length. */
  bulk = false
  /** A spare i32 is needed. */
  spare = false
  private readonly labels = new Labels()
  private readonly frames: Frame[] = []
  private readonly body: Body
  private calls: CallCosts = {
    straightCost: () => -1,
    checks: () => false,
    reachesHost: () => true,
    typeReachesHost: () => true,
  }
  private level = 0
  private owed = 0
  /** The loop whose every round comes here, or -1. */
  private round = -1

  constructor(body: Body) {
    this.body = body
  }

  /** Nothing is paid at all. */
  clear(): void {
    const count = this.body.last - this.body.first
    this.reserve(count)
    this.payments.fill(0, 0, count)
    this.aside.fill(0, 0, count)
    this.loops.fill(0, 0, count)
    this.skipped.clear()
  }

  make(calls: CallCosts): void {
    this.clear()
    this.calls = calls
    this.functionLabelUsed = this.checksLoop = this.bulk = this.spare = false
    this.level = this.owed = this.paidLast = 0
    this.round = -1
    this.labels.make(this.body)
    this.open(code.block, 0, 0)
    const { marks, first, last } = this.body
    const { opcodes, costs } = marks
    for (let mark = first; mark < last; mark++) {
      const opcode = opcodes[mark] as number
      this.owed += costs[mark] as number
      if (opcode > code.returnCallIndirect) {
        if (isBulk(opcode)) this.bulk = this.spare = true
      } else if (opcode < code.br) this.structure(opcode, mark - first)
      else this.leap(opcode, mark - first)
      if (endsReach(opcode)) this.frame.dead = true
    }
  }

  private get frame(): Frame {
    return this.frames[this.level] as Frame
  }

  private immediate(at: number): number {
    return this.body.marks.immediates[this.body.first + at] as number
  }

  private structure(opcode: number, at: number): void {
    switch (opcode) {
      case code.block:
        this.level++
        return this.open(opcode, at, this.immediate(at))
      case code.loop:
        this.level++
        this.open(opcode, at, this.immediate(at))
        this.meet(this.frame.label, at)
        this.round = at
        return
      case code.if:
        this.level++
        this.open(opcode, at, this.immediate(at))
        this.round = -1
        return
      case code.else: {
        const { frame } = this
        if (!frame.dead) this.meet(frame.label, at)
        frame.opcode = code.else
        frame.dead = false
        this.owed = frame.owed
        this.round = -1
        return
      }
      case code.end:
        this.close(at)
    }
  }

  private close(at: number): void {
    const { frame, labels } = this
    const { label } = frame
    this.level--
    if (frame.opcode === code.if && labels.at(label) < 0) labels.set(label, frame.owed)
    if (frame.opcode !== code.loop && labels.at(label) >= 0) {
      if (!frame.dead) this.meet(label, at)
      this.owed = labels.at(label)
      if (frame.opcode === code.if && frame.owed !== this.owed) this.skipped.set(at, frame.owed - this.owed)
    }
    if (this.level < 0) {
      this.paidLast = this.owed
      return
    }
    if (frame.escape < this.frame.escape) this.frame.escape = frame.escape
    this.round = frame.escape > this.level ? frame.round : -1
  }

  /** A way comes to a label, which cannot be paid for anywhere but before the mark at place `at`. */
  private meet(label: number, at: number): void {
    const there = this.labels.at(label)
    if (there < 0) return this.labels.set(label, this.owed)
    this.payments[at] = this.owed - there
    this.owed = there
  }

  private leap(opcode: number, at: number): void {
    const { calls } = this
    const immediate = this.immediate(at)
    switch (opcode) {
      case code.br:
        return this.meet(this.branch(immediate).label, at)
      case code.brIf:
        this.round = -1
        return this.branchIf(this.branch(immediate), at)
      case code.brTable:
        return this.branchTable(at)
      case code.call:
        return this.call(immediate, at)
      case code.callIndirect:
        this.spare = true
        return this.hand(at, calls.typeReachesHost(immediate))
      case code.returnCall:
        this.owed += Math.max(0, calls.straightCost(immediate))
        break
      case code.returnCallIndirect:
        this.spare = true
    }
    this.frame.escape = 0
    if (opcode !== code.unreachable) this.hand(at, true)
  }

  private call(index: number, at: number): void {
    const { calls } = this
    const cost = calls.straightCost(index)
    if (cost >= 0) {
      this.owed += cost
      return
    }
    if (calls.checks(index) && this.round >= 0) this.loops[this.round] = 2
    this.hand(at, calls.reachesHost(index))
  }

  /** All that is owed is paid with a call or a return. */
  private hand(at: number, exact: boolean): void {
    if (!exact && this.owed <= owedInCallsMax) return
    this.payments[at] = this.owed
    this.owed = 0
  }

  private open(opcode: number, at: number, type: number): void {
    const { level } = this
    let frame = this.frames[level]
    if (frame === undefined) {
      frame = new Frame()
      this.frames.push(frame)
    }
    frame.opcode = opcode
    frame.start = at
    frame.type = type
    frame.label = this.labels.next()
    frame.owed = this.owed
    frame.round = this.round
    frame.escape = level
    frame.dead = false
  }

  private branch(depth: number): Frame {
    const target = this.level - depth
    const frame = this.frames[target] as Frame
    if (target < this.frame.escape) this.frame.escape = target
    if (target === 0) this.functionLabelUsed = true
    else if (frame.opcode === code.loop) {
      const checks = (this.loops[frame.start] as number) | 1
      this.loops[frame.start] = checks
      if (checks === 1) this.checksLoop = true
    }
    return frame
  }

  /** The end of a round pays for both ways: the other is taken once. So does whoever takes operands along. */
  private branchIf({ opcode, label, type }: Frame, at: number): void {
    const there = this.labels.at(label)
    if (there < 0 || there === this.owed || opcode === code.loop || type !== emptyBlockType) return this.meet(label, at)
    this.payments[at] = this.owed - there
    this.aside[at] = 1
  }

  private branchTable(at: number): void {
    const next = branchTargets(this.body, this.body.first + at)
    let label = 0
    for (let left = next(); left >= 0; left--) label = this.branch(next()).label
    this.meet(label, at)
  }

  private reserve(size: number): void {
    if (size <= this.payments.length) return
    this.payments = new Float64Array(size * 2)
    this.aside = new Uint8Array(size * 2)
    this.loops = new Uint8Array(size * 2)
  }
}

class Frame {
  opcode = 0
  /** The place of its mark. */
  start = 0
  /** Its block type. */
  type = 0
  label = 0
  /** What was owed where it was begun. */
  owed = 0
  /** The loop whose every round came to its beginning, or -1. */
  round = -1
  /** The outermost level that a branch inside leads to. */
  escape = 0
  /** Its last instruction is not reached. */
  dead = false
}
