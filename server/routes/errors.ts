/** Where errors become HTTP: every one of them is `application/problem+json` (RFC 9457) with our `code` and `hint`. */
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { type Static, Type } from '@sinclair/typebox'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { type ErrorCode, errorCodes, PhaseError } from '../../phase/errors.ts'
import { Integer, named, StringEnum } from '../../phase/schema.ts'

export const problemMediaType = 'application/problem+json'

export const ProblemSchema = named(
  'Problem',
  'What went wrong, and what to do next (RFC 9457)',
  {
    type: Type.String({ description: 'A URI that names the kind of problem', format: 'uri' }),
    title: Type.String({ description: 'The kind of problem, for a person' }),
    status: Integer('The HTTP status', 400, 599),
    detail: Type.String({ description: 'What happened this time, for a person' }),
    instance: Type.String({ description: 'urn:uuid: of this request: the same as x-request-id, and in the node log' }),
    code: StringEnum(errorCodes, { description: 'What a program can act on; more may be added' }),
    hint: Type.String({ description: 'The next step, for a person' }),
    pointer: Type.Optional(Type.String({ description: 'JSON pointer (RFC 6901) to the member at fault' })),
  },
  { open: true },
)
export type Problem = Static<typeof ProblemSchema>

/** The one table from what happened to what HTTP calls it, with the next step where the thrower names none. */
const table: Record<ErrorCode, { status: number; title: string; hint: string }> = {
  invalid: { status: 400, title: 'Invalid request', hint: 'Correct the request; /docs shows what is expected.' },
  unknownField: { status: 400, title: 'Unknown member', hint: 'Remove the member, or check its spelling in /docs.' },
  unsupported: { status: 422, title: 'Not supported', hint: 'Leave it out, or ask a node that supports it.' },
  unknownDigest: { status: 422, title: 'Unknown digest', hint: 'Upload the bytes first, then send the request again.' },
  digestMismatch: { status: 422, title: 'Digest mismatch', hint: 'Send the bytes that the digest names.' },
  moduleRejected: { status: 422, title: 'Module rejected', hint: 'Build for wasm32-wasi preview 1, as a command.' },
  tooLarge: { status: 413, title: 'Too large', hint: 'Send or ask for less; GET /v1/node shows the limits.' },
  quotaExceeded: { status: 507, title: 'Storage quota exceeded', hint: 'Free space or raise the quota of the node.' },
  notFound: { status: 404, title: 'Not found', hint: 'Check the path; /docs lists all of them.' },
  notFinished: { status: 409, title: 'Not finished', hint: 'Try again later, or send "Prefer: wait=30".' },
  noReceipt: {
    status: 404,
    title: 'No receipt',
    hint: 'Only a job that ran to a claim has a receipt: see its reason.',
  },
  conflict: { status: 409, title: 'Conflict', hint: 'Read the current state, then decide again.' },
  idempotencyConflict: { status: 422, title: 'Idempotency key reused', hint: 'Use a new key for a new request.' },
  stale: { status: 409, title: 'Stale', hint: 'Read the current state, then decide again.' },
  busy: { status: 503, title: 'Busy', hint: 'Try again later.' },
  refused: { status: 502, title: 'Refused by the peer', hint: 'Ask for another placement.' },
  noPeer: { status: 503, title: 'No peer', hint: 'Wait for peers, or run it with "placement": "local".' },
  timedOut: { status: 408, title: 'Timed out', hint: 'Send the whole request without long pauses.' },
  cancelled: { status: 409, title: 'Cancelled', hint: 'Send the request again if it is still wanted.' },
  protocol: { status: 502, title: 'Protocol error', hint: 'The other node does not speak Phase as agreed.' },
  mediaType: { status: 415, title: 'Unsupported media type', hint: 'Set content-type as /docs says for this path.' },
  methodNotAllowed: { status: 405, title: 'Method not allowed', hint: 'The allow header lists what is allowed.' },
  unauthorized: {
    status: 401,
    title: 'Unauthorized',
    hint: 'Send "authorization: Bearer TOKEN" with a token of this node.',
  },
  forbidden: { status: 403, title: 'Forbidden', hint: 'A browser page needs its origin allowed by --allow-origin.' },
  misdirected: {
    status: 421,
    title: 'Misdirected request',
    hint: 'Use a loopback address, or allow the name by --allow-host.',
  },
  rateLimited: { status: 429, title: 'Too many requests', hint: 'Wait as long as the retry-after header says.' },
  unavailable: { status: 503, title: 'Unavailable', hint: 'Try again later; /readyz says what is missing.' },
  internal: { status: 500, title: 'Internal error', hint: 'Give the request id to whoever runs this node.' },
}

