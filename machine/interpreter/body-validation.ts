/**
 * Whether a body has the type that it is declared with: the algorithm of the specification's appendix
 * (https://webassembly.github.io/spec/core/appendix/algorithm.html), one pass with a stack of types and a stack of blocks.
 */
import type { Instruction } from './code.ts'
import type { Context } from './context.ts'
import type { FunctionBody } from './module.ts'
import { ModuleError } from './reader.ts'
import { type FunctionType, isReferenceType, sameType, type ValueType } from './values.ts'

/** `unknown` is any type: what an instruction takes that can never be reached. */
type Operand = ValueType | 'unknown'

interface Block {
  readonly opener: string
  readonly type: FunctionType
  /** Operands below the block's own. */
  readonly height: number
  /** Its operands are no longer known: what follows stands behind a branch, or the like. */
  unreachable: boolean
  /** It has come behind such a branch, or has begun there. */
  dead: boolean
}

/** Told of each instruction that code can reach, with the number of operands of the function before it. */
export type Visit = (instruction: Instruction, operands: number) => void

/** @throws {ModuleError} where a body is not valid. */
export function checkBody(context: Context, type: FunctionType, { locals, code }: FunctionBody, visit?: Visit): void {
  const checker = new Checker(context, [...type.parameters, ...locals], type)
  for (const instruction of code) checker.check(instruction, visit)
}

class Checker {
  private readonly context: Context
  private readonly locals: readonly ValueType[]
  private readonly results: readonly ValueType[]
  private readonly operands: Operand[] = []
  private readonly blocks: Block[] = []
  private at = 0

  constructor(context: Context, locals: readonly ValueType[], type: FunctionType) {
    this.context = context
    this.locals = locals
    this.results = type.results
    this.begin('function', { parameters: [], results: type.results })
  }

  check(instruction: Instruction, visit?: Visit): void {
    this.at = instruction.at
    const { operation } = instruction
    if (this.blocks.at(-1)?.dead === false) visit?.(instruction, this.operands.length)
    this.checkImmediates(instruction)
    if (operation.type === undefined) this.checkSpecial(instruction)
    else this.apply(operation.type)
  }

  private fail(message: string): never {
    throw new ModuleError(`invalid: ${message}`, this.at)
  }

  private push(...types: readonly Operand[]): void {
    this.operands.push(...types)
  }

  private pop(expected: Operand = 'unknown'): Operand {
    const block = this.blocks.at(-1)
    if (block === undefined) return this.fail('an instruction behind the end')
    if (this.operands.length === block.height) {
      return block.unreachable ? 'unknown' : this.fail(`nothing on the stack, ${expected} expected`)
    }
    const actual = this.operands.pop() as Operand
    if (actual !== expected && actual !== 'unknown' && expected !== 'unknown') {
      return this.fail(`${actual} on the stack, ${expected} expected`)
    }
    return actual
  }

  private popAll(types: readonly ValueType[]): Operand[] {
    return types
      .toReversed()
      .map(type => this.pop(type))
      .toReversed()
  }

  private apply({ parameters, results }: FunctionType): void {
    this.popAll(parameters)
    this.push(...results)
  }

  private open(opener: string, type: FunctionType): void {
    this.popAll(type.parameters)
    this.begin(opener, type)
  }

  private begin(opener: string, type: FunctionType): void {
    const dead = this.blocks.at(-1)?.dead ?? false
    this.blocks.push({ opener, type, height: this.operands.length, unreachable: false, dead })
    this.push(...type.parameters)
  }

  private close(): Block {
    const block = this.blocks.at(-1) ?? this.fail('an end without a block')
    this.popAll(block.type.results)
    if (this.operands.length !== block.height) this.fail('values left on the stack')
    this.blocks.pop()
    return block
  }

  private unreachable(): void {
    const block = this.blocks.at(-1) ?? this.fail('an instruction behind the end')
    this.operands.length = block.height
    block.unreachable = true
    block.dead = true
  }

  /** What a branch to that label takes. */
  private label(depth: number): readonly ValueType[] {
    const block = this.blocks[this.blocks.length - 1 - depth] ?? this.fail(`unknown label ${depth}`)
    return block.opener === 'loop' ? block.type.parameters : block.type.results
  }

  private checkSpecial(instruction: Instruction): void {
    const { operation, index, other, type } = instruction
    switch (operation.name) {
      case 'unreachable':
        return this.unreachable()
      case 'if':
        this.pop('i32')
        return this.open('if', type)
      case 'block':
      case 'loop':
        return this.open(operation.name, type)
      case 'else':
        return this.checkElse()
      case 'end':
        return this.checkEnd()
      case 'br':
        this.popAll(this.label(index))
        return this.unreachable()
      case 'br_if':
        this.pop('i32')
        return this.apply({ parameters: this.label(index), results: this.label(index) })
      case 'br_table':
        return this.checkBranchTable(instruction.list)
      case 'return':
        this.popAll(this.results)
        return this.unreachable()
      case 'call':
        return this.apply(this.functionType(index))
      case 'return_call':
        return this.checkTailCall(this.functionType(index))
      case 'call_indirect':
      case 'return_call_indirect':
        this.pop('i32')
        if (this.table(other) !== 'funcref') this.fail('an indirect call through a table of other references')
        return operation.name === 'call_indirect' ? this.apply(this.type(index)) : this.checkTailCall(this.type(index))
      default:
        return this.checkVariable(instruction)
    }
  }

  private checkElse(): void {
    const { type } = this.close()
    this.begin('else', type)
  }

