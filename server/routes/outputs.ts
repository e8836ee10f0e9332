/** What a job wrote: raw bytes, once it has ended. */
import { Type } from '@sinclair/typebox'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { PhaseError } from '../../phase/errors.ts'
import { isTerminal, type Job } from '../../phase/job.ts'
import type { Store } from '../store/store.ts'
import { sendContent } from './bodies.ts'
import { allowSilence } from './deadline.ts'
import { answers, bytesAnswer, JobParams } from './document.ts'
import { findJob, type JobParts, waitFor, waitHandlerMs } from './jobs.ts'
import { preferHeader, waitSecondsOf } from './prefer.ts'

export interface OutputParts extends JobParts {
  blobs: Pick<Store['blobs'], 'get' | 'read'>
}

const mediaType = 'application/octet-stream'

export function outputRoutes(app: FastifyInstance, parts: OutputParts): void {
  output(app, parts, { path: 'output', operationId: 'getJobOutput', stream: 'stdout' })
  output(app, parts, { path: 'stderr', operationId: 'getJobStderr', stream: 'stderr' })
}

interface Output {
  path: string
  operationId: string
  stream: 'stdout' | 'stderr'
}

function output(app: FastifyInstance, parts: OutputParts, { path, operationId, stream }: Output): void {
  app.get<{ Params: { id: string } }>(
    `/v1/jobs/:id/${path}`,
    {
      schema: {
        operationId,
        tags: ['jobs'],
        summary: `Get what a job wrote to ${stream}`,
        description: 'Raw bytes. 409 `notFinished` before the end, unless `Prefer: wait=SECONDS` lasts until then.',
        params: JobParams,
        headers: Type.Object(preferHeader),
        response: answers({ 200: bytesAnswer('The bytes', mediaType) }, 400, 404, 409),
      },
      // The wait is bounded by itself; how long the bytes take is the client's affair.
      config: { handlerMs: 0 },
    },
    async (request, reply) => {
      const job = await finished(request, reply, parts)
      const content = job[stream]
      if (content === undefined || (content.size > 0 && (await parts.blobs.get(content.digest)) === undefined)) {
        throw new PhaseError('notFound', `Cannot get ${stream} of job "${job.id}": ${why(job)}`, {
          hint: 'See the reason and the detail of the job.',
        })
      }
      return sendContent(request, reply, content, { blobs: parts.blobs, mediaType })
    },
  )
}

const why = (job: Job) =>
  `it ${job.state === 'cancelled' ? 'was cancelled' : `failed with reason ${job.reason}`} and kept none`

/** The job, ended. @throws {PhaseError} `notFound`, `notFinished`. */
async function finished(
  request: FastifyRequest<{ Params: { id: string } }>,
  reply: FastifyReply,
  parts: OutputParts,
): Promise<Job> {
  let job = await findJob(parts, request.params.id)
  const waitSeconds = waitSecondsOf(request.headers.prefer)
  if (waitSeconds !== undefined) {
    allowSilence(request, waitHandlerMs)
    job = await waitFor(parts, job, waitSeconds, reply)
  }
  if (isTerminal(job.state)) return job
  throw new PhaseError('notFinished', `Cannot get what job "${job.id}" wrote: it is ${job.state}`)
}
