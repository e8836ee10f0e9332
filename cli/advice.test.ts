import assert from 'node:assert/strict'
import { test } from 'node:test'
import { adviceOn } from './advice.ts'

test('more time is advised where a job had all of its own, and not where its module took a node too long', () => {
  const job = (seconds: number) => ({
    reason: 'timedOut',
    startedAt: '2026-01-01T00:00:00.000Z',
    finishedAt: new Date(Date.UTC(2026, 0, 1, 0, 0, seconds)).toISOString(),
    manifest: { timeoutMs: 300_000 },
  })
  assert.match(adviceOn(job(300)), /--timeout\.$/)
  assert.match(adviceOn(job(299.9)), /--timeout\.$/)
  assert.match(adviceOn(job(60)), /build a smaller one/)
})

test('there is something to do about every end', () => {
  assert.match(adviceOn({ reason: 'fuelExhausted', manifest: { timeoutMs: 1 } }), /--fuel/)
  assert.match(adviceOn({ reason: 'a reason of tomorrow', manifest: { timeoutMs: 1 } }), /plasm status/)
})