export const statusOf = (code: ErrorCode): number => table[code].status
/** What OpenAPI says of an error status. */
export const titlesOf = (status: number): string =>
  Object.values(table)
    .filter(row => row.status === status)
    .map(row => row.title)
    .join(', ')

export function problemOf(error: PhaseError, requestId: string): Problem {
  const { status, title, hint } = table[error.code]
  return {
    type: `https://phasebased.com/problems/${error.code}`,
    title,
    status,
    detail: error.code === 'internal' ? 'The node could not do this. Its log says why.' : error.message,
    instance: `urn:uuid:${requestId}`,
    code: error.code,
    hint: error.hint ?? hint,
    ...(error.pointer === undefined ? {} : { pointer: error.pointer }),
  }
}

/** Fastify's error handler: anything unknown is `internal`, and its text stays in the log. */
export function sendError(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const error = phaseErrorOf(thrown)
  if (error.code === 'internal') request.log.error({ error: thrown }, 'request failed')
  if (reply.raw.headersSent) return void reply.raw.destroy()
  if (error.code !== 'timedOut') drain(request, reply)
  sendProblem(error, request, reply)
}

/** How much of a refused upload is read and thrown away. */
const drainBytesMax = 256 * 1024 * 1024

/**
 * A connection that is closed while its client still sends is reset, and the client never reads why it was refused. So what is left of the body is
 * read into nothing, up to a bound; late ones are cut by the server's own limits.
 */
function drain({ raw }: FastifyRequest, reply: FastifyReply): void {
  reply.removeHeader('connection')
  if (raw.complete || raw.destroyed) return
  let size = 0
  raw.on('data', (chunk: Uint8Array) => {
    size += chunk.length
    if (size > drainBytesMax) raw.destroy()
  })
  raw.resume()
}

/** Answers with a problem, with what else HTTP wants beside it, and `more` members. */
export function sendProblem(error: PhaseError, request: FastifyRequest, reply: FastifyReply, more: object = {}): void {
  if (error.retryAfterMs !== undefined) reply.header('retry-after', Math.max(1, Math.ceil(error.retryAfterMs / 1000)))
  else if (error.code === 'busy' || error.code === 'notFinished') reply.header('retry-after', 1)
  if (error.code === 'unauthorized') reply.header('www-authenticate', 'Bearer realm="plasm"')
  reply.removeHeader('etag').removeHeader('content-length').removeHeader('content-disposition')
  reply
    .code(statusOf(error.code))
    .header('cache-control', 'no-store')
    .type(problemMediaType)
    .send({ ...problemOf(error, request.id), ...more })
}

const byFastifyCode: Record<string, ErrorCode> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'mediaType',
  FST_ERR_CTP_BODY_TOO_LARGE: 'tooLarge',
  FST_ERR_MAX_PARAM_LENGTH: 'notFound',
  FST_ERR_NOT_FOUND: 'notFound',
}

function phaseErrorOf(thrown: unknown): PhaseError {
  if (thrown instanceof PhaseError) return thrown
  if (thrown instanceof DOMException && (thrown.name === 'AbortError' || thrown.name === 'TimeoutError')) {
    return new PhaseError('unavailable', 'Cannot answer in time', { cause: thrown })
  }
  const { code = '', statusCode = 500, message } = thrown as Partial<FastifyError>
  const known = byFastifyCode[code] ?? (statusCode >= 400 && statusCode < 500 ? 'invalid' : 'internal')
  return new PhaseError(known, `Cannot read the request: ${lowerFirst(message ?? 'unknown')}`, { cause: thrown })
}

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1)

/** What the HTTP parser refuses never becomes a request: the same problem, written by hand. */
export function sendParserError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy()
  const [status, code, what]: [number, ErrorCode, string] =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? [408, 'timedOut', 'it did not arrive in time']
      : error.code === 'HPE_HEADER_OVERFLOW'
        ? [431, 'tooLarge', 'its headers are too large']
        : [400, 'invalid', 'it is not HTTP/1.1']
  const problem = problemOf(new PhaseError(code, `Cannot read the request: ${what}`), crypto.randomUUID())
  const body = JSON.stringify({ ...problem, status })
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: ${problemMediaType}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}
