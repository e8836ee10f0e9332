/** The REST surface: Fastify lives in this folder and nowhere else. What is served is what is listed in `addRoutes`. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import rateLimit from '@fastify/rate-limit'
import type { TSchema } from '@sinclair/typebox'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import { PhaseError } from '../../phase/errors.ts'
import { jobSchemas } from '../../phase/job.ts'
import { blobBytesMax } from '../../phase/limits.ts'
import { manifestSchemas } from '../../phase/manifest.ts'
import { ModuleInterfaceSchema, moduleSchemas } from '../../phase/module.ts'
import { NodeInfoSchema, peerSchemas } from '../../phase/peer.ts'
import { receiptSchemas } from '../../phase/receipt.ts'
import { ContentSchema } from '../../phase/schema.ts'
import { envelopeSchemas } from '../../phase/signature.ts'
import type { Executor } from '../executor/executor.ts'
import { type Access, addAccess, isLoopback } from './auth.ts'
import { type BlobParts, blobRoutes } from './blobs.ts'
import { addJsonParser } from './bodies.ts'
import { addDeadlines, type Deadlines } from './deadline.ts'
import { addDocument, docsRoutes } from './docs.ts'
import { ProblemSchema, sendError, sendParserError } from './errors.ts'
import { type EventParts, eventRoutes } from './events.ts'
import { type HealthParts, healthRoutes } from './health.ts'
import { type JobParts, jobRouteSchemas, jobRoutes } from './jobs.ts'
import { addRequestMetrics, type MetricsParts, metricsRoutes } from './metrics.ts'
import { type ModuleParts, moduleRouteSchemas, moduleRoutes } from './modules.ts'
import { type NodeParts, nodeRoutes } from './node.ts'
import { addNotFound } from './notfound.ts'
import { type OutputParts, outputRoutes } from './outputs.ts'
import { type PeerParts, peerRouteSchemas, peerRoutes } from './peers.ts'
import { type ReceiptParts, receiptRouteSchemas, receiptRoutes } from './receipts.ts'
import { validatorFor } from './validation.ts'

type RouteParts = EventParts &
  MetricsParts &
  JobParts &
  OutputParts &
  ReceiptParts &
  Omit<ModuleParts, 'inspect'> &
  BlobParts &
  PeerParts

export interface AppParts extends Omit<RouteParts, 'stopping'> {
  http: Omit<Access, 'tokens'> & { port: number; tokens?: readonly Uint8Array[] | undefined }
  executor: Pick<Executor, 'inspect'>
  node: NodeParts['node'] & HealthParts['node']
  metrics: MetricsParts['metrics']
  log: FastifyBaseLogger
  version: string
  /** What is not given is as in `limitsDefault`. */
  limits?: Partial<HttpLimits>
}

export interface HttpLimits extends Deadlines {
  /** From a connection to the end of a request's head. */
  headMs: number
  /** From a connection to the end of any request, uploads included. */
  requestMs: number
  /** Silence of a connection while a request is under way. */
  silenceMs: number
  /** Silence of a connection between requests. */
  keepAliveMs: number
  /** A JSON body. */
  bodyBytesMax: number
  /** Requests of one token, or one address, in a minute; only where tokens are asked for or others can reach the node. */
  requestsPerMinute: number
}

const limitsDefault: HttpLimits = {
  headMs: 10_000,
  // 1 GiB over a 10 Mbit/s line: bodies that are not uploads have `bodyMs`.
  requestMs: Math.ceil((blobBytesMax * 8) / 10_000_000) * 1000,
  silenceMs: 10_000,
  keepAliveMs: 5_000,
  bodyMs: 30_000,
  handlerMs: 30_000,
  bodyBytesMax: 1024 * 1024,
  requestsPerMinute: 6_000,
}
/** Sockets at once: what a node of 1,024 file descriptors can give, beside everything else it opens. */
const connectionsMax = 512
const requestsPerSocketMax = 100_000
/** How often Node looks for requests that are late. */
const lateCheckMs = 1_000
/** After the listener is closed, answers under way have so long. */
const stopMs = 3_000
const idleCheckMs = 50

export interface App {
  /** Resolves with the base URL when requests are answered. */
  listen(): Promise<string>
  /** Lets answers under way end, for a while. */
  close(): Promise<void>
  /** The OpenAPI document. */
  document(): Promise<object>
}

