/** Blobs: large stdin, uploaded once, named by its digest. */
import type { FastifyInstance } from 'fastify'
import { PhaseError } from '../../phase/errors.ts'
import { blobBytesMax } from '../../phase/limits.ts'
import { ContentSchema } from '../../phase/schema.ts'
import type { Metrics } from '../metrics.ts'
import type { Store } from '../store/store.ts'
import { addStreamParser, sendContent, uploadOf } from './bodies.ts'
import { goneSignal } from './deadline.ts'
import { answer, answers, Binary, bytesAnswer, DigestParams } from './document.ts'

export interface BlobParts {
  metrics: Pick<Metrics, 'uploaded'>
  blobs: Pick<Store['blobs'], 'put' | 'get' | 'read'>
}

const mediaType = 'application/octet-stream'
/** An upload may take as long as 1 GiB over a 10 Mbit/s line. */
const uploadMs = 900_000
const tags = ['blobs']

export function blobRoutes(app: FastifyInstance, parts: BlobParts): void {
  const { blobs } = parts
  app.register(async scope => {
    addStreamParser(scope, mediaType)
    putBlob(scope, parts)
  })
  app.get<{ Params: { digest: string } }>(
    '/v1/blobs/:digest',
    {
      schema: {
        operationId: 'getBlob',
        tags,
        summary: 'Get the bytes of a blob',
        params: DigestParams,
        response: answers({ 200: bytesAnswer('The bytes', mediaType) }, 404),
      },
      config: { handlerMs: 0 },
    },
    async (request, reply) => {
      const content = await blobs.get(request.params.digest)
      if (content !== undefined) return sendContent(request, reply, content, { blobs, mediaType })
      throw new PhaseError('notFound', `Cannot find blob "${request.params.digest}"`, {
        hint: 'Upload it with PUT /v1/blobs.',
      })
    },
  )
}

function putBlob(scope: FastifyInstance, { blobs, metrics }: BlobParts): void {
  scope.put(
    '/v1/blobs',
    {
      schema: {
        operationId: 'putBlob',
        tags,
        summary: 'Upload a blob',
        description:
          'The body is what a job may name as stdin: any bytes, at most 1 GiB, named by their sha256. Sending known bytes again changes nothing.\n\n' +
          "```\ncurl -T input.bin -H 'content-type: application/octet-stream' http://127.0.0.1:7527/v1/blobs\n```",
        consumes: [mediaType],
        body: Binary('Any bytes'),
        response: answers(
          { 200: answer('This node had them already', ContentSchema), 201: answer('Stored', ContentSchema) },
          400,
          413,
          415,
          507,
        ),
      },
      config: { handlerMs: uploadMs, streams: true },
    },
    async (request, reply) => {
      const source = uploadOf(request, blobBytesMax)
      const bytes = source.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>
      const { created, digest, size } = await blobs.put(bytes, { bytesMax: blobBytesMax, signal: goneSignal(reply) })
      metrics.uploaded('blob', size)
      return reply
        .code(created ? 201 : 200)
        .header('location', `/v1/blobs/${digest}`)
        .send({ digest, size })
    },
  )
}
