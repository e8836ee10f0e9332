import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { discoveryDelayMs, exclusionMs } from './retry.ts'

test('a busy peer is asked again within two seconds, a broken one within a minute', () => {
  assert.equal(exclusionMs('busy', 1), 100)
  assert.equal(exclusionMs('busy', 1, 500), 500)
  assert.equal(exclusionMs('protocol', 1), 1_000)
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e6 }), fc.nat(), (count, retryAfterMs) => {
      assert.ok(exclusionMs('busy', count, retryAfterMs) <= 2_000)
      assert.ok(exclusionMs('unavailable', count, retryAfterMs) <= 60_000)
    }),
  )
})

test('look-ups that find nobody come slower, never slower than every few seconds', () => {
  assert.ok(discoveryDelayMs(0, 0.5) < discoveryDelayMs(3, 0.5))
  fc.assert(
    fc.property(
      fc.nat(),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (count, random) => discoveryDelayMs(count, random) <= 6_250,
    ),
  )
})
