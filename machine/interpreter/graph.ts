/** Two questions about a graph given as the successors of each node, answered without recursion: a guest decides how deep it is. */

/** Nodes have the same number exactly if each can reach the other (Tarjan 1972). */
export function strongComponents(graph: readonly (readonly number[])[]): number[] {
  const order: (number | undefined)[] = []
  const lowest: number[] = []
  const component: number[] = []
  const pending: number[] = []
  let visited = 0
  let components = 0
  const enter = (node: number) => {
    order[node] = lowest[node] = visited++
    pending.push(node)
  }
  const lower = (node: number, to: number) => {
    lowest[node] = Math.min(lowest[node] as number, to)
  }
  const leave = (node: number) => {
    if (lowest[node] !== order[node]) return
    for (let member = -1; member !== node; ) {
      member = pending.pop() as number
      component[member] = components
    }
    components++
  }
  for (const root of graph.keys()) {
    if (order[root] !== undefined) continue
    enter(root)
    depthFirst(graph, root, {
      edge: (from, to) => {
        const isNew = order[to] === undefined
        if (isNew) enter(to)
        else if (component[to] === undefined) lower(from, order[to] as number)
        return isNew
      },
      leave: (node, from) => {
        leave(node)
        if (from !== undefined) lower(from, lowest[node] as number)
      },
    })
  }
  return component
}

/** For each node that is no stop, the largest sum of weights on a path that begins there and meets no stop. Every cycle has a stop. */
export function longestPaths(
  graph: readonly (readonly number[])[],
  weights: readonly number[],
  stops: ReadonlySet<number>,
): number[] {
  const longest: number[] = []
  const entered = new Set<number>()
  for (const root of graph.keys()) {
    if (stops.has(root) || entered.has(root)) continue
    entered.add(root)
    depthFirst(graph, root, {
      edge: (_, to) => {
        const isNew = !stops.has(to) && !entered.has(to)
        if (isNew) entered.add(to)
        return isNew
      },
      leave: node => {
        const behind = (graph[node] as number[]).filter(next => !stops.has(next)).map(next => longest[next] as number)
        longest[node] = (weights[node] as number) + behind.reduce((a, b) => Math.max(a, b), 0)
      },
    })
  }
  return longest
}

interface Visitor {
  /** @returns whether to go on there. */
  edge(from: number, to: number): boolean
  /** All that can be reached from it has been; `from` is where it was entered from. */
  leave(node: number, from: number | undefined): void
}

function depthFirst(graph: readonly (readonly number[])[], root: number, visitor: Visitor): void {
  const path = [{ node: root, next: 0 }]
  for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
    const to = graph[top.node]?.[top.next++]
    if (to === undefined) {
      path.pop()
      visitor.leave(top.node, path.at(-1)?.node)
    } else if (visitor.edge(top.node, to)) path.push({ node: to, next: 0 })
  }
}
