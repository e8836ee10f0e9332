import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isPhaseError } from '../phase/errors.ts'
import type { JobEvent } from '../phase/job.ts'
import { JobEvents } from './events.ts'

const event = (jobId: string, sequence: number): JobEvent => ({
  jobId,
  sequence,
  at: '2026-01-01T00:00:00Z',
  type: 'progress',
  state: 'running',
  attempt: 1,
})

test('a subscriber gets the events of its job from the moment it subscribed', async () => {
  const events = new JobEvents()
  const leave = new AbortController()
  events.publish(event('a', 1))
  const one = events.subscribe({ jobId: 'a' }, leave.signal)
  const all = events.subscribe({}, leave.signal)
  for (const [job, sequence] of [
    ['a', 2],
    ['b', 1],
    ['a', 3],
  ] as const)
    events.publish(event(job, sequence))
  const take = async (source: AsyncIterable<JobEvent>, count: number) => {
    const taken: string[] = []
    for await (const { jobId, sequence } of source) if (taken.push(`${jobId}${sequence}`) === count) break
    return taken
  }
  assert.deepEqual(await take(one, 2), ['a2', 'a3'])
  assert.deepEqual(await take(all, 3), ['a2', 'b1', 'a3'])
  assert.equal(events.size, 0)
})

test('a subscription ends with its signal, read or not', async () => {
  const events = new JobEvents()
  const leave = new AbortController()
  const waiting = (async () => {
    for await (const _event of events.subscribe({}, leave.signal)) assert.fail('nothing was published')
  })()
  events.subscribe({}, leave.signal)
  assert.equal(events.size, 2)
  leave.abort()
  await waiting
  assert.equal(events.size, 0)
  for await (const _event of events.subscribe({}, leave.signal)) assert.fail('it was over before it began')
})

test('who falls behind loses its own stream, and nobody else anything', async () => {
  const events = new JobEvents()
  const leave = new AbortController()
  const slow = events.subscribe({}, leave.signal)
  for (let sequence = 1; sequence <= 1000; sequence++) events.publish(event('a', sequence))
  const taken: number[] = []
  await assert.rejects(
    async () => {
      for await (const { sequence } of slow) taken.push(sequence)
    },
    error => isPhaseError(error, 'busy'),
  )
  assert.deepEqual(
    taken,
    Array.from({ length: taken.length }, (_, index) => index + 1),
  )
  assert.ok(taken.length > 100 && taken.length < 1000)
  assert.equal(events.size, 0)
})
