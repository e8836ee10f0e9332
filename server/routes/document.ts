/** How routes describe their answers: explicit codes, one media type each, every error a Problem. */
import { type TSchema, Type } from '@sinclair/typebox'
import { Digest, JobId, ref } from '../../phase/schema.ts'
import { ProblemSchema, problemMediaType, titlesOf } from './errors.ts'

declare module 'fastify' {
  interface FastifySchema {
    /** The answer is a stream of this schema, one in each event. */
    'x-plasm-stream'?: string
    /** Safe to send again; get and put are marked by themselves. */
    'x-plasm-idempotent'?: boolean
    /** Becomes the example of the request's body. */
    'x-example'?: unknown
  }
}

/** What the node can answer whatever is asked: tokens, origins, hosts, rates, faults, load. */
const everywhere = [401, 403, 408, 421, 429, 500, 503]

export type Answer = { description: string; content: Record<string, { schema: TSchema }>; headers?: object }

export const answer = (description: string, schema: TSchema, headers?: object): Answer => ({
  description,
  content: { 'application/json': { schema: ref(schema) } },
  ...(headers === undefined ? {} : { headers }),
})

export const bytesAnswer = (description: string, mediaType: string): Answer => ({
  description,
  content: { [mediaType]: { schema: Binary(description) } },
})

/** The `response` of a route: what it answers when all is well, and the error codes of its own. */
export function answers(good: Record<number, Answer>, ...errors: number[]): Record<string, Answer> {
  const all: Record<string, Answer> = { ...good }
  for (const status of new Set([...errors, ...everywhere])) {
    all[status] = { description: titlesOf(status), content: { [problemMediaType]: { schema: ref(ProblemSchema) } } }
  }
  return all
}

/** Bytes in a body. They are never validated as JSON: the parser of the route hands over the stream. */
export const Binary = (description: string) => Type.Unsafe<unknown>({ description, type: 'string', format: 'binary' })

export const DigestParams = Type.Object({ digest: Digest('sha256 of the bytes: their name') })
export const JobParams = Type.Object({ id: JobId('The job') })
/** sha256 of "Hello, World": a digest that a reader can make. */
export const digestExample = 'sha256:03675ac53ff9cd1535ccc7dfcdfa2c458c5218371f418dc136f2d19ac1fbe8a5'
