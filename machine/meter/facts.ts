/** What the meter knows of each function before it rewrites any: its frame, its cost, whom it calls (SPEC.md, Depth). */
import { frameBytesBase, slotBytes } from '../limits.ts'
import { type FunctionType, type ParsedModule, typeName } from '../sections.ts'
import { type Body, emptyBlockType } from './body.ts'
import { code, heightChange, opcodesEnd, vectorBase, weightOf } from './opcodes.ts'

const v128 = 0x7b

export interface Facts {
  /** Bytes of the stack model. */
  frameBytes: number
  /** Weights of all its reachable instructions. */
  cost: number
  /** No branch, loop or dynamic charge: whoever calls it knows what it costs, if those that it calls are such too. */
  straight: boolean
  /** Functions that it calls, imports too, one for each place. */
  calls: number[]
  /** Structural types (by Types.structural) of its indirect calls. */
  indirectCalls: number[]
  /** Functions that a ref.func names. */
  references: number[]
  /** It makes floats of open bits, or gets them from a call. */
  floats: boolean
}

/** The types of a module, one number for all that are alike. */
export class Types {
  readonly structural: number[]
  readonly wide: boolean[]

  constructor(types: readonly FunctionType[]) {
    const first = new Map<string, number>()
    this.structural = types.map((type, index) => {
      const name = typeName(type)
      const same = first.get(name)
      if (same === undefined) first.set(name, index)
      return same ?? index
    })
    this.wide = types.map(({ parameters, results }) => parameters.includes(v128) || results.includes(v128))
  }
}

/** Not straight: the cost of running it is not the sum of its instructions, or is not known before it runs. */
const bends = new Uint8Array(opcodesEnd)
for (const opcode of [code.loop, code.if, code.else, code.br, code.brIf, code.brTable, code.return, code.unreachable])
  bends[opcode] = 1
for (const opcode of [code.returnCall, code.returnCallIndirect, code.callIndirect, code.memoryGrow]) bends[opcode] = 1
for (const opcode of [code.memoryInit, code.memoryCopy, code.memoryFill]) bends[opcode] = 1
for (const opcode of [code.tableInit, code.tableCopy, code.tableGrow, code.tableFill]) bends[opcode] = 1
bends[code.refFunc] = 1

const noType: FunctionType = { parameters: [], results: [] }

/** The module need not be valid yet: then the facts mean nothing, but reading them does no harm. */
export class FactsReader {
  private readonly module: ParsedModule
  private readonly types: Types
  private readonly heights: number[] = []
  /** A call or a global has brought a v128 in. */
  private vectorMet = false

  constructor(module: ParsedModule, types: Types) {
    this.module = module
    this.types = types
  }

  read(body: Body, typeIndex: number): Facts {
    const facts: Facts = {
      frameBytes: 0,
      cost: 0,
      straight: true,
      calls: [],
      indirectCalls: [],
      references: [],
      floats: body.floats,
    }
    this.vectorMet = false
    const height = this.walk(body, facts)
    const type = this.module.types[typeIndex] ?? noType
    const wide = this.isWide(body, type)
    const slots = 2 * (slotsOf(type.parameters) + slotsOf(type.results)) + localSlots(body) + height * (wide ? 2 : 1)
    facts.frameBytes = frameBytesBase + slotBytes * slots
    return facts
  }

  /** Fills in what instructions say. @returns the most operands on the stack. */
  private walk(body: Body, facts: Facts): number {
    const { codes, immediates, marked, markedCount, costs } = body
    const { heights } = this
    const changes = heightChange
    heights.length = 0
    let height = 0
    let highest = 0
    let at = 0
    let counted = 0
    for (let place = 0; place < markedCount; place++) {
      const mark = marked[place] as number
      for (; at < mark; at++) {
        height += changes[codes[at] as number] as number
        if (height > highest) highest = height
      }
      const opcode = codes[mark] as number
      facts.cost += weightOf[opcode] as number
      if (bends[opcode] === 1) facts.straight = false
      height = this.step(opcode, immediates[mark] as number, height, facts)
      if (height > highest) highest = height
      at = mark + 1
      if (!endsReach(opcode)) continue
      facts.cost += (costs[mark] as number) - (costs[counted] as number)
      place = behindDead(body, place) - 1
      at = counted = marked[place + 1] as number
    }
    facts.cost += (costs[body.count] as number) - (costs[counted] as number)
    return highest
  }

