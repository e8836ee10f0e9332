/**
 * The body of one function: what has been written of it, and what it may still be. statements.ts and expressions.ts write into it until its
 * budget is used up.
 */
import { type Operation, operations } from '../../interpreter/operations.ts'
import type { FunctionType, ValueType } from '../../interpreter/values.ts'
import { Encoder } from './encoder.ts'
import { anyType, type Plan } from './plan.ts'
import type { Random } from './random.ts'

const byName = new Map([...operations.values()].map(operation => [operation.name, operation]))

/** From there on a body is one of many statements. */
const longBudget = 200

/** What writes into a body: both write out of each other, through it. */
export interface Grammar {
  /** Leaves nothing on the stack. */
  statement(body: Body): void
  /** Leaves one value of that type. */
  value(body: Body, type: ValueType): void
}

export class Body {
  readonly code = new Encoder()
  readonly locals: ValueType[]
  readonly random: Random
  readonly plan: Plan
  readonly index: number
  readonly type: FunctionType
  readonly parameters: number
  /** What a branch to each label takes, the innermost last. */
  readonly labels: { types: readonly ValueType[]; loop: boolean }[] = []
  /** Counters of loops: nobody else writes them. */
  readonly counters = new Set<number>()
  budget: number
  nesting = 0
  private readonly grammar: Grammar

  constructor(grammar: Grammar, random: Random, plan: Plan, index: number, budget: number) {
    this.grammar = grammar
    this.random = random
    this.plan = plan
    this.index = index
    this.budget = budget
    this.type = plan.types[plan.functions[index]?.type as number] as FunctionType
    this.parameters = this.type.parameters.length
    this.locals = [...this.type.parameters]
    for (let left = random.below(5); left > 0; left--) this.locals.push(anyType(random, plan))
    this.labels.push({ types: this.type.results, loop: false })
  }

  /** Locals that are declared. */
  get declaredLocals(): readonly ValueType[] {
    return this.locals.slice(this.parameters)
  }

  write(): void {
    this.statements(this.budget > longBudget ? this.random.between(8, 20) : this.random.between(2, 6))
    this.values(this.type.results)
    this.op('end')
  }

  statements(count: number): void {
    for (let left = count; left > 0; left--) this.statement()
  }

  statement(): void {
    this.grammar.statement(this)
  }

  values(types: readonly ValueType[]): void {
    for (const type of types) this.value(type)
  }

  value(type: ValueType): void {
    this.grammar.value(this, type)
  }

  op(name: string): Encoder {
    return this.emit(byName.get(name) as Operation)
  }

  emit({ code }: Operation): Encoder {
    return code < 0x1000 ? this.code.raw(code) : this.code.raw(Math.floor(code / 0x1000)).u32(code % 0x1000)
  }

  i32(value: number): void {
    this.op('i32.const').signed(BigInt(value))
  }

  localToWrite(type?: ValueType): number | undefined {
    const fitting = this.locals.flatMap((one, index) =>
      !this.counters.has(index) && (type === undefined || one === type) ? [index] : [],
    )
    return fitting.length === 0 ? undefined : this.random.pick(fitting)
  }

  /** Takes values of these types off the stack. */
  putAway(types: readonly ValueType[]): void {
    for (const type of types.toReversed()) {
      const index = this.random.chance(60) ? this.localToWrite(type) : undefined
      if (index === undefined) this.op('drop')
      else this.op('local.set').u32(index)
    }
  }

  typeOf(index: number): FunctionType {
    return this.plan.types[this.plan.functions[index]?.type as number] as FunctionType
  }
}
