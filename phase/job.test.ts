import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { isPhaseError } from './errors.ts'
import {
  createdEvent,
  hasClaim,
  isTerminal,
  type Job,
  type JobEvent,
  JobEventSchema,
  JobSchema,
  type JobTransition,
  jobSchemas,
  transition,
} from './job.ts'
import { attemptsMax } from './limits.ts'
import { manifestSchemas, taskDigest } from './manifest.ts'
import { ContentSchema, check } from './schema.ts'
import { executor, manifest, signed, stranger } from './vectors/material.ts'

const at = '2026-01-02T03:04:05.000Z'
const queued: Job = {
  id: signed.request.jobId,
  state: 'queued',
  attempt: 1,
  manifest,
  taskDigest: taskDigest(manifest),
  sequence: 1,
  createdAt: at,
  queuedAt: at,
}
const assigned = { type: 'assigned', attempt: 1, at, executor: executor.peerId } as const
const started = { type: 'started', attempt: 1, at } as const
const lost = {
  type: 'returned',
  attempt: 1,
  at,
  counted: true,
  reason: 'internal',
  detail: 'the peer was lost',
} as const
const refusal = { ...lost, counted: false, reason: 'noPeer', detail: 'the peer was busy' } as const
const exited = { type: 'finished', attempt: 1, at, reason: 'exited', exitCode: 0 } as const

const after = (...events: JobTransition[]): Job => events.reduce((job, event) => transition(job, event).job, queued)
const refused = (code: 'stale' | 'conflict') => (error: unknown) => isPhaseError(error, code)

test('a job goes from queued over assigned and running to succeeded', () => {
  const job = after(assigned, started, exited)
  assert.deepEqual([job.state, job.reason, job.exitCode, job.sequence], ['succeeded', 'exited', 0, 4])
  assert.equal(job.executor, executor.peerId)
})

test('a guest that exits with another code than 0 has failed, with its exit code', () => {
  const job = after(assigned, started, { ...exited, exitCode: 3 })
  assert.deepEqual([job.state, job.reason, job.exitCode], ['failed', 'exited', 3])
})

test('every other reason fails the job, but cancelled cancels it', () => {
  for (const reason of ['trapped', 'outputExceeded', 'timedOut', 'memoryExhausted', 'noPeer', 'internal'] as const) {
    assert.equal(after({ type: 'finished', attempt: 1, at, reason }).state, 'failed')
  }
  assert.equal(after({ type: 'finished', attempt: 1, at, reason: 'cancelled' }).state, 'cancelled')
})

test('a lost execution is a new attempt, and what the old one still says is stale', () => {
  const job = after(assigned, started, lost)
  assert.deepEqual([job.state, job.attempt, job.executor, job.startedAt], ['queued', 2, undefined, undefined])
  assert.throws(() => transition(job, exited), refused('stale'))
  assert.throws(() => transition(job, { ...assigned, attempt: 3 }), refused('stale'))
})

test('a refusal is no attempt', () => {
  assert.equal(after(assigned, refusal).attempt, 1)
})

test('the fifth lost execution ends the job, with its reason', () => {
  let job = queued
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    for (const event of [assigned, started, lost]) job = transition(job, { ...event, attempt }).job
  }
  assert.deepEqual([job.state, job.reason, job.attempt], ['failed', 'internal', attemptsMax])
  assert.match(job.detail ?? '', /attempt 5 of 5/)
})

test('to cancel a queued job is its end; a running one goes on until its executor confirms', () => {
  assert.equal(after({ type: 'cancelRequested', at }).state, 'cancelled')
  const asked = after(assigned, started, { type: 'cancelRequested', at })
  assert.deepEqual([asked.state, asked.cancelRequestedAt], ['running', at])
  assert.throws(() => transition(asked, { type: 'cancelRequested', at }), refused('conflict'))
  assert.equal(transition(asked, lost).job.state, 'cancelled')
  assert.equal(transition(asked, exited).job.state, 'succeeded')
})