  private checkEnd(): void {
    const { opener, type } = this.close()
    if (opener === 'if' && type.parameters.join() !== type.results.join()) this.fail('an if without its else')
    if (this.blocks.length > 0) this.push(...type.results)
  }

  private checkBranchTable(labels: readonly number[]): void {
    this.pop('i32')
    const arity = this.label(labels.at(-1) as number).length
    for (const label of labels) {
      const types = this.label(label)
      if (types.length !== arity) this.fail('branches that take different numbers of values')
      this.push(...this.popAll(types))
    }
    this.unreachable()
  }

  private checkTailCall({ parameters, results }: FunctionType): void {
    if (!sameType({ parameters: [], results }, { parameters: [], results: this.results })) {
      this.fail('a tail call with other results')
    }
    this.popAll(parameters)
    this.unreachable()
  }

  private checkVariable({ operation, index, type }: Instruction): void {
    switch (operation.name) {
      case 'drop':
        this.pop()
        return
      case 'select':
        return this.checkSelect()
      case 'select_typed': {
        const [result] = type.results
        if (result === undefined || type.results.length > 1) return this.fail('a select of other than one type')
        return this.apply({ parameters: [result, result, 'i32'], results: [result] })
      }
      case 'local.get':
        return this.push(this.local(index))
      case 'local.set':
        this.pop(this.local(index))
        return
      case 'local.tee':
        return this.apply({ parameters: [this.local(index)], results: [this.local(index)] })
      case 'global.get':
        return this.push(this.global(index).value)
      case 'global.set':
        if (!this.global(index).mutable) this.fail('an assignment to a constant global')
        this.pop(this.global(index).value)
        return
      default:
        return this.checkReference(operation.name, index, type)
    }
  }

  /** Without a type, it takes numbers and vectors only. */
  private checkSelect(): void {
    this.pop('i32')
    const first = this.pop()
    const second = this.pop()
    for (const type of [first, second]) {
      if (type !== 'unknown' && isReferenceType(type)) this.fail('a select of references without their type')
    }
    if (first !== second && first !== 'unknown' && second !== 'unknown') this.fail('a select between two types')
    this.push(first === 'unknown' ? second : first)
  }

  private checkReference(name: string, index: number, type: FunctionType): void {
    switch (name) {
      case 'ref.null':
        return this.push(...type.results)
      case 'ref.is_null': {
        const operand = this.pop()
        if (operand !== 'unknown' && !isReferenceType(operand)) this.fail(`${operand} is no reference`)
        return this.push('i32')
      }
      case 'ref.func':
        this.functionType(index)
        if (!this.context.references.has(index)) this.fail(`function ${index} is not declared as a reference`)
        return this.push('funcref')
      case 'table.get':
        return this.apply({ parameters: ['i32'], results: [this.table(index)] })
      case 'table.set':
        return this.apply({ parameters: ['i32', this.table(index)], results: [] })
      case 'table.size':
        this.table(index)
        return this.apply({ parameters: [], results: ['i32'] })
      case 'table.grow':
        return this.apply({ parameters: [this.table(index), 'i32'], results: ['i32'] })
      case 'table.fill':
        return this.apply({ parameters: ['i32', this.table(index), 'i32'], results: [] })
      default:
        return this.fail(`${name} has no rule`)
    }
  }

  private checkImmediates({ operation, index, other, list }: Instruction): void {
    switch (operation.immediates) {
      case 'memoryArgumentAndLane':
        if (other >= 16 / operation.bytes) this.fail(`lane ${other}`)
        return this.checkAccess(operation.bytes, index)
      case 'memoryArgument':
        return this.checkAccess(operation.bytes, index)
      case 'memory':
      case 'memoryAndMemory':
        return this.checkMemory()
      case 'dataAndMemory':
        this.checkMemory()
        return this.checkData(index)
      case 'data':
        return this.checkData(index)
      case 'lane':
        if (index >= lanesOf(operation.name)) this.fail(`lane ${index}`)
        return
      case 'lanes':
        if (list.some(lane => lane >= 32)) this.fail('a lane beyond 31')
        return
      case 'element':
        this.element(index)
        return
      case 'elementAndTable':
        if (this.element(index) !== this.table(other)) this.fail('elements of another type than the table')
        return
      case 'tableAndTable':
        if (this.table(index) !== this.table(other)) this.fail('tables of different types')
        return
      default:
    }
  }

  private checkAccess(bytes: number, alignment: number): void {
    this.checkMemory()
    if (2 ** alignment > bytes) this.fail('an alignment larger than the access')
  }

  private checkMemory(): void {
    if (this.context.memories.length === 0) this.fail('there is no memory')
  }

  private checkData(index: number): void {
    if (index >= (this.context.dataCount ?? 0)) this.fail(`unknown data segment ${index}`)
  }

  private type(index: number): FunctionType {
    return this.context.types[index] ?? this.fail(`unknown type ${index}`)
  }

  private functionType(index: number): FunctionType {
    return this.context.functions[index] ?? this.fail(`unknown function ${index}`)
  }

  private local(index: number): ValueType {
    return this.locals[index] ?? this.fail(`unknown local ${index}`)
  }

  private global(index: number) {
    return this.context.globals[index] ?? this.fail(`unknown global ${index}`)
  }

  private table(index: number): 'funcref' | 'externref' {
    return (this.context.tables[index] ?? this.fail(`unknown table ${index}`)).element
  }

  private element(index: number): 'funcref' | 'externref' {
    return this.context.elements[index] ?? this.fail(`unknown element segment ${index}`)
  }
}

/** `i8x16.extract_lane_s` is about one of 16. */
const lanesOf = (name: string): number => Number(/^[if]\d+x(\d+)/.exec(name)?.[1])
