import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { longestPaths, strongComponents } from './graph.ts'

const graphs = fc
  .integer({ min: 1, max: 9 })
  .chain(size => fc.array(fc.array(fc.nat(size - 1), { maxLength: 4 }), { minLength: size, maxLength: size }))

/** Which nodes each one reaches in one step or more. */
function reachable(graph: readonly (readonly number[])[]): Set<number>[] {
  return graph.map((_, root) => {
    const found = new Set<number>()
    const waiting = [...(graph[root] as number[])]
    for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
      if (found.has(node)) continue
      found.add(node)
      waiting.push(...(graph[node] as number[]))
    }
    return found
  })
}

test('nodes are of one component exactly if each reaches the other', () => {
  fc.assert(
    fc.property(graphs, graph => {
      const component = strongComponents(graph)
      const reach = reachable(graph)
      for (const a of graph.keys()) {
        for (const b of graph.keys()) {
          const mutual = a === b || (reach[a]?.has(b) === true && reach[b]?.has(a) === true)
          assert.equal(component[a] === component[b], mutual)
        }
      }
    }),
  )
})

test('the longest path is the longest of all paths', () => {
  fc.assert(
    fc.property(graphs, fc.array(fc.nat(20), { minLength: 9, maxLength: 9 }), (graph, weights) => {
      // As of checkpoints: each edge that does not lead to a higher number leads to a stop.
      const stops = new Set(graph.flatMap((successors, node) => successors.filter(next => next <= node)))
      const longest = (node: number): number =>
        (weights[node] as number) +
        Math.max(0, ...(graph[node] as number[]).filter(next => !stops.has(next)).map(next => longest(next)))
      const found = longestPaths(graph, weights, stops)
      for (const node of graph.keys()) if (!stops.has(node)) assert.equal(found[node], longest(node))
    }),
  )
})

test('a chain of as many functions as a module may have is no depth for the host', () => {
  const size = 300_000
  const chain = Array.from({ length: size }, (_, node) => (node + 1 < size ? [node + 1] : []))
  assert.equal(new Set(strongComponents(chain)).size, size)
  assert.equal(
    longestPaths(
      chain,
      Array.from({ length: size }, () => 1),
      new Set(),
    )[0],
    size,
  )
})