test('what one event said is not said again with the next', () => {
  const back = after(assigned, refusal)
  assert.equal(transition(queued, { ...assigned }).event.detail, undefined)
  assert.equal(transition(after(assigned), refusal).event.detail, 'the peer was busy')
  assert.equal(transition(back, assigned).event.detail, undefined)
})

const time = fc.constant(at)
const attempt = fc.integer({ min: 1, max: attemptsMax + 1 })
const reason = fc.constantFrom('exited', 'trapped', 'outputExceeded', 'timedOut', 'noPeer', 'cancelled', 'internal')
const event = fc.oneof(
  fc.record({
    type: fc.constant('assigned'),
    attempt,
    at: time,
    executor: fc.constantFrom(executor.peerId, stranger.peerId),
  }),
  fc.record({ type: fc.constant('started'), attempt, at: time }),
  fc.record({ type: fc.constant('progress'), attempt, at: time, detail: fc.string() }),
  fc.record({ type: fc.constant('returned'), attempt, at: time, counted: fc.boolean(), reason, detail: fc.string() }),
  fc.record({ type: fc.constant('cancelRequested'), at: time }),
  fc.record({ type: fc.constant('finished'), attempt, at: time, reason, exitCode: fc.integer({ min: 0, max: 3 }) }),
) as fc.Arbitrary<JobTransition>

/** The events that count: mostly for the attempt that is under way, so that histories get long. */
const history = fc.array(fc.tuple(event, fc.boolean()), { maxLength: 60 })

test('whatever happens to a job: the end is final, attempts only grow and are at most five, events are numbered without gaps', () => {
  fc.assert(
    fc.property(history, steps => {
      let job = queued
      const events: JobEvent[] = [createdEvent(job)]
      for (const [step, fresh] of steps) {
        const before = structuredClone(job)
        const happened = fresh && 'attempt' in step ? { ...step, attempt: job.attempt } : step
        const outcome = apply(job, happened)
        assert.deepEqual(job, before, 'a transition changes no job in place')
        if (outcome === undefined) continue
        assert.equal(isTerminal(before.state), false, 'nothing follows an end')
        assert.ok(outcome.job.attempt === before.attempt || outcome.job.attempt === before.attempt + 1)
        assert.ok('attempt' in happened ? happened.attempt === before.attempt : happened.type === 'cancelRequested')
        job = outcome.job
        events.push(outcome.event)
      }
      assert.ok(job.attempt <= attemptsMax)
      assert.deepEqual(
        events.map(({ sequence }) => sequence),
        events.map((_, index) => index + 1),
      )
      assert.equal(job.sequence, events.length)
      assert.equal(events.at(-1)?.state, job.state)
      assert.equal(events.filter(({ type }) => type === 'finished').length, isTerminal(job.state) ? 1 : 0)
      assert.equal(job.reason !== undefined && job.finishedAt !== undefined, isTerminal(job.state))
      for (const one of events) check(JobEventSchema, jobSchemas, one, 'the event')
      check(JobSchema, [...jobSchemas, ...manifestSchemas, ContentSchema], job, 'the job')
    }),
    { numRuns: 500 },
  )
})

test('reasons with a claim are the five that the guest alone brings about', () => {
  for (const one of ['exited', 'outputExceeded', 'trapped', 'fuelExhausted', 'depthExhausted'] as const)
    assert.ok(hasClaim(one))
  for (const one of [
    'timedOut',
    'memoryExhausted',
    'moduleRejected',
    'noPeer',
    'quorumNotReached',
    'cancelled',
    'internal',
  ] as const) {
    assert.ok(!hasClaim(one))
  }
})

function apply(job: Job, step: JobTransition): ReturnType<typeof transition> | undefined {
  try {
    return transition(job, step)
  } catch (error) {
    assert.ok(isPhaseError(error, 'stale', 'conflict'))
    return undefined
  }
}