export function createApp(parts: AppParts): App {
  const limits: HttpLimits = { ...limitsDefault, ...parts.limits }
  const stopping = new AbortController()
  const app = createServer(parts.log, limits)
  const { host, port, tokens, ...names } = parts.http
  const access: Access = { host, ...names, ...(tokens === undefined ? {} : { tokens }) }

  app.addHook('onRequest', async (request, reply) => setHeaders(request, reply))
  addAccess(app, access)
  addDeadlines(app, limits)
  addRequestMetrics(app, parts)
  addJsonParser(app)
  addDocument(app, parts.version)
  if (tokens !== undefined || !isLoopback(host)) addRateLimit(app, limits.requestsPerMinute)
  addNotFound(app)
  app.register(async scope => addRoutes(scope, { ...parts, stopping: stopping.signal }))

  return {
    listen: async () => app.listen({ host, port }),
    async close() {
      stopping.abort()
      // What becomes idle only now would stay open as long as its keep-alive lasts.
      const idle = setInterval(() => app.server.closeIdleConnections(), idleCheckMs)
      const late = setTimeout(() => app.server.closeAllConnections(), stopMs)
      await app.close().finally(() => [idle, late].forEach(clearTimeout))
    },
    async document() {
      await app.ready()
      return app.swagger()
    },
  }
}

function createServer(log: FastifyBaseLogger, limits: HttpLimits): FastifyInstance {
  const app: FastifyInstance = Fastify({
    // That it listens, the node says itself.
    loggerInstance: log.child({}, { level: 'warn' }),
    logController: new RequestLog({ requestIdLogLabel: 'requestId' }),
    requestIdHeader: false,
    genReqId: () => crypto.randomUUID(),
    bodyLimit: limits.bodyBytesMax,
    connectionTimeout: limits.silenceMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.keepAliveMs,
    maxRequestsPerSocket: requestsPerSocketMax,
    http: { requireHostHeader: false, headersTimeout: limits.headMs, connectionsCheckingInterval: lateCheckMs },
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    clientErrorHandler: sendParserError,
    frameworkErrors: (error, request, reply) => {
      setHeaders(request, reply)
      sendError(error, request, reply)
    },
  })
  app.server.maxConnections = connectionsMax
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response))
  app.server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    // A client that asks first is told to go on only when its body could be taken. Else it gets the refusal without sending anything, and what
    // it sends next must not be taken for the body.
    if (Number(request.headers['content-length'] ?? 0) <= blobBytesMax) response.writeContinue()
    else response.shouldKeepAlive = false
    app.server.emit('request', request, response)
  })
  app.setErrorHandler(sendError)
  app.setValidatorCompiler(validatorFor)
  app.setSerializerCompiler(() => value => JSON.stringify(value))
  for (const schema of schemas) app.addSchema(schema)
  return app
}

/** A line for each request would cost more than the request; paths and headers hold what is nobody's business. Metrics count them. */
class RequestLog extends LogController {
  override incomingRequest(): void {}
  override requestCompleted(): void {}
}

/** All that a client can meet. What only nodes tell one another stays out. */
const schemas: TSchema[] = [
  ProblemSchema,
  ContentSchema,
  ...manifestSchemas,
  ...jobSchemas,
  ...moduleSchemas.filter(schema => schema !== ModuleInterfaceSchema),
  ...peerSchemas.filter(schema => schema !== NodeInfoSchema),
  ...receiptSchemas,
  ...envelopeSchemas,
  ...jobRouteSchemas,
  ...moduleRouteSchemas,
  ...peerRouteSchemas,
  ...receiptRouteSchemas,
]

/** On every answer: its request's id, and what keeps a browser from making anything of it. */
function setHeaders(request: FastifyRequest, reply: FastifyReply): void {
  reply
    .header('x-request-id', request.id)
    .header('x-content-type-options', 'nosniff')
    .header('x-frame-options', 'DENY')
    .header('referrer-policy', 'no-referrer')
    .header('cross-origin-resource-policy', 'same-origin')
    .header('content-security-policy', "default-src 'none'; frame-ancestors 'none'")
    .header('cache-control', 'no-store')
}

function addRateLimit(app: FastifyInstance, max: number): void {
  app.register(rateLimit, {
    max,
    timeWindow: 60_000,
    keyGenerator: request => request.tokenHash || request.ip,
    errorResponseBuilder: (_request, { ttl }) =>
      new PhaseError('rateLimited', `Cannot answer: more than ${max} requests in a minute`, { retryAfterMs: ttl }),
  })
}

function addRoutes(app: FastifyInstance, parts: Omit<AppParts, 'http'> & { stopping: AbortSignal }): void {
  nodeRoutes(app, parts)
  moduleRoutes(app, { ...parts, inspect: (module, signal) => parts.executor.inspect(module, signal) })
  blobRoutes(app, parts)
  jobRoutes(app, parts)
  eventRoutes(app, parts)
  outputRoutes(app, parts)
  receiptRoutes(app, parts)
  peerRoutes(app, parts)
  healthRoutes(app, parts)
  metricsRoutes(app, parts)
  docsRoutes(app)
}
