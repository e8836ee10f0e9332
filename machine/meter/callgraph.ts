/**
 * Who calls whom, and what follows from it (SPEC.md, Depth): where the depth is checked, how much stack lies between two checks, which
 * functions have to be told how deep they are, and which may come to a host call.
 */
import type { Facts } from './facts.ts'

/** Nodes are functions (imports first, as the module numbers them), then one for each type by which something is called. */
export interface CallGraph {
  /** By function. */
  checkpoint: Uint8Array
  /** Bytes of the longest way behind it that meets no checkpoint. */
  reserve: Float64Array
  /** It can come to a checkpoint, or is one. */
  deep: Uint8Array
  /** It may come to a host call. */
  reachesHost: Uint8Array
  /** It may come to a call that ends the run. */
  reachesExit: Uint8Array
  /** Fuel is checked where it begins. */
  checked: Uint8Array
  /** What callers add to their own cost, or -1: a straight function, which keeps its type. */
  straightCost: Float64Array
  /** For each structural type that is called or has members: what its members are together. */
  types: ReadonlyMap<number, TypeClass>
}
export interface TypeClass {
  deep: boolean
  reachesHost: boolean
  reachesExit: boolean
}

export interface CallGraphSource {
  facts: readonly Facts[]
  /** `ends`: the call may end the run. */
  imports: readonly { ends: boolean }[]
  /** Functions that a table, a global or a ref.func may hold; imports too. */
  addressTaken: ReadonlySet<number>
  /** Structural type of each function, imports too. */
  typeOf: (index: number) => number
  /** Functions that the host calls. */
  entries: readonly number[]
}

/** Fuel that may pass unchecked on the way into functions. */
const uncheckedMax = 4_096
/** A straight function that costs more is charged like any other: its callers would owe too much at once. */
const straightMax = 4_096

export function readCallGraph(source: CallGraphSource): CallGraph {
  return new GraphReader(source).read()
}

class GraphReader {
  private readonly source: CallGraphSource
  private readonly imports: number
  private readonly functions: number
  private readonly typeIds: number[]
  private readonly nodes: number
  private readonly edges: Int32Array[]
  private readonly component: Int32Array
  private readonly order: Int32Array

  constructor(source: CallGraphSource) {
    this.source = source
    this.imports = source.imports.length
    this.functions = this.imports + source.facts.length
    const typeIds = new Set([...source.addressTaken].map(source.typeOf))
    for (const { indirectCalls } of source.facts) for (const type of indirectCalls) typeIds.add(type)
    this.typeIds = [...typeIds]
    this.nodes = this.functions + this.typeIds.length
    this.edges = this.readEdges()
    const { component, order } = components(this.edges)
    this.component = component
    this.order = order
  }

  read(): CallGraph {
    const { nodes, functions, source } = this
    const graph = {
      checkpoint: this.checkpoints(),
      reserve: new Float64Array(nodes),
      deep: new Uint8Array(nodes),
      reachesHost: new Uint8Array(nodes),
      reachesExit: new Uint8Array(nodes),
      checked: new Uint8Array(nodes),
      straightCost: new Float64Array(nodes).fill(-1),
    }
    for (let node = 0; node < this.imports; node++) {
      graph.reachesHost[node] = 1
      graph.reachesExit[node] = source.imports[node]?.ends === true ? 1 : 0
    }
    graph.deep.set(graph.checkpoint)
    for (const flags of [graph.reachesHost, graph.reachesExit, graph.deep]) this.spread(flags)
    this.measure(graph)
    const types = new Map<number, TypeClass>()
    for (const [index, type] of this.typeIds.entries()) {
      const node = functions + index
      const { deep, reachesHost, reachesExit } = graph
      types.set(type, {
        deep: deep[node] === 1,
        reachesHost: reachesHost[node] === 1,
        reachesExit: reachesExit[node] === 1,
      })
    }
    return { ...graph, types }
  }

  private readEdges(): Int32Array[] {
    const { source, functions, imports } = this
    const nodeOfType = new Map(this.typeIds.map((type, index) => [type, functions + index]))
    const members = this.typeIds.map((): number[] => [])
    for (const index of source.addressTaken) {
      members[(nodeOfType.get(source.typeOf(index)) as number) - functions]?.push(index)
    }
    const edges: Int32Array[] = Array.from({ length: imports }, () => new Int32Array(0))
    const distinct = new Distinct(this.nodes)
    for (const { calls, indirectCalls } of source.facts) {
      for (const target of calls) distinct.add(target)
      for (const type of indirectCalls) distinct.add(nodeOfType.get(type) as number)
      edges.push(distinct.take())
    }
    for (const list of members) edges.push(Int32Array.from(list))
    return edges
  }

  /** One on every cycle: where an edge leads up, or from a type. And where the host comes in. */
  private checkpoints(): Uint8Array {
    const checkpoint = new Uint8Array(this.nodes)
    for (let node = this.imports; node < this.nodes; node++) {
      for (const target of this.edges[node] as Int32Array) {
        if (target < this.imports || this.component[target] !== this.component[node]) continue
        if (target < this.functions && (node >= this.functions || node <= target)) checkpoint[target] = 1
      }
    }
    for (const entry of this.source.entries) checkpoint[entry] = 1
    return checkpoint
  }

