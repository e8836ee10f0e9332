/**
 * Who may ask: Host allow-list (DNS rebinding), Origin and Sec-Fetch-Site (cross-site pages), bearer tokens. The Host check carries the load:
 * browsers send no Sec-Fetch-Site to a rebound plain-http name.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { PhaseError } from '../../phase/errors.ts'

export interface Access {
  /** The address that the node listens on. */
  host: string
  /** sha256 of each bearer token; none: no token is asked for. */
  tokens?: readonly Uint8Array[]
  /** Names beyond loopback by which clients may call the node. */
  allowHosts: readonly string[]
  /** Origins of web pages that may call the node. */
  allowOrigins: readonly string[]
}

declare module 'fastify' {
  interface FastifyRequest {
    /** sha256 of the bearer token that was presented and accepted, hex; empty where none is asked for. */
    tokenHash: string
  }
}

/** What probes and people may see without a token: nothing in it is of this node but that it lives. */
const openPaths = /^\/(livez|readyz|openapi\.json|docs(\/.*)?)$/

export function addAccess(app: FastifyInstance, access: Access): void {
  app.decorateRequest('tokenHash', '')
  const isHost = hostCheck(access)
  app.addHook('onRequest', async (request, reply) => {
    checkHost(request, isHost)
    const crossOrigin = checkOrigin(request, access.allowOrigins)
    if (crossOrigin !== undefined && answerCors(request, reply, crossOrigin)) return reply
    checkEncoding(request)
    const path = request.url.split('?', 1)[0] as string
    if (access.tokens !== undefined && !openPaths.test(path)) request.tokenHash = checkToken(request, access.tokens)
  })
}

/** Whether the node listens where only its own machine can reach it. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host)

function hostCheck(access: Access): (name: string) => boolean {
  const names = new Set(
    ['localhost', '127.0.0.1', '::1', access.host, ...access.allowHosts].map(name => name.toLowerCase()),
  )
  // An address cannot be rebound. Bound beyond loopback, the node does not know all of its own addresses.
  const addresses = !isLoopback(access.host)
  return name => names.has(name) || (addresses && isIP(name) !== 0)
}

function checkHost(request: FastifyRequest, isHost: (name: string) => boolean): void {
  const { host } = request.headers
  if (host === undefined) throw new PhaseError('invalid', 'Cannot read the request: it has no host header')
  const name = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+))(?::\d{1,5})?$/i.exec(host)
  if (name !== null && isHost((name[1] ?? name[2] ?? '').toLowerCase())) return
  throw new PhaseError('misdirected', `Cannot answer for host "${host.slice(0, 100)}": it is not a name of this node`)
}

/** The origin, where a page of another one asks and may. @throws {PhaseError} `forbidden`. */
function checkOrigin(request: FastifyRequest, allowOrigins: readonly string[]): string | undefined {
  const { origin, host } = request.headers
  const site = request.headers['sec-fetch-site']
  if (origin !== undefined && allowOrigins.includes(origin)) return origin
  if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) {
    throw new PhaseError('forbidden', `Cannot answer to a page of "${origin.slice(0, 100)}": its origin is not allowed`)
  }
  if (site === undefined || site === 'same-origin' || site === 'none') return undefined
  throw new PhaseError('forbidden', `Cannot answer to a ${site.slice(0, 20)} request of a web page`)
}

const corsMaxAgeSeconds = 600

/** Lets the page read the answer; answers a preflight itself and returns true. */
function answerCors(request: FastifyRequest, reply: FastifyReply, origin: string): boolean {
  reply.header('access-control-allow-origin', origin).header('vary', 'origin')
  reply.header('access-control-expose-headers', 'location, preference-applied, retry-after, x-request-id')
  if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return false
  reply
    .code(204)
    .header('access-control-allow-methods', 'GET, HEAD, POST, PUT')
    .header('access-control-allow-headers', 'authorization, content-type, idempotency-key, last-event-id, prefer')
    .header('access-control-max-age', corsMaxAgeSeconds)
  if (request.headers['access-control-request-private-network'] === 'true') {
    reply.header('access-control-allow-private-network', 'true')
  }
  reply.send()
  return true
}

/** A compressed body could be a bomb, and its digest would be another's. */
function checkEncoding(request: FastifyRequest): void {
  const encoding = request.headers['content-encoding']
  if (encoding === undefined || encoding === 'identity') return
  throw new PhaseError('mediaType', `Cannot read a body with content-encoding "${encoding.slice(0, 40)}"`, {
    hint: 'Send the bytes as they are, not compressed.',
  })
}

function checkToken(request: FastifyRequest, tokens: readonly Uint8Array[]): string {
  const token = /^Bearer +([\x21-\x7e]{1,512})$/i.exec(request.headers.authorization ?? '')?.[1]
  if (token === undefined) throw new PhaseError('unauthorized', 'Cannot answer without a bearer token')
  const hash = createHash('sha256').update(token).digest()
  // Every token is compared, so that the time says nothing of which one was near.
  const known = tokens.filter(one => one.length === hash.length && timingSafeEqual(one, hash)).length > 0
  if (known) return hash.toString('hex')
  throw new PhaseError('unauthorized', 'Cannot answer: this node does not know the bearer token')
}
