import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { ModuleCache } from './module-cache.ts'

const mebibyte = 1024 * 1024

test('the least recently used goes first', () => {
  const cache = new ModuleCache()
  cache.use('a', 30 * mebibyte)
  cache.use('b', 30 * mebibyte)
  cache.use('a')
  assert.deepEqual(cache.use('c', 30 * mebibyte), ['b'])
  assert.ok(cache.has('a') && cache.has('c') && !cache.has('b'))
})

test('one module larger than all the room is held alone', () => {
  const cache = new ModuleCache()
  cache.use('a', 1)
  assert.deepEqual(cache.use('b', 100 * mebibyte), ['a'])
  assert.ok(cache.has('b'))
})

test('a child that obeys holds exactly what its parent believes', () => {
  const step = fc.record({ digest: fc.integer({ min: 0, max: 60 }).map(String), size: fc.integer({ min: 1, max: 20 }) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), steps => {
      const cache = new ModuleCache()
      const child = new Set<string>()
      for (const { digest, size } of steps) {
        assert.equal(cache.has(digest), child.has(digest))
        for (const dropped of cache.use(digest, size * mebibyte)) child.delete(dropped)
        child.add(digest)
        assert.ok(child.size <= 32)
      }
    }),
  )
})