  /** Whoever calls one that has the flag has it, too. Components come callees first; within one, all are alike. */
  private spread(flags: Uint8Array): void {
    this.eachComponent(members => {
      let found = false
      for (const node of members) {
        if (flags[node] === 1) found = true
        else for (const target of this.edges[node] as Int32Array) if (flags[target] === 1) found = true
      }
      if (found) for (const node of members) flags[node] = 1
    })
  }

  private measure(graph: Omit<CallGraph, 'types'>): void {
    const unchecked = new Float64Array(this.nodes)
    this.eachComponent(members => {
      const cyclic = members.length > 1
      // Types first, then upwards: so that within a cycle, too, whoever is no checkpoint comes before those that call it.
      const sorted = cyclic ? members.toSorted((a, b) => this.rank(a) - this.rank(b)) : members
      for (const node of sorted) this.measureOne(node, graph, unchecked, cyclic)
    })
  }

  private rank(node: number): number {
    return node >= this.functions ? node - this.nodes : node
  }

  private measureOne(node: number, graph: Omit<CallGraph, 'types'>, unchecked: Float64Array, cyclic: boolean): void {
    if (node < this.imports) return
    const facts = this.source.facts[node - this.imports]
    let reserve = 0
    for (const target of this.edges[node] as Int32Array) {
      if (graph.checkpoint[target] === 1 || target < this.imports) continue
      const frame = this.source.facts[target - this.imports]?.frameBytes ?? 0
      reserve = Math.max(reserve, frame + (graph.reserve[target] as number))
    }
    graph.reserve[node] = reserve
    if (facts === undefined) {
      let most = 0
      for (const target of this.edges[node] as Int32Array) most = Math.max(most, unchecked[target] as number)
      unchecked[node] = most
      return
    }
    let cost = facts.cost
    for (const target of facts.calls) cost += unchecked[target] as number
    // Members of a type are called through its node; what they may leave unchecked is bounded like any other.
    if (facts.indirectCalls.length > 0) cost += facts.indirectCalls.length * 64
    graph.straightCost[node] = cyclic || graph.checkpoint[node] === 1 ? -1 : this.straight(node, facts, graph)
    if (graph.checkpoint[node] === 1 || cost > uncheckedMax) {
      if (graph.straightCost[node] === -1) graph.checked[node] = 1
      unchecked[node] = 0
    } else unchecked[node] = cost
    if (graph.straightCost[node] !== -1) unchecked[node] = 0
  }

  private straight(node: number, facts: Facts, { straightCost }: Omit<CallGraph, 'types'>): number {
    if (!facts.straight || this.source.addressTaken.has(node)) return -1
    let cost = facts.cost
    for (const target of facts.calls) {
      if (target < this.imports || straightCost[target] === -1) return -1
      cost += straightCost[target] as number
    }
    return cost > straightMax ? -1 : cost
  }

  private eachComponent(visit: (members: Int32Array) => void): void {
    const { order, component } = this
    for (let start = 0; start < order.length; ) {
      const end = endOfComponent(order, component, start)
      visit(order.subarray(start, end))
      start = end
    }
  }
}

/** Collects numbers below a bound, each once. */
class Distinct {
  private readonly takenIn: Int32Array
  private readonly found: Int32Array
  private round = 1
  private count = 0

  constructor(bound: number) {
    this.takenIn = new Int32Array(bound)
    this.found = new Int32Array(bound)
  }

  add(value: number): void {
    if (this.takenIn[value] === this.round) return
    this.takenIn[value] = this.round
    this.found[this.count++] = value
  }

  /** Those since the last time, in the order in which they came. */
  take(): Int32Array {
    const taken = this.found.slice(0, this.count)
    this.count = 0
    this.round++
    return taken
  }
}

/** Apart from the loop around it: V8 would leave a loop within a loop again and again. */
function endOfComponent(order: Int32Array, component: Int32Array, start: number): number {
  const id = component[order[start] as number]
  let end = start + 1
  while (end < order.length && component[order[end] as number] === id) end++
  return end
}

/** Tarjan's strongly connected components, without recursion: `order` has the nodes component by component, callees first. */
function components(edges: readonly Int32Array[]): { component: Int32Array; order: Int32Array } {
  const count = edges.length
  const component = new Int32Array(count).fill(-1)
  const seen = new Int32Array(count)
  const low = new Int32Array(count)
  const next = new Int32Array(count)
  const order = new Int32Array(count)
  const open: number[] = []
  const way: number[] = []
  let clock = 0
  let ordered = 0
  let components = 0
  for (let root = 0; root < count; root++) {
    if (seen[root] !== 0) continue
    way.push(root)
    while (way.length > 0) {
      const node = way.at(-1) as number
      if (seen[node] === 0) {
        seen[node] = low[node] = ++clock
        open.push(node)
      }
      const targets = edges[node] as Int32Array
      const target = targets[next[node] as number]
      if (target !== undefined) {
        next[node] = (next[node] as number) + 1
        if (seen[target] === 0) way.push(target)
        else if (component[target] === -1) low[node] = Math.min(low[node] as number, seen[target] as number)
        continue
      }
      way.pop()
      const parent = way.at(-1)
      if (parent !== undefined) low[parent] = Math.min(low[parent] as number, low[node] as number)
      if (low[node] !== seen[node]) continue
      for (let member = open.pop() as number; ; member = open.pop() as number) {
        component[member] = components
        order[ordered++] = member
        if (member === node) break
      }
      components++
    }
  }
  return { component, order }
}
