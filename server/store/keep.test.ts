import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { keepFloorMs, keptMs, tooOld } from './keep.ts'

const dayMs = 24 * 3_600_000
const fill = fc.double({ min: 0, max: 3, noNaN: true })
const keepMs = fc.integer({ min: 1, max: 3650 * dayMs })

test('all of it is kept up to 80 % of the quota, an hour from 95 % on, and half between in the middle', () => {
  assert.deepEqual(
    [0, 0.5, 0.8, 0.875, 0.95, 1, 2].map(filled => keptMs(filled, 30 * dayMs)),
    [30 * dayMs, 30 * dayMs, 30 * dayMs, (30 * dayMs + keepFloorMs) / 2, keepFloorMs, keepFloorMs, keepFloorMs],
  )
})

test('the fuller, the shorter, without a step, never above keep nor below the floor', () => {
  fc.assert(
    fc.property(fill, fill, keepMs, (one, other, keep) => {
      const [less, more] = [Math.min(one, other), Math.max(one, other)]
      assert.ok(keptMs(more, keep) <= keptMs(less, keep))
      assert.ok(keptMs(less, keep) - keptMs(more, keep) <= (keep * (more - less)) / 0.15 + 2)
      assert.ok(keptMs(one, keep) <= keep && keptMs(one, keep) >= Math.min(keep, keepFloorMs))
    }),
  )
})

test('of contents no more goes than has to: what makes enough room spares the younger ones', () => {
  const nowMs = 100 * dayMs
  const contents = [9, 8, 7, 6].map(days => ({ size: 10, usedAtMs: nowMs - days * dayMs }))
  const going = (usedBytes: number) => tooOld(contents, { usedBytes, bytesMax: 100, keepMs: 30 * dayMs, nowMs }).length
  assert.deepEqual([70, 80, 94, 100, 110, 120, 200].map(going), [0, 0, 1, 1, 2, 3, 4])
  assert.deepEqual(tooOld([], { usedBytes: 1, bytesMax: 1, keepMs: 1, nowMs }), [])
})
