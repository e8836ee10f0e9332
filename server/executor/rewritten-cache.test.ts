import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { RewrittenCache } from './rewritten-cache.ts'

const module = (size: number, exact = 0) => ({
  memory: undefined,
  differs: exact > 0,
  fast: new Uint8Array(size),
  ...(exact > 0 && { exact: new Uint8Array(exact) }),
})

test('the least recently used goes first, and one larger than all the room is not kept', () => {
  const cache = new RewrittenCache(100)
  cache.put('a', module(40))
  cache.put('b', module(20, 20))
  assert.ok(cache.get('a'))
  cache.put('c', module(30))
  assert.deepEqual(
    ['a', 'b', 'c'].map(digest => cache.get(digest) !== undefined),
    [true, false, true],
  )
  cache.put('d', module(101))
  assert.equal(cache.get('d'), undefined)
  assert.ok(cache.get('a') && cache.get('c'))
})

test('whatever is put, what is held stays within the bound, and the newest that fits is there', () => {
  const step = fc.record({ digest: fc.integer({ min: 0, max: 9 }).map(String), size: fc.integer({ min: 1, max: 120 }) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), steps => {
      const cache = new RewrittenCache(100)
      for (const { digest, size } of steps) {
        cache.put(digest, module(size))
        assert.equal(cache.get(digest)?.fast.length, size <= 100 ? size : undefined)
        const held = Array.from({ length: 10 }, (_, name) => cache.get(String(name))?.fast.length ?? 0)
        assert.ok(held.reduce((sum, one) => sum + one, 0) <= 100)
      }
    }),
  )
})
