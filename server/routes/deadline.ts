/** How long a request may take, and how its handler learns that nobody waits any more. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { PhaseError } from '../../phase/errors.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** How long the handler may take, in milliseconds; 0: as long as it wants. */
    handlerMs?: number
    /** The handler reads the body itself, and bounds it itself. */
    streams?: boolean
  }
}

export interface Deadlines {
  /** From the head of a request to the last byte of a JSON body. */
  bodyMs: number
  /** From a whole request to its answer, for routes that do not say otherwise. */
  handlerMs: number
}

/**
 * Fastify's own `handlerTimeout` and `request.signal` end when the body has been read (measured, 5.12.8: the IncomingMessage closes then), so
 * a POST would never be timed out and its signal always be aborted. These follow the response instead.
 */
export function addDeadlines(app: FastifyInstance, deadlines: Deadlines): void {
  app.addHook('onRequest', async (request, reply) => {
    const hasBody =
      request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined
    if (!hasBody || request.raw.complete || request.routeOptions.config.streams === true) return
    const late = () =>
      giveUp(reply, new PhaseError('timedOut', 'Cannot read the request: its body did not arrive in time'))
    const timer = setTimeout(late, deadlines.bodyMs)
    request.raw.once('end', () => clearTimeout(timer))
    reply.raw.once('close', () => clearTimeout(timer))
  })
  app.addHook('preHandler', async (request, reply) => {
    const handlerMs = request.routeOptions.config.handlerMs ?? deadlines.handlerMs
    if (handlerMs === 0) return
    const late = () => giveUp(reply, new PhaseError('unavailable', `Cannot answer within ${handlerMs} ms`))
    const timer = setTimeout(late, handlerMs)
    // Nothing moves on the connection while the handler works: only what is still to come is held against the silence limit.
    const patient = () => allowSilence(request, handlerMs + 1000)
    if (request.raw.complete) patient()
    else request.raw.once('end', patient)
    reply.raw.once('close', () => clearTimeout(timer))
  })
}

function giveUp(reply: FastifyReply, error: PhaseError): void {
  if (reply.raw.headersSent) return void reply.raw.destroy()
  if (reply.sent) return
  reply.header('connection', 'close')
  reply.raw.once('finish', () => reply.raw.socket?.destroySoon())
  reply.send(error)
}

/** Aborts when the answer has been sent, the client has left, or any of `others` aborts. */
export function goneSignal(reply: FastifyReply, ...others: AbortSignal[]): AbortSignal {
  // Not AbortSignal.any: its weak references would keep each request's objects until a whole collection.
  const controller = new AbortController()
  const abort = () => {
    for (const other of others) other.removeEventListener('abort', abort)
    controller.abort()
  }
  for (const other of others) other.addEventListener('abort', abort)
  if (reply.raw.closed || others.some(({ aborted }) => aborted)) abort()
  else reply.raw.once('close', abort)
  return controller.signal
}

/** Lets a connection be silent for `ms`: the server's own limit would cut a client that waits as it said. */
export function allowSilence(request: FastifyRequest, ms: number): void {
  request.raw.socket.setTimeout(ms)
}
