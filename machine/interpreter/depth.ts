/** The model of the stack (phase/SPEC.md, Depth): frames in bytes, which functions are checkpoints, and what each keeps in reserve. */
import { checkBody } from './body-validation.ts'
import type { Instruction } from './code.ts'
import type { Context } from './context.ts'
import { longestPaths, strongComponents } from './graph.ts'
import type { Module } from './module.ts'
import { isVectorOperation } from './operations.ts'
import { typeOfBody } from './validation.ts'
import { type FunctionType, structureOf, type ValueType } from './values.ts'

/** The profile's numbers. */
const frameBytesBase = 128
const slotBytes = 8

export interface FunctionDepth {
  readonly frameBytes: number
  /** Only of a checkpoint. */
  readonly reserve: number | undefined
}

/** Of each function that the module defines; `called` are the numbers of those that the host calls. */
export function depthsOf(module: Module, context: Context, called: readonly number[]): FunctionDepth[] {
  const seen = module.bodies.map((_, index) => look(module, context, index))
  const imported = context.functions.length - module.bodies.length
  const graph = callGraph(module, context, seen)
  const checkpoints = checkpointsOf(
    graph,
    called.map(index => index - imported),
    seen.length,
  )
  const frames = graph.map((_, node) => seen[node]?.frameBytes ?? 0)
  const paths = longestPaths(graph, frames, checkpoints)
  return seen.map(({ frameBytes }, node) => {
    const behind = (graph[node] as number[]).map(next => (checkpoints.has(next) ? 0 : (paths[next] as number)))
    return { frameBytes, reserve: checkpoints.has(node) ? behind.reduce((a, b) => Math.max(a, b), 0) : undefined }
  })
}

interface Seen {
  readonly frameBytes: number
  /** What its reachable code calls by number, by type, and names in `ref.func`. */
  readonly calls: readonly number[]
  readonly types: readonly FunctionType[]
  readonly references: readonly number[]
}

function look(module: Module, context: Context, index: number): Seen {
  const type = typeOfBody(module, index)
  const body = module.bodies[index] as Module['bodies'][number]
  const [calls, types, references]: [Set<number>, Set<FunctionType>, Set<number>] = [new Set(), new Set(), new Set()]
  let height = 0
  let wide = hasVector(type) || body.locals.includes('v128')
  checkBody(context, type, body, (instruction, operands) => {
    const { operation, index } = instruction
    height = Math.max(height, operands)
    wide ||= isWide(context, instruction)
    if (operation.immediates === 'typeAndTable') types.add(context.types[index] as FunctionType)
    else if (operation.name === 'ref.func') references.add(index)
    else if (operation.immediates === 'function') calls.add(index)
  })
  const slots = 2 * size(type.parameters) + 2 * size(type.results) + size(body.locals) + (wide ? 2 : 1) * height
  return {
    frameBytes: frameBytesBase + slotBytes * slots,
    calls: [...calls],
    types: [...types],
    references: [...references],
  }
}

const size = (types: readonly ValueType[]): number => types.reduce((sum, type) => sum + (type === 'v128' ? 2 : 1), 0)

/** It has to do with vectors. */
function isWide(context: Context, { operation, index }: Instruction): boolean {
  const calls = operation.immediates === 'function' && operation.name !== 'ref.func'
  if (calls) return hasVector(context.functions[index])
  if (operation.immediates === 'typeAndTable') return hasVector(context.types[index])
  if (operation.name === 'global.get') return context.globals[index]?.value === 'v128'
  return isVectorOperation(operation)
}

const hasVector = (type: FunctionType | undefined): boolean =>
  type !== undefined && [...type.parameters, ...type.results].includes('v128')

/**
 * Successors by node: first the functions that the module defines, in their order, then the types that indirect calls name, each structure
 * once.
 */
function callGraph(module: Module, context: Context, seen: readonly Seen[]): number[][] {
  const imported = context.functions.length - module.bodies.length
  const defined = (index: number) => index >= imported
  const nodes = new Map<string, number>()
  const graph = seen.map(({ calls }) => calls.filter(defined).map(index => index - imported))
  for (const [caller, { types }] of seen.entries()) {
    for (const type of types) {
      const structure = structureOf(type)
      const node = nodes.get(structure) ?? graph.push([]) - 1
      nodes.set(structure, node)
      graph[caller]?.push(node)
    }
  }
  for (const index of new Set([...namedOutside(module), ...seen.flatMap(({ references }) => references)])) {
    const node = nodes.get(structureOf(context.functions[index] as FunctionType))
    if (defined(index) && node !== undefined) graph[node]?.push(index - imported)
  }
  return graph
}

/** Functions in element segments and constant expressions. */
function namedOutside(module: Module): number[] {
  const items = module.elements.flatMap(({ items }) => items)
  const expressions = [
    ...module.globals.map(({ initial }) => initial),
    ...items.filter(item => typeof item !== 'number'),
  ]
  return [
    ...items.filter(item => typeof item === 'number'),
    ...expressions.flat().flatMap(({ operation, index }) => (operation.name === 'ref.func' ? [index] : [])),
  ]
}

/**
 * What the host calls; and where an edge leads that lies on a cycle and comes from a type, or from a function of no higher index. So each
 * cycle has one.
 */
function checkpointsOf(graph: readonly number[][], called: readonly number[], functions: number): Set<number> {
  const component = strongComponents(graph)
  const checkpoints = new Set(called)
  for (const [from, successors] of graph.entries()) {
    for (const to of successors) {
      const onCycle = to < functions && component[from] === component[to]
      if (onCycle && (from >= functions || from <= to)) checkpoints.add(to)
    }
  }
  return checkpoints
}
