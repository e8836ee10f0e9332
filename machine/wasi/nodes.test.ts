import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { DirectoryNode, FileNode } from './nodes.ts'

const name = fc.oneof(
  fc.constantFrom('a', 'b', '\u{ffff}', '\u{10000}', 'é'),
  fc.string({ minLength: 1, unit: 'binary' }),
)

test('a directory lists its entries in the order of their bytes, and a list that somebody holds does not change', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ name, add: fc.boolean(), look: fc.boolean() })), steps => {
      const directory = new DirectoryNode(1n, 0n)
      const model = new Set<string>()
      const looks: { list: readonly { name: string }[]; names: string[] }[] = []
      for (const [index, { name, add, look }] of steps.entries()) {
        if (add) directory.set(name, new FileNode(BigInt(index + 2), 0n))
        else directory.delete(name)
        if (add) model.add(name)
        else model.delete(name)
        assert.equal(directory.size, model.size)
        if (look) looks.push({ list: directory.list(), names: sorted(model) })
      }
      for (const { list, names } of [...looks, { list: directory.list(), names: sorted(model) }])
        assert.deepEqual(
          list.map(({ name }) => name),
          names,
        )
    }),
  )
})

test('what takes the place of an entry is found under its name', () => {
  const directory = new DirectoryNode(1n, 0n)
  const [first, second] = [new FileNode(2n, 0n), new FileNode(3n, 0n)]
  directory.set('a', first)
  const before = directory.list()
  directory.set('a', second)
  assert.equal(directory.get('a'), second)
  assert.deepEqual(directory.list(), [{ name: 'a', node: second }])
  assert.deepEqual(before, [{ name: 'a', node: first }])
})

const sorted = (names: Set<string>): string[] =>
  [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
