/**
 * Where a function is charged, and how much: regions of code that are run all or not at all are charged at once where the first of them
 * begins. A region ends at every call that may come to the host: so fuel is exact there (SPEC.md, Fuel).
 */
import { Body, branchTargets } from './body.ts'
import { behindDead, endsReach } from './facts.ts'
import { isBulk } from './lengths.ts'
import { code, weightOf } from './opcodes.ts'

/** What calls mean for a plan. */
export interface CallCosts {
  /** What the caller pays for a callee that charges nothing itself, else 0. */
  straightCost(index: number): number
  /** It checks the fuel whenever it is called. */
  checks(index: number): boolean
  reachesHost(index: number): boolean
  typeReachesHost(type: number): boolean
}

/** Made again for each body; the arrays are used again. */
export class Plan {
  /** Fuel to be charged before the instruction at this index. */
  charges = new Float64Array(1024)
  /** 1 for a loop that is begun again, and whose beginning has to check the fuel; 3 where each round checks it elsewhere. */
  loops = new Uint8Array(1024)
  /** A branch leads to the end of the function. */
  functionLabelUsed = false
  checksLoop = false
  /** Something is charged by length. */
  bulk = false
  /** A spare i32 is needed. */
  spare = false
  private readonly frames: Frame[] = []
  /** By threes: a region, and the two of which one follows it and nothing else leads to; 0 where there is no such other. */
  private readonly splits: number[] = []
  private body = new Body()
  private calls: CallCosts = {
    straightCost: () => 0,
    checks: () => false,
    reachesHost: () => true,
    typeReachesHost: () => true,
  }
  private level = 0
  /** Where the region that now grows begins. */
  private region = 0
  /** Calls so far that may reach the host. */
  private hostCalls = 0

  /** No charges at all. */
  clear(body: Body): void {
    this.reserve(body.count + 1)
    this.charges.fill(0, 0, body.count + 1)
  }

  make(body: Body, calls: CallCosts): void {
    this.clear(body)
    this.body = body
    this.calls = calls
    this.loops.fill(0, 0, body.count + 1)
    this.functionLabelUsed = this.checksLoop = this.bulk = this.spare = false
    this.level = this.region = this.hostCalls = 0
    this.open(code.block, 0)
    const { codes, marked, markedCount, costs } = body
    this.splits.length = 0
    let counted = 0
    for (let place = 0; place < markedCount; place++) {
      const at = marked[place] as number
      const opcode = codes[at] as number
      this.add((costs[at] as number) - (costs[counted] as number) + (weightOf[opcode] as number))
      counted = at + 1
      if (opcode > code.returnCallIndirect) {
        if (isBulk(opcode)) this.bulk = this.spare = true
        continue
      }
      if (opcode < code.br) this.structure(opcode, at)
      else this.leap(opcode, at)
      if (!endsReach(opcode)) continue
      this.frame.dead = true
      place = behindDead(body, place) - 1
      counted = marked[place + 1] as number
    }
    this.joinWays()
  }

  /**
   * Where one of two regions follows, what both cost is charged before they part. The last splits come first: what lies behind a way is
   * settled then.
   */
  private joinWays(): void {
    const { splits, charges } = this
    for (let at = splits.length - 3; at >= 0; at -= 3) {
      const [before, one, other] = [splits[at] as number, splits[at + 1] as number, splits[at + 2] as number]
      const least = Math.min(charges[one] as number, charges[other] as number)
      if (other === 0 || least === 0) continue
      charges[before] = (charges[before] as number) + least
      charges[one] = (charges[one] as number) - least
      charges[other] = (charges[other] as number) - least
    }
  }

  private get frame(): Frame {
    return this.frames[this.level] as Frame
  }

  private add(cost: number): void {
    this.charges[this.region] = (this.charges[this.region] as number) + cost
  }

