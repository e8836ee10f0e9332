/** Any sequence of creates, transitions and reopenings, held against phase's `transition` in memory. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { type ErrorCode, PhaseError } from '../../phase/errors.ts'
import { createdEvent, isTerminal, type Job, type JobEvent, type JobTransition, transition } from '../../phase/job.ts'
import type { AnyStore, MakeStore } from './store.contract.ts'
import { at, executor, newJob } from './testing/samples.ts'

type Step = { do: 'create' } | { do: 'reopen' } | { do: 'apply'; job: number; event: JobTransition }
type Model = { job: Job; events: JobEvent[] }[]

const attempt = fc.integer({ min: 1, max: 3 })
const event: fc.Arbitrary<JobTransition> = fc.oneof(
  fc.record({ type: fc.constant('assigned'), attempt, at: fc.constant(at), executor: fc.constant(executor) }),
  fc.record({ type: fc.constant('started'), attempt, at: fc.constant(at) }),
  fc.record({ type: fc.constant('progress'), attempt, at: fc.constant(at), detail: fc.string() }),
  fc.record({
    type: fc.constant('returned'),
    attempt,
    at: fc.constant(at),
    counted: fc.boolean(),
    reason: fc.constant('noPeer'),
    detail: fc.string(),
  }),
  fc.record({ type: fc.constant('cancelRequested'), at: fc.constant(at) }),
  fc.record({ type: fc.constant('finished'), attempt, at: fc.constant(at), reason: fc.constant('timedOut') }),
)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.constant<Step>({ do: 'create' }) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'reopen' }) },
  { weight: 12, arbitrary: fc.record({ do: fc.constant('apply'), job: fc.nat(2), event }) },
)

export function jobModelContract(makeStore: MakeStore): void {
  test('any sequence of steps leaves what the state machine says', async t => {
    const { store, reopen } = await makeStore(t)
    let current = store
    const perform = async (steps: Step[]) => {
      const model: Model = []
      for (const next of steps) {
        if (next.do === 'reopen') current = await reopen()
        else if (next.do === 'create') await create(current, model)
        else await apply(current, model, next)
      }
      await compare(current, model)
    }
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 30 }), perform), { numRuns: 15 })
  })
}

async function create(store: AnyStore, model: Model): Promise<void> {
  const job = newJob()
  await store.jobs.create(job)
  model.push({ job, events: [createdEvent(job)] })
}

async function apply(store: AnyStore, model: Model, { job, event }: Step & { do: 'apply' }): Promise<void> {
  const entry = model[job]
  if (entry === undefined) return
  const [expected, seen] = await Promise.all([
    outcome(async () => transition(entry.job, event)),
    outcome(() => store.jobs.apply(entry.job.id, event)),
  ])
  assert.deepEqual(seen, expected)
  if (typeof expected === 'string') return
  entry.job = expected.job
  entry.events.push(expected.event)
}

/** Every job of the model, and nothing of it that it does not know: other runs have left jobs behind it. */
async function compare(store: AnyStore, model: Model): Promise<void> {
  const newest = model.length === 0 ? [] : (await store.jobs.list({ limit: model.length })).items
  assert.deepEqual(
    newest.toReversed(),
    model.map(entry => entry.job),
  )
  for (const { job, events } of model) assert.deepEqual(await store.jobs.listEvents(job.id, 0, 100), events)
  const ids = new Set(model.map(({ job }) => job.id))
  assert.deepEqual(
    (await store.jobs.listUnfinished()).filter(({ id }) => ids.has(id)),
    model.map(entry => entry.job).filter(({ state }) => !isTerminal(state)),
  )
}

async function outcome<T>(call: () => Promise<T>): Promise<T | ErrorCode> {
  try {
    return await call()
  } catch (error) {
    if (error instanceof PhaseError) return error.code
    throw error
  }
}
