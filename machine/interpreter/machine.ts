/**
 * The state of an execution and the moves that instructions make in it (https://webassembly.github.io/spec/core/exec/runtime.html#stack): operands,
 * and frames with their labels. Nothing of it is on the host's own stack, so it can stop before any instruction and be looked at.
 */
import type { Instruction } from './code.ts'
import { Exhausted } from './endings.ts'
import type { Callable, Instance, ModuleFunction } from './instances.ts'
import type { Value } from './values.ts'

/** Where a branch goes on, and what it leaves on the stack. */
export interface Label {
  readonly arity: number
  /** Operands below it. */
  readonly height: number
  readonly position: number
  readonly loop: boolean
}

export class Frame {
  readonly callee: ModuleFunction
  readonly locals: Value[]
  /** Operands below it. */
  readonly height: number
  readonly labels: Label[] = []
  /** The next instruction. */
  position = 0

  constructor(callee: ModuleFunction, locals: Value[], height: number) {
    this.callee = callee
    this.locals = locals
    this.height = height
  }

  get instance(): Instance {
    return this.callee.instance
  }
}

/** `Infinity` for what is not bounded. */
export interface Budget {
  readonly fuel: number
  readonly depthBytes: number
}

export class Machine {
  readonly operands: Value[] = []
  readonly frames: Frame[] = []
  /** Instructions begun since it was made. */
  instructions = 0
  fuelUsed = 0
  /** Told of each instruction before it is charged. */
  observe: ((instruction: Instruction) => void) | undefined
  private readonly budget: Budget
  /** Of all active functions (SPEC.md, Depth). */
  private depthBytes = 0

  constructor(budget: Budget) {
    this.budget = budget
  }

  get frame(): Frame {
    return this.frames[this.frames.length - 1] as Frame
  }

  push(value: Value): void {
    this.operands.push(value)
  }

  pop(): Value {
    return this.operands.pop() as Value
  }

  popI32(): number {
    return this.operands.pop() as number
  }

  /** An i32 as an unsigned number: an address, a length, an index. */
  popU32(): number {
    return this.popI32() >>> 0
  }

  /** @throws {Exhausted} where the budget does not hold so much. */
  charge(fuel: number): void {
    this.fuelUsed += fuel
    if (this.fuelUsed > this.budget.fuel) throw new Exhausted('fuel')
  }

  enterBlock(arity: number, parameters: number, position: number, loop: boolean): void {
    this.frame.labels.push({ arity, height: this.operands.length - parameters, position, loop })
  }

  /** To the label at `depth`, the innermost being 0; the outermost is the function itself. */
  branch(depth: number): void {
    const { frame } = this
    const index = frame.labels.length - 1 - depth
    const label = frame.labels[index]
    if (label === undefined) return this.return()
    this.keep(label.arity, label.height)
    frame.labels.length = label.loop ? index + 1 : index
    frame.position = label.position
  }

  call(callee: Callable): void {
    const count = callee.type.parameters.length
    const args = this.operands.splice(this.operands.length - count, count)
    if (callee.kind === 'host') {
      this.operands.push(...callee.call(args))
      return
    }
    const frame = new Frame(callee, [...args, ...callee.zeros], this.operands.length)
    this.frames.push(frame)
    this.depthBytes += callee.frameBytes
    // Elsewhere the last checkpoint's reserve has room for the frame.
    if (callee.reserve === undefined) return
    if (this.depthBytes + callee.reserve > this.budget.depthBytes) throw new Exhausted('depth')
  }

  /** The function that calls is left before the other begins. */
  tailCall(callee: Callable): void {
    this.keep(callee.type.parameters.length, this.frame.height)
    this.leave()
    this.call(callee)
  }

  return(): void {
    this.keep(this.frame.callee.type.results.length, this.frame.height)
    this.leave()
  }

  private leave(): void {
    const { callee } = this.frames.pop() as Frame
    this.depthBytes -= callee.frameBytes
  }

  /** Of the operands above `height` only the topmost stay. */
  private keep(count: number, height: number): void {
    const { operands } = this
    operands.splice(height, operands.length - height - count)
  }
}

/** What an instruction does, its fuel charged and the frame's position behind it. */
export type Execute = (machine: Machine, instruction: Instruction) => void
