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

/** As a second job asks for it. */
function putInUse(cache: RewrittenCache, digest: string, size: number, exact = 0): void {
  cache.put(digest, module(size, exact))
  for (let job = 0; job < 2; job++) assert.ok(cache.get(digest))
}

test('the least recently used goes first, and one larger than all the room is not kept', () => {
  const cache = new RewrittenCache(100)
  putInUse(cache, 'a', 40)
  putInUse(cache, 'b', 20, 20)
  assert.ok(cache.get('a'))
  putInUse(cache, 'c', 30)
  assert.deepEqual(
    ['a', 'b', 'c'].map(digest => cache.get(digest) !== undefined),
    [true, false, true],
  )
  cache.put('d', module(101))
  assert.equal(cache.get('d'), undefined)
  assert.ok(cache.get('a') && cache.get('c'))
})

test('modules that one job asks for push each other out, and not those in use', () => {
  const cache = new RewrittenCache(100)
  putInUse(cache, 'in use', 60)
  for (let stranger = 0; stranger < 10; stranger++) {
    cache.put(`${stranger}`, module(10))
    assert.ok(cache.get(`${stranger}`))
  }
  assert.ok(cache.get('in use'))
  assert.deepEqual(
    ['8', '9'].map(digest => cache.get(digest) !== undefined),
    [false, true],
  )
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
