/**
 * Where a function is charged, and how much: regions of code that are run all or not at all are charged at once where the first of them
 * begins. A region ends at every call that may come to the host: so fuel is exact there (SPEC.md, Fuel).
 */
import { Body } from './body.ts'
import { endsReach, skipDead } from './facts.ts'
import { bulkBase, code, weightOf } from './opcodes.ts'

/** What calls mean for a plan. */
export interface CallCosts {
  /** What the caller pays for a callee that charges nothing itself, else 0. */
  straightCost(index: number): number
  reachesHost(index: number): boolean
  typeReachesHost(type: number): boolean
}

/** Made again for each body; the arrays are used again. */
export class Plan {
  /** Fuel to be charged before the instruction at this index. */
  charges = new Float64Array(1024)
  /** 1 for a loop that is begun again. */
  loops = new Uint8Array(1024)
  /** A branch leads to the end of the function. */
  functionLabelUsed = false
  hasLoop = false
  /** Something is charged by length. */
  bulk = false
  /** A spare i32 is needed. */
  spare = false
  private readonly frames: Frame[] = []
  private body = new Body()
  private calls: CallCosts = { straightCost: () => 0, reachesHost: () => true, typeReachesHost: () => true }
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
    this.functionLabelUsed = this.hasLoop = this.bulk = this.spare = false
    this.level = this.region = this.hostCalls = 0
    this.open(code.block, 0)
    const { codes, count } = body
    for (let at = 0; at < count; at++) {
      const opcode = codes[at] as number
      this.add(weightOf[opcode] as number)
      if (opcode > code.returnCallIndirect) {
        if (opcode >= bulkBase && chargedByLength(opcode)) this.bulk = this.spare = true
        continue
      }
      if (opcode < code.br) this.structure(opcode, at)
      else this.leap(opcode, at)
      if (!endsReach(opcode)) continue
      this.frame.dead = true
      at = skipDead(body, at)
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
        this.region = at + 1
        return
      case code.else:
        this.region = at + 1
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
    const joins = frame.opcode === code.if || frame.dead || (frame.opcode === code.block && frame.targeted)
    if (whole) this.region = frame.region
    else if (joins) this.region = at + 1
  }

  private leap(opcode: number, at: number): void {
    const { calls } = this
    const immediate = this.body.immediates[at] as number
    switch (opcode) {
      case code.br:
        return this.branch(immediate)
      case code.brIf:
        this.branch(immediate)
        this.region = at + 1
        return
      case code.brTable:
        return this.branchTable(at)
      case code.call:
        this.add(calls.straightCost(immediate))
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
    frame.targeted = false
    frame.dead = false
  }

  private branch(depth: number): void {
    const target = this.level - depth
    const frame = this.frames[target] as Frame
    if (target < this.frame.escape) this.frame.escape = target
    if (target === 0) this.functionLabelUsed = true
    else if (frame.opcode === code.loop) {
      this.loops[frame.start] = 1
      this.hasLoop = true
    } else frame.targeted = true
  }

  private branchTable(at: number): void {
    const { bytes, immediates } = this.body
    let place = immediates[at] as number
    const next = (): number => {
      let value = 0
      for (let shift = 0; ; shift += 7) {
        const byte = bytes[place++] as number
        value |= (byte & 0x7f) << shift
        if (byte < 0x80) return value >>> 0
      }
    }
    for (let left = next(); left >= 0; left--) this.branch(next())
  }

  private reserve(size: number): void {
    if (size <= this.charges.length) return
    this.charges = new Float64Array(size * 2)
    this.loops = new Uint8Array(size * 2)
  }
}

const chargedByLength = (opcode: number) =>
  opcode === code.memoryInit ||
  opcode === code.memoryCopy ||
  opcode === code.memoryFill ||
  opcode === code.tableInit ||
  opcode === code.tableCopy ||
  opcode === code.tableFill

class Frame {
  opcode = 0
  /** The region in which it was begun. */
  region = 0
  /** How many calls that may reach the host came before it. */
  hostCalls = 0
  /** The outermost level that a branch inside leads to. */
  escape = 0
  /** A branch leads to its end. */
  targeted = false
  /** Its last instruction is not reached. */
  dead = false
  /** Where its instruction stands. */
  start = 0
}