  private structure(opcode: number, at: number): void {
    switch (opcode) {
      case code.block:
        this.level++
        return this.open(opcode, at)
      case code.loop:
      case code.if:
        this.level++
        this.open(opcode, at)
        if (opcode === code.if) this.part(this.frame, at)
        this.region = at + 1
        return
      case code.else:
        this.region = at + 1
        this.meet(this.frame, at)
        this.frame.split = -1
        this.frame.dead = false
        return
      case code.end:
        if (this.level > 0) this.close(at)
    }
  }

  /** What comes behind a block belongs to what came before it, if no branch inside leads further out and no call may reach the host. */
  private close(at: number): void {
    const { frame } = this
    this.level--
    if (frame.escape < this.frame.escape) this.frame.escape = frame.escape
    const whole = frame.escape > this.level && frame.hostCalls === this.hostCalls
    const joins = frame.opcode === code.if || frame.dead || (frame.opcode === code.block && frame.ways > 0)
    if (whole) this.region = frame.region
    else if (joins) {
      this.region = at + 1
      if (frame.dead && frame.ways === (frame.opcode === code.if ? 0 : 1)) this.meet(frame, at)
    }
  }

  /** Behind instruction `at` begins one of two ways: into `frame`'s next instructions, not over them. */
  private part(frame: Frame, at: number): void {
    frame.split = this.splits.length
    this.splits.push(this.region, at + 1, 0)
  }

  /** Behind instruction `at` begins the other. */
  private meet(frame: Frame, at: number): void {
    if (frame.split >= 0) this.splits[frame.split + 2] = at + 1
  }

  private leap(opcode: number, at: number): void {
    const { calls } = this
    const immediate = this.body.immediates[at] as number
    switch (opcode) {
      case code.br:
        this.branch(immediate)
        return
      case code.brIf: {
        const target = this.branch(immediate)
        if (target.opcode === code.block && target.ways === 1) this.part(target, at)
        this.region = at + 1
        return
      }
      case code.brTable:
        return this.branchTable(at)
      case code.call:
        this.add(calls.straightCost(immediate))
        // What begins a loop's first region ends it, too: no round without this call.
        if (calls.checks(immediate) && this.region > 0) this.loops[this.region - 1] = 2
        if (calls.reachesHost(immediate)) this.endRegion(at)
        return
      case code.callIndirect:
        this.spare = true
        if (calls.typeReachesHost(immediate)) this.endRegion(at)
        return
      case code.returnCall:
        this.add(calls.straightCost(immediate))
        break
      case code.returnCallIndirect:
        this.spare = true
    }
    this.frame.escape = 0
  }

  private endRegion(at: number): void {
    this.hostCalls++
    this.region = at + 1
  }

  private open(opcode: number, at: number): void {
    const { level } = this
    let frame = this.frames[level]
    if (frame === undefined) {
      frame = new Frame()
      this.frames.push(frame)
    }
    frame.opcode = opcode
    frame.region = this.region
    frame.hostCalls = this.hostCalls
    frame.start = at
    frame.escape = level
    frame.ways = 0
    frame.split = -1
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
    } else frame.ways++
    return frame
  }

  private branchTable(at: number): void {
    const next = branchTargets(this.body, at)
    for (let left = next(); left >= 0; left--) this.branch(next())
  }

  private reserve(size: number): void {
    if (size <= this.charges.length) return
    this.charges = new Float64Array(size * 2)
    this.loops = new Uint8Array(size * 2)
  }
}

class Frame {
  opcode = 0
  /** The region in which it was begun. */
  region = 0
  /** How many calls that may reach the host came before it. */
  hostCalls = 0
  /** The outermost level that a branch inside leads to. */
  escape = 0
  /** How many branches lead to its end. */
  ways = 0
  /** Which of the splits its first way made, or -1. */
  split = -1
  /** Its last instruction is not reached. */
  dead = false
  /** Where its instruction stands. */
  start = 0
}