  /** @returns the height behind an instruction that is marked. */
  private step(opcode: number, immediate: number, height: number, facts: Facts): number {
    const { heights } = this
    switch (opcode) {
      case code.block:
      case code.loop:
      case code.if: {
        const below = opcode === code.if ? height - 1 : height
        const parameters = this.parametersOf(immediate)
        heights.push(below - parameters, this.resultsOf(immediate), parameters)
        return below
      }
      case code.else:
        return (heights.at(-3) ?? 0) + (heights.at(-1) ?? 0)
      case code.end:
        heights.pop()
        return (heights.pop() ?? 0) + (heights.pop() ?? 0)
      case code.brIf:
        return height - 1
      case code.call:
      case code.callIndirect:
        return height + this.call(opcode, immediate, facts)
      case code.returnCall:
      case code.returnCallIndirect:
        this.call(opcode, immediate, facts)
        return height
      case code.globalGet:
        if (this.module.globals[immediate] === v128) this.vectorMet = true
        return height + 1
      case code.refFunc:
        facts.references.push(immediate)
    }
    return opcode < code.drop ? height : height + (heightChange[opcode] as number)
  }

  private call(opcode: number, index: number, facts: Facts): number {
    const indirect = opcode === code.callIndirect || opcode === code.returnCallIndirect
    const typeIndex = indirect ? index : functionType(this.module, index)
    const type = this.module.types[typeIndex] ?? noType
    if (indirect) facts.indirectCalls.push(this.types.structural[typeIndex] as number)
    else facts.calls.push(index)
    if (this.types.wide[typeIndex] === true) this.vectorMet = true
    if (type.results.length === 1 && isScalarFloat(type.results[0] as number)) facts.floats = true
    return type.results.length - type.parameters.length - (indirect ? 1 : 0)
  }

  private isWide(body: Body, type: FunctionType): boolean {
    return (
      this.vectorsIn(body) ||
      this.vectorMet ||
      type.parameters.includes(v128) ||
      type.results.includes(v128) ||
      body.locals.some((value, index) => index % 2 === 1 && value === v128)
    )
  }

  private vectorsIn(body: Body): boolean {
    if (!body.vectors) return false
    for (let at = 0; at < body.count; at++) {
      if ((body.codes[at] as number) >= vectorBase) return true
      if (endsReach(body.codes[at] as number)) at = skipDead(body, at)
    }
    return false
  }

  private parametersOf(type: number): number {
    return type < 0 ? 0 : (this.module.types[type]?.parameters.length ?? 0)
  }

  private resultsOf(type: number): number {
    if (type >= 0) return this.module.types[type]?.results.length ?? 0
    return type === emptyBlockType ? 0 : 1
  }
}

export const functionType = (module: ParsedModule, index: number): number =>
  index < module.imports.length
    ? (module.imports[index]?.type as number)
    : (module.functions[index - module.imports.length] as number)

/** Code behind one of these, up to the end or else of its block, is never reached. */
export const endsReach = (opcode: number): boolean =>
  opcode === code.br ||
  opcode === code.return ||
  opcode === code.unreachable ||
  opcode === code.brTable ||
  opcode === code.returnCall ||
  opcode === code.returnCallIndirect

/** The last instruction that is not reached: the one before the `end` or `else` of the block that `at` stands in. */
export function skipDead({ codes }: Body, at: number): number {
  for (let depth = 0, next = at + 1; ; next++) {
    const opcode = codes[next]
    if (opcode === code.end && depth-- === 0) return next - 1
    if (opcode === code.else && depth === 0) return next - 1
    if (opcode === code.block || opcode === code.loop || opcode === code.if) depth++
  }
}

/** The place in `marked` of the `end` or `else` behind code that is not reached, which begins behind place `place`. */
export function behindDead({ codes, marked }: Body, place: number): number {
  for (let depth = 0, next = place + 1; ; next++) {
    const opcode = codes[marked[next] as number] as number
    if (opcode === code.end && depth-- === 0) return next
    if (opcode === code.else && depth === 0) return next
    if (opcode >= code.block && opcode <= code.if) depth++
  }
}

const isScalarFloat = (type: number) => type === 0x7d || type === 0x7c
const slotsOf = (types: readonly number[]) => types.reduce((sum, type) => sum + (type === v128 ? 2 : 1), 0)

function localSlots(body: Body): number {
  let slots = 0
  for (let at = 0; at < body.locals.length; at += 2) {
    slots += (body.locals[at] as number) * (body.locals[at + 1] === v128 ? 2 : 1)
  }
  return slots
}
