/** What the meter knows of each function before it rewrites any: its frame, its cost, whom it calls (SPEC.md, Depth). */
import { type FunctionType, type ParsedModule, typeName } from '../sections.ts'
import type { Outline } from './marks.ts'

const v128 = 0x7b

export interface Facts {
  /** Bytes of the stack model. */
  frameBytes: number
  /** Weights of all its reachable instructions. */
  cost: number
  /** No branch, loop or dynamic charge: whoever calls it knows what it costs, if those that it calls are such too. */
  straight: boolean
  /** Functions that it calls, imports too, one for each place. */
  calls: readonly number[]
  /** Structural types (by Types.structural) of its indirect calls. */
  indirectCalls: readonly number[]
  /** Functions that a ref.func names. */
  references: readonly number[]
  /** It makes floats of open bits, or gets them from a call. */
  floats: boolean
  /** Where its marks stand, if they were kept. */
  outline: Outline | undefined
}

/**
 * The types of a module by their index, and one more behind them, `none`, for every index that there is no type for: before an engine has
 * looked at a module, it may name what it likes.
 */
export class Types {
  readonly none: number
  /** One number for all that are alike. */
  readonly structural: Int32Array
  readonly parameters: Int32Array
  readonly results: Int32Array
  /** 1 where there is a v128. */
  readonly wide: Uint8Array
  /** 1 where one scalar float is all that is returned. */
  readonly float: Uint8Array
  /** By function, imports first. */
  private readonly functions: Int32Array

  constructor({ types, imports, functions }: ParsedModule) {
    this.none = types.length
    this.structural = structuralTypes(types)
    this.parameters = new Int32Array(types.length + 1)
    this.results = new Int32Array(types.length + 1)
    this.wide = new Uint8Array(types.length + 1)
    this.float = new Uint8Array(types.length + 1)
    for (const [index, { parameters, results }] of types.entries()) {
      this.parameters[index] = parameters.length
      this.results[index] = results.length
      if (parameters.includes(v128) || results.includes(v128)) this.wide[index] = 1
      if (results.length === 1 && (results[0] === 0x7d || results[0] === 0x7c)) this.float[index] = 1
    }
    this.functions = new Int32Array(imports.length + functions.length)
    for (let index = 0; index < imports.length; index++) {
      this.functions[index] = this.known(imports[index]?.type as number)
    }
    for (let index = 0; index < functions.length; index++) {
      this.functions[imports.length + index] = this.known(functions[index] as number)
    }
  }

  known(type: number): number {
    return type >= 0 && type < this.none ? type : this.none
  }

  ofFunction(index: number): number {
    return index >= 0 && index < this.functions.length ? (this.functions[index] as number) : this.none
  }
}

function structuralTypes(types: readonly FunctionType[]): Int32Array {
  const first = new Map<string, number>()
  const structural = new Int32Array(types.length + 1).fill(types.length)
  for (const [index, type] of types.entries()) {
    const name = typeName(type)
    const same = first.get(name)
    if (same === undefined) first.set(name, index)
    structural[index] = same ?? index
  }
  return structural
}

export const slotsOf = (types: readonly number[]): number =>
  types.reduce((sum, type) => sum + (type === v128 ? 2 : 1), 0)
