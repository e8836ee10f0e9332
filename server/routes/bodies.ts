/** Raw bytes in and out: uploads within their bounds, stored content as it is. */
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { PhaseError } from '../../phase/errors.ts'
import { parseJson } from '../../phase/json.ts'
import type { Content } from '../../phase/schema.ts'
import type { Store } from '../store/store.ts'

/** Deeper than any manifest or envelope needs, shallower than any stack. */
const bodyDepthMax = 16

/** One parser per media type and route: what is not listed is refused (415), and members that stand twice are refused too. */
export function addJsonParser(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, parseJson(body, { depthMax: bodyDepthMax }))
    } catch (error) {
      done(error as Error)
    }
  })
}

/** In this scope bodies are `mediaType` and stay streams; the handler bounds them by `readBounded` or the store does. */
export function addStreamParser(scope: FastifyInstance, mediaType: string): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser(mediaType, (_request, payload, done) => done(null, payload))
}

/** The stream of an upload. @throws {PhaseError} `tooLarge` where the client already says so, `invalid` where there is none. */
export function uploadOf(request: FastifyRequest, bytesMax: number): Readable {
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) throw tooLarge(bytesMax)
  if (request.body instanceof Readable) return request.body
  throw new PhaseError('invalid', 'Cannot store the upload: the request has no body')
}

/** All of an upload in memory, with its digest. @throws {PhaseError} `tooLarge`, `invalid` where it breaks off. */
export async function readBounded(
  source: Readable,
  bytesMax: number,
): Promise<{ bytes: Uint8Array<ArrayBuffer>; digest: string }> {
  const hash = createHash('sha256')
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of source.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
      size += chunk.length
      if (size > bytesMax) throw tooLarge(bytesMax)
      hash.update(chunk)
      chunks.push(chunk)
    }
  } catch (cause) {
    if (cause instanceof PhaseError) throw cause
    throw new PhaseError('invalid', 'Cannot store the upload: it broke off', { cause })
  }
  return { bytes: new Uint8Array(Buffer.concat(chunks, size)), digest: `sha256:${hash.digest('hex')}` }
}

const tooLarge = (bytesMax: number) =>
  new PhaseError('tooLarge', `Cannot store the upload: it exceeds the limit of ${bytesMax} bytes`)

/** Stored bytes, never to be guessed at or rendered by a browser. */
export function sendContent(
  request: FastifyRequest,
  reply: FastifyReply,
  content: Content,
  options: { blobs: Pick<Store['blobs'], 'read'>; mediaType: string },
): FastifyReply {
  reply
    .type(options.mediaType)
    .header('content-length', content.size)
    .header('etag', `"${content.digest}"`)
    .header('content-disposition', 'attachment')
    .header('cache-control', 'private, no-cache')
  if (request.headers['if-none-match'] === `"${content.digest}"`) {
    return reply.code(304).removeHeader('content-length').send()
  }
  if (content.size === 0) return reply.send('')
  // For HEAD a stream, because Fastify would count the bytes of anything else.
  if (request.method === 'HEAD') return reply.send(Readable.from([]))
  return reply.send(Readable.from(options.blobs.read(content.digest), { objectMode: false }))
}
