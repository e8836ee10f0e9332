/** Jobs: submitted, watched by polling, cancelled. */
import { Type } from '@sinclair/typebox'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { PhaseError } from '../../phase/errors.ts'
import { isTerminal, type Job, JobSchema, type JobState, JobStateSchema } from '../../phase/job.ts'
import { JobManifestSchema } from '../../phase/manifest.ts'
import { ref } from '../../phase/schema.ts'
import type { Metrics } from '../metrics.ts'
import type { Scheduler } from '../scheduler/scheduler.ts'
import type { Store } from '../store/store.ts'
import { goneSignal } from './deadline.ts'
import { answer, answers, digestExample, JobParams } from './document.ts'
import { type PageQuery, PageSchema, pageOf, pageQuery } from './paging.ts'
import { preferHeader, waitSecondsMax, waitSecondsOf } from './prefer.ts'

/** What it takes to find a job, or to say why it is not there. */
export interface FindParts {
  jobs: Pick<Store['jobs'], 'get'>
  /** How long a job is kept after its end. */
  keepMs: number
}

export interface JobParts extends FindParts {
  metrics: Pick<Metrics, 'accepted'>
  jobs: Pick<Store['jobs'], 'get' | 'list'>
  scheduler: Pick<Scheduler, 'submit' | 'cancel' | 'wait'>
  /** Aborts when the node stops: nobody waits beyond it. */
  stopping: AbortSignal
}

const JobPageSchema = PageSchema('JobPage', 'Jobs, newest first', JobSchema)
export const jobRouteSchemas = [JobPageSchema]

/** A client's wait and what comes before and after it. */
export const waitHandlerMs = (waitSecondsMax + 30) * 1000
const idempotencyKeyLengthMax = 255
const tags = ['jobs']
const location = { location: { type: 'string', description: 'Path of the job' } }

export function jobRoutes(app: FastifyInstance, parts: JobParts): void {
  createJob(app, parts)
  app.get<{ Querystring: PageQuery & { state?: JobState } }>(
    '/v1/jobs',
    {
      schema: {
        operationId: 'listJobs',
        tags,
        summary: 'List jobs, newest first',
        querystring: Type.Object({ state: Type.Optional(ref(JobStateSchema)), ...pageQuery }),
        response: answers({ 200: answer('A page of jobs', JobPageSchema) }, 400),
      },
    },
    async ({ query }) =>
      parts.jobs.list({ ...pageOf(query), ...(query.state === undefined ? {} : { state: query.state }) }),
  )
  app.get<{ Params: { id: string } }>(
    '/v1/jobs/:id',
    {
      schema: {
        operationId: 'getJob',
        tags,
        summary: 'Say where a job stands',
        description: 'Answers at once, or, with `Prefer: wait=SECONDS`, when the job has ended.',
        params: JobParams,
        headers: Type.Object(preferHeader),
        response: answers({ 200: answer('The job', JobSchema) }, 400, 404),
      },
      config: { handlerMs: waitHandlerMs },
    },
    async (request, reply) => {
      const job = await findJob(parts, request.params.id)
      const waitSeconds = waitSecondsOf(request.headers.prefer)
      return waitSeconds === undefined ? job : await waitFor(parts, job, waitSeconds, reply)
    },
  )
  app.post<{ Params: { id: string } }>(
    '/v1/jobs/:id/cancel',
    {
      schema: {
        operationId: 'cancelJob',
        tags,
        summary: 'Ask for a job to be cancelled',
        description:
          'A job that waits is cancelled at once; one that runs when its executor has confirmed: see its state.',
        params: JobParams,
        response: answers({ 202: answer('The job as it stands', JobSchema) }, 404, 409),
      },
    },
    async ({ params }, reply) => {
      const { id } = await findJob(parts, params.id)
      return reply.code(202).send(await parts.scheduler.cancel(id))
    },
  )
}

const createDescription = `Answers at once with the job, or, with \`Prefer: wait=SECONDS\`, when it has ended.

\`\`\`
curl http://127.0.0.1:7527/v1/jobs -H 'content-type: application/json' -H 'prefer: wait=30' \\
  -d '{"module":"sha256:…","stdin":{"text":"Hello, World"}}'
\`\`\``

function createJob(app: FastifyInstance, parts: JobParts): void {
  app.post(
    '/v1/jobs',
    {
      schema: {
        operationId: 'createJob',
        tags,
        summary: 'Run a module',
        description: createDescription,
        headers: Type.Object({
          'Idempotency-Key': Type.Optional(
            Type.String({
              description:
                'Sent again with the same key within 24 h, while the first job is kept, the request answers with that job',
              minLength: 1,
              maxLength: idempotencyKeyLengthMax,
            }),
          ),
          ...preferHeader,
        }),
        body: ref(JobManifestSchema),
        response: answers(
          {
            200: answer('The job has ended', JobSchema, location),
            202: answer('The job was accepted', JobSchema, location),
          },
          400,
          413,
          415,
          422,
        ),
        'x-example': { module: digestExample, stdin: { text: 'Hello, World' } },
      },
      config: { handlerMs: waitHandlerMs },
    },
    async (request, reply) => {
      const waitSeconds = waitSecondsOf(request.headers.prefer)
      const { job, created } = await parts.scheduler.submit(request.body, idempotencyOf(request))
      if (created) parts.metrics.accepted()
      reply.header('location', `/v1/jobs/${job.id}`)
      if (waitSeconds === undefined) return reply.code(202).send(job)
      const waited = await waitFor(parts, job, waitSeconds, reply)
      return reply.code(isTerminal(waited.state) ? 200 : 202).send(waited)
    },
  )
}

/** @throws {PhaseError} `invalid` for a key that is no line of 1 to 255 printable ASCII characters. */
function idempotencyOf(request: FastifyRequest): { idempotencyKey?: string } {
  const key = request.headers['idempotency-key']
  if (key === undefined) return {}
  if (typeof key === 'string' && key.length <= idempotencyKeyLengthMax && /^[\x20-\x7e]+$/.test(key)) {
    // One client's key must never find another client's job.
    return { idempotencyKey: `${request.tokenHash}:${key}` }
  }
  throw new PhaseError('invalid', 'Cannot read the header "idempotency-key": not 1 to 255 printable ASCII characters')
}

/** The job when it has ended, or as it stands when the time is over or the node stops. */
export async function waitFor(parts: JobParts, job: Job, waitSeconds: number, reply: FastifyReply): Promise<Job> {
  reply.header('preference-applied', `wait=${waitSeconds}`).header('vary', 'prefer')
  if (isTerminal(job.state) || waitSeconds === 0) return job
  const signal = goneSignal(reply, parts.stopping)
  try {
    return await parts.scheduler.wait(job.id, waitSeconds * 1000, signal)
  } catch (error) {
    if (parts.stopping.aborted) return findJob(parts, job.id)
    throw error
  }
}

/** @throws {PhaseError} `notFound`. */
export async function findJob({ jobs, keepMs }: FindParts, id: string): Promise<Job> {
  const job = await jobs.get(id)
  if (job !== undefined) return job
  throw new PhaseError('notFound', `Cannot find job "${id}"`, {
    hint: `GET /v1/jobs lists the jobs of this node. A job and its result are kept for ${durationText(keepMs)} after its end, for less when the store is nearly full.`,
  })
}

function durationText(ms: number): string {
  const hours = Math.round(ms / 3_600_000)
  if (hours >= 48) return `${Math.round(hours / 24)} days`
  return hours === 1 ? '1 hour' : `${hours} hours`
}
