import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { array, assert as assertProperty, asyncProperty, integer, option, record } from 'fast-check'
import { PhaseError } from '../../phase/errors.ts'
import type { Job, JobEvent } from '../../phase/job.ts'
import { JobEvents } from '../events.ts'
import { follow } from './events.ts'
import { type Fixture, startApp } from './testing/fixture.ts'

let app: Fixture
before(async () => {
  app = await startApp()
})
after(() => app.stop())

async function create(): Promise<Job> {
  return (await app.scheduler.submit({ module: app.module })).job
}

/** An open stream: its events so far, and the next ones when they come. */
async function watch(id: string, lastEventId?: string) {
  const response = await fetch(`${app.url}/v1/jobs/${id}/events`, {
    headers: lastEventId === undefined ? {} : { 'last-event-id': lastEventId },
  })
  async function* blocks(): AsyncGenerator<Record<string, string>> {
    let text = ''
    for await (const chunk of (response.body as ReadableStream<Uint8Array>).pipeThrough(
      new TextDecoderStream() as never,
    )) {
      text += String(chunk)
      for (let at = text.indexOf('\n\n'); at >= 0; at = text.indexOf('\n\n')) {
        const lines = text.slice(0, at).split('\n')
        text = text.slice(at + 2)
        yield Object.fromEntries(
          lines.map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
        )
      }
    }
  }
  return { response, blocks: blocks() }
}

test('a stream tells every event with its number, live, and then ends explicitly', async () => {
  const { id } = await create()
  const { response, blocks } = await watch(id)
  assert.equal(response.headers.get('content-type'), 'text/event-stream')
  assert.deepEqual((await blocks.next()).value, { retry: '1000' })
  const created = (await blocks.next()).value as Record<string, string>
  assert.equal(created['id'], '1')
  assert.equal((JSON.parse(created['data'] ?? '') as JobEvent).type, 'created')
  await app.scheduler.run(id)
  await app.scheduler.apply(id, { type: 'progress', detail: 'compiled' })
  await app.scheduler.apply(id, { type: 'finished', reason: 'exited', exitCode: 0 })
  const rest: Record<string, string>[] = []
  for await (const block of blocks) rest.push(block)
  assert.deepEqual(
    rest.map(block => block['id'] ?? block['event']),
    ['2', '3', '4', '5', 'end'],
  )
})

test('a stream resumes after the last event that was seen', async () => {
  const { id } = await create()
  await app.scheduler.run(id)
  await app.scheduler.apply(id, { type: 'finished', reason: 'exited', exitCode: 0 })
  for (const [last, expected] of [
    ['2', ['3', '4', 'end']],
    ['4', ['end']],
    ['', ['1', '2', '3', '4', 'end']],
  ] as const) {
    const { blocks } = await watch(id, last)
    const seen: (string | undefined)[] = []
    for await (const block of blocks) seen.push(block['id'] ?? block['event'])
    assert.deepEqual(seen.slice(1), expected)
  }
  for (const wrong of ['5', '-1', 'x', '1.5', '9'.repeat(30)]) {
    const { response } = await watch(id, wrong)
    assert.equal(response.status, 400)
    assert.equal(((await response.json()) as { code: string }).code, 'invalid')
  }
})

test('a client that leaves is forgotten', async () => {
  const { id } = await create()
  const controller = new AbortController()
  const response = await fetch(`${app.url}/v1/jobs/${id}/events`, { signal: controller.signal })
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  await reader.read()
  controller.abort()
  await reader.read().catch(() => {})
  while (app.events.size > 0) await new Promise(resolve => setImmediate(resolve))
})

test('a stream ends when the node stops', async () => {
  const stopping = await startApp()
  const { job } = await stopping.scheduler.submit({ module: stopping.module })
  const response = await fetch(`${stopping.url}/v1/jobs/${job.id}/events`)
  const text = response.text()
  await stopping.stop()
  assert.doesNotMatch(await text, /event: end/)
})

async function* cut(source: AsyncIterable<JobEvent>, at: number | undefined): AsyncGenerator<JobEvent> {
  for await (const event of source) {
    if (event.sequence === at) throw new PhaseError('busy', 'Cannot keep up')
    yield event
  }
}

/** Whatever happens before, while and after the store is read: each event once, in order, none left out. */
test('following leaves no gap and repeats nothing, however store and live events interleave', async () => {
  const schedule = record({
    total: integer({ min: 1, max: 40 }),
    after: integer({ min: 0, max: 40 }),
    turns: array(integer({ min: 0, max: 4 }), { minLength: 40, maxLength: 40 }),
    overflowAt: option(integer({ min: 1, max: 40 }), { nil: undefined }),
  })
  await assertProperty(
    asyncProperty(schedule, async ({ total, after, turns, overflowAt }) => {
      const events = new JobEvents()
      const stored: JobEvent[] = []
      const from = Math.min(after, total)
      const publish = async (first: number, last: number) => {
        for (let sequence = first; sequence <= last; sequence++) {
          for (let n = 0; n < (turns[sequence - 1] ?? 0); n++) await Promise.resolve()
          const state = sequence === total ? ('succeeded' as const) : ('running' as const)
          const event: JobEvent = { jobId: 'a', sequence, at: '', type: 'progress', state, attempt: 1 }
          stored.push(event)
          events.publish(event)
        }
      }
      const parts = {
        jobs: {
          get: async () => ({ state: stored.at(-1)?.state ?? 'queued' }) as Job,
          listEvents: async (_id: string, last: number, limit: number) => {
            await Promise.resolve()
            const found = stored.filter(({ sequence }) => sequence > last).slice(0, limit)
            await Promise.resolve()
            return found
          },
        },
        keepMs: 1,
        events: {
          subscribe(options: { jobId?: string }, signal: AbortSignal) {
            return cut(events.subscribe(options, signal), overflowAt)
          },
        },
      }
      await publish(1, from)
      const seen: number[] = []
      const follower = (async () => {
        for await (const { sequence } of follow('a', from, parts, new AbortController().signal)) seen.push(sequence)
      })()
      await publish(from + 1, total)
      await follower
      assert.deepEqual(
        seen,
        Array.from({ length: total - from }, (_, index) => from + index + 1),
      )
      assert.equal(events.size, 0)
    }),
    { numRuns: 300 },
  )
})
