/** A job's events as they happen (Server-Sent Events, https://html.spec.whatwg.org/multipage/server-sent-events.html). */
import { Readable } from 'node:stream'
import { Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import { isPhaseError, PhaseError } from '../../phase/errors.ts'
import { isTerminal, type Job, type JobEvent } from '../../phase/job.ts'
import { Integer } from '../../phase/schema.ts'
import type { JobEvents } from '../events.ts'
import type { Store } from '../store/store.ts'
import { allowSilence, goneSignal } from './deadline.ts'
import { answers, JobParams } from './document.ts'
import { type FindParts, findJob } from './jobs.ts'

export interface EventParts extends FindParts {
  jobs: Pick<Store['jobs'], 'get' | 'listEvents'>
  events: Pick<JobEvents, 'subscribe'>
  stopping: AbortSignal
}

/** A comment this often shows both ends that the other one is there. */
const heartbeatMs = 10_000
/** A client that reads nothing for so long is cut: its heartbeats no longer leave. */
const silenceMs = 60_000
/** Streams open at once. Each holds a socket and a small queue. */
const streamsMax = 512
const eventsPageMax = 100

export function eventRoutes(app: FastifyInstance, parts: EventParts): void {
  let open = 0
  app.get<{ Params: { id: string } }>(
    '/v1/jobs/:id/events',
    {
      exposeHeadRoute: false,
      schema: {
        operationId: 'streamJobEvents',
        tags: ['jobs'],
        summary: 'Watch a job',
        description:
          'Server-Sent Events: each is a JobEvent with its sequence number as `id`; after the last one comes `event: end`, and the stream closes. `Last-Event-ID` resumes after that number. Lines that begin with `:` are heartbeats.',
        params: JobParams,
        headers: Type.Object({
          'Last-Event-ID': Type.Optional(Integer('Number of the last event that was seen')),
        }),
        response: answers(
          {
            200: {
              description: 'The events',
              content: { 'text/event-stream': { schema: Type.String({ description: 'One JobEvent in each event' }) } },
            },
          },
          400,
          404,
        ),
        'x-plasm-stream': 'JobEvent',
      },
      config: { handlerMs: 0 },
    },
    async (request, reply) => {
      const job = await findJob(parts, request.params.id)
      const after = lastSeen(request.headers['last-event-id'], job)
      if (open >= streamsMax)
        throw new PhaseError('busy', 'Cannot open the stream: too many are open', { retryAfterMs: 5000 })
      open++
      reply.raw.once('close', () => open--)
      allowSilence(request, silenceMs)
      const signal = goneSignal(reply, parts.stopping)
      return reply
        .header('cache-control', 'no-store')
        .header('x-accel-buffering', 'no')
        .type('text/event-stream')
        .send(Readable.from(lines(follow(job.id, after, parts, signal), signal), { objectMode: false }))
    },
  )
}

/** @throws {PhaseError} `invalid` for anything but the number of an event of this job. An empty header is none, as browsers send it. */
function lastSeen(header: string | string[] | undefined, job: Job): number {
  if (header === undefined || header === '') return 0
  const after = typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : undefined
  if (after !== undefined && after <= job.sequence) return after
  throw new PhaseError(
    'invalid',
    `Cannot resume job "${job.id}" after "${String(header).slice(0, 40)}": its last event is ${job.sequence}`,
  )
}

/** The events after `after`, first from the store, then live, each once and in order; ends after the last one, or on `signal`. */
export async function* follow(
  id: string,
  after: number,
  parts: Pick<EventParts, 'jobs' | 'events' | 'keepMs'>,
  signal: AbortSignal,
): AsyncGenerator<JobEvent> {
  let last = after
  while (!signal.aborted) {
    const leave = new AbortController()
    // Subscribed first: what happens while the store is read waits in the queue, and what was read is skipped there.
    const live = parts.events.subscribe({ jobId: id }, AbortSignal.any([signal, leave.signal]))[Symbol.asyncIterator]()
    try {
      for await (const event of stored(id, last, parts.jobs)) {
        yield event
        if (isTerminal(event.state)) return
        last = event.sequence
      }
      if (isTerminal((await findJob(parts, id)).state) && (await parts.jobs.listEvents(id, last, 1)).length === 0)
        return
      for (let next = await live.next(); next.done !== true; next = await live.next()) {
        if (next.value.sequence <= last) continue
        if (next.value.sequence > last + 1) break
        yield next.value
        if (isTerminal(next.value.state)) return
        last = next.value.sequence
      }
    } catch (error) {
      // Its queue was full: the store has what it missed.
      if (!isPhaseError(error, 'busy')) throw error
    } finally {
      leave.abort()
    }
  }
}

async function* stored(id: string, after: number, jobs: EventParts['jobs']): AsyncGenerator<JobEvent> {
  for (let last = after; ; ) {
    const page = await jobs.listEvents(id, last, eventsPageMax)
    if (page.length === 0) return
    yield* page
    last = page.at(-1)?.sequence ?? last
  }
}

async function* lines(events: AsyncGenerator<JobEvent>, signal: AbortSignal): AsyncGenerator<string> {
  yield 'retry: 1000\n\n'
  let next = events.next()
  for (;;) {
    const step = await orHeartbeat(next)
    if (step === undefined) {
      yield ': still here\n\n'
      continue
    }
    if (step.done === true) break
    yield `id: ${step.value.sequence}\ndata: ${JSON.stringify(step.value)}\n\n`
    next = events.next()
  }
  if (!signal.aborted) yield 'event: end\ndata: {}\n\n'
}

async function orHeartbeat<T>(next: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const silence = new Promise<undefined>(resolve => {
    timer = setTimeout(() => resolve(undefined), heartbeatMs)
  })
  try {
    return await Promise.race([next, silence])
  } finally {
    clearTimeout(timer)
  }
}
