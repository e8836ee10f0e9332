/** The whole module as the rewriter sees it, and what it adds behind the module's own types, functions and globals. */

import { type FunctionType, type ParsedModule, typeName } from '../sections.ts'
import { type CallGraph, readCallGraph } from './callgraph.ts'
import { Code } from './code.ts'
import type { Facts, Types } from './facts.ts'
import { code } from './opcodes.ts'

const i32 = 0x7f
const i64 = 0x7e

/** How a function is called: with what it had; with fuel; with fuel and depth. */
export type CallClass = 'straight' | 'fuel' | 'depth'

export interface Helper {
  type: number
  write: (out: Code) => void
}

export class Program {
  readonly module: ParsedModule
  readonly facts: readonly Facts[]
  readonly types: Types
  readonly graph: CallGraph
  /** Types behind the module's own. */
  readonly addedTypes: FunctionType[] = []
  /** Functions behind the module's own. */
  readonly helpers: Helper[] = []
  readonly addressTaken: ReadonlySet<number>
  /** By class and type: 0 for those that nobody has asked for. */
  private readonly threadedTypes: Record<'fuel' | 'depth', Int32Array>
  private readonly classes: readonly CallClass[]
  private readonly typeIndices = new Map<string, number>()
  private readonly helperIndices = new Map<string, number>()

  constructor(module: ParsedModule, facts: readonly Facts[], types: Types, entries: readonly number[]) {
    this.module = module
    this.facts = facts
    this.types = types
    const addressTaken = new Set(module.references.map(({ index }) => index))
    for (const { references } of facts) for (const index of references) addressTaken.add(index)
    this.addressTaken = addressTaken
    this.graph = readCallGraph({
      facts,
      imports: module.imports.map(({ name }) => ({ ends: name === 'proc_exit' })),
      addressTaken,
      typeOf: index => types.structural[types.ofFunction(index)] as number,
      entries,
    })
    this.threadedTypes = { fuel: new Int32Array(module.types.length), depth: new Int32Array(module.types.length) }
    this.classes = Array.from({ length: this.importCount + facts.length }, (_, index) => this.readClass(index))
  }

  get importCount(): number {
    return this.module.imports.length
  }

  typeOf(index: number): number {
    return this.types.ofFunction(index)
  }

  /** The class of a function, imports too. */
  classOf(index: number): CallClass {
    return this.classes[index] as CallClass
  }

  /** All that a table may hold under one type are alike. */
  private readClass(index: number): CallClass {
    const { graph } = this
    if ((graph.straightCost[index] as number) >= 0) return 'straight'
    if (this.addressTaken.has(index)) return this.classOfType(this.typeOf(index))
    return graph.deep[index] === 1 ? 'depth' : 'fuel'
  }

  classOfType(type: number): CallClass {
    return this.graph.types.get(this.types.structural[type] as number)?.deep === true ? 'depth' : 'fuel'
  }

  /** How many calls of the function take its depth with them. */
  deepCalls({ calls, indirectCalls }: Facts): number {
    let count = indirectCalls.length
    for (const index of calls) count += this.graph.deep[index] as number
    return count
  }

  /** The type of a function of `type` that is called so. */
  threaded(type: number, callClass: CallClass): number {
    if (callClass === 'straight') return type
    const known = this.threadedTypes[callClass]
    if (known[type] === 0) known[type] = this.thread(type, callClass)
    return known[type] as number
  }

  private thread(type: number, callClass: CallClass): number {
    const { parameters, results } = this.module.types[type] as FunctionType
    const more = callClass === 'depth' ? [i64, i32] : [i64]
    return this.typeIndex({ parameters: [...parameters, ...more], results: [...results, i64] })
  }

  /** An added type that is like this one. */
  typeIndex(type: FunctionType): number {
    const name = typeName(type)
    const known = this.typeIndices.get(name)
    if (known !== undefined) return known
    const index = this.module.types.length + this.addedTypes.length
    this.addedTypes.push(type)
    this.typeIndices.set(name, index)
    return index
  }

  /** The index of the added function `name`, which is made when it is asked for first. */
  helper(name: string, make: () => Helper): number {
    const known = this.helperIndices.get(name)
    if (known !== undefined) return known
    const index = this.importCount + this.module.functions.length + this.helpers.length
    this.helperIndices.set(name, index)
    const place = this.helpers.length
    this.helpers.push({ type: 0, write: () => {} })
    this.helpers[place] = make()
    return index
  }

  globalIndex(name: keyof typeof addedGlobals): number {
    return this.module.globals.length + Object.keys(addedGlobals).indexOf(name)
  }

  /** The function that is called in place of an import: it hands fuel to the host and takes it back. */
  importWrapper(index: number, callClass: CallClass): number {
    return this.helper(`import ${index} ${callClass}`, () => ({
      type: this.threaded(this.typeOf(index), callClass),
      write: out => {
        const parameters = (this.module.types[this.typeOf(index)] as FunctionType).parameters.length
        out.byte(0)
        out.op(code.localGet, parameters)
        out.op(code.globalSet, this.globalIndex('fuel'))
        for (let parameter = 0; parameter < parameters; parameter++) out.op(code.localGet, parameter)
        out.op(code.call, index)
        out.op(code.globalGet, this.globalIndex('fuel'))
        out.byte(code.end)
      },
    }))
  }

  /** The function that a call of `index` goes to. */
  target(index: number, callClass = this.classOf(index)): number {
    return index < this.importCount ? this.importWrapper(index, callClass) : index
  }
}

/** Mutable globals behind the module's own: their types. */
export const addedGlobals = { fuel: i64, stopped: i32, growRefused: i32, memoryPagesMax: i32, nanSeen: i32 } as const
