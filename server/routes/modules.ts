/** Modules: uploaded once, named by their digest. */
import { Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import { isPhaseError, PhaseError } from '../../phase/errors.ts'
import { moduleBytesMax } from '../../phase/limits.ts'
import { type ModuleInfo, ModuleInfoSchema, type ModuleInterface } from '../../phase/module.ts'
import type { Metrics } from '../metrics.ts'
import type { Store } from '../store/store.ts'
import { addStreamParser, readBounded, sendContent, uploadOf } from './bodies.ts'
import { goneSignal } from './deadline.ts'
import { answer, answers, Binary, bytesAnswer, DigestParams } from './document.ts'
import { type PageQuery, PageSchema, pageOf, pageQuery } from './paging.ts'

export interface ModuleParts {
  metrics: Pick<Metrics, 'uploaded'>
  modules: Pick<Store['modules'], 'put' | 'get' | 'list'>
  blobs: Pick<Store['blobs'], 'put' | 'get' | 'read'>
  /** What the module asks for and offers, read where a stranger's bytes may be read. @throws {PhaseError} `moduleRejected`, `tooLarge`, `timedOut`. */
  inspect(module: { digest: string; bytes(): Promise<Uint8Array> }, signal: AbortSignal): Promise<ModuleInterface>
}

const ModulePageSchema = PageSchema('ModulePage', 'Modules, newest first', ModuleInfoSchema)
export const moduleRouteSchemas = [ModulePageSchema]

const mediaType = 'application/wasm'
/** Modules on their way into memory, all requests together: four of the largest. */
const uploadBytesMax = 4 * moduleBytesMax
/** An upload may take as long as 64 MiB over a 1 Mbit/s line. */
const uploadMs = 600_000
const tags = ['modules']

export function moduleRoutes(app: FastifyInstance, parts: ModuleParts): void {
  app.register(async scope => {
    addStreamParser(scope, mediaType)
    putModule(scope, parts)
  })
  app.get<{ Querystring: PageQuery }>(
    '/v1/modules',
    {
      schema: {
        operationId: 'listModules',
        tags,
        summary: 'List the modules of this node',
        querystring: Type.Object(pageQuery),
        response: answers({ 200: answer('A page of modules', ModulePageSchema) }, 400),
      },
    },
    async request => parts.modules.list(pageOf(request.query)),
  )
  app.get<{ Params: { digest: string } }>(
    '/v1/modules/:digest',
    {
      schema: {
        operationId: 'getModule',
        tags,
        summary: 'Say what a module asks for and offers',
        params: DigestParams,
        response: answers({ 200: answer('The module', ModuleInfoSchema) }, 404),
      },
    },
    async request => known(await parts.modules.get(request.params.digest), request.params.digest),
  )
  app.get<{ Params: { digest: string } }>(
    '/v1/modules/:digest/content',
    {
      schema: {
        operationId: 'getModuleContent',
        tags,
        summary: 'Get the bytes of a module',
        params: DigestParams,
        response: answers({ 200: bytesAnswer('The bytes', mediaType) }, 404),
      },
      config: { handlerMs: 0 },
    },
    async (request, reply) => {
      const { digest, size } = known(await parts.modules.get(request.params.digest), request.params.digest)
      return sendContent(request, reply, { digest, size }, { blobs: parts.blobs, mediaType })
    },
  )
}

function putModule(scope: FastifyInstance, parts: ModuleParts): void {
  let uploading = 0
  scope.put(
    '/v1/modules',
    {
      schema: {
        operationId: 'putModule',
        tags,
        summary: 'Upload a module',
        description:
          'The body is a WebAssembly binary of at most 64 MiB, named by its sha256. Sending a known one again changes nothing.\n\n' +
          "```\ncurl -T hello.wasm -H 'content-type: application/wasm' http://127.0.0.1:7527/v1/modules\n```",
        consumes: [mediaType],
        body: Binary('A WebAssembly binary'),
        response: answers(
          { 200: answer('This node had it already', ModuleInfoSchema), 201: answer('Stored', ModuleInfoSchema) },
          400,
          413,
          415,
          422,
          507,
        ),
      },
      config: { handlerMs: uploadMs, streams: true },
    },
    async (request, reply) => {
      const source = uploadOf(request, moduleBytesMax)
      const reserved = Number(request.headers['content-length'] ?? moduleBytesMax)
      if (uploading + reserved > uploadBytesMax) {
        throw new PhaseError('busy', 'Cannot take the module: too many uploads at once', { retryAfterMs: 1000 })
      }
      uploading += reserved
      try {
        const upload = await readBounded(source, moduleBytesMax)
        parts.metrics.uploaded('module', upload.bytes.length)
        const stored = await store(upload, parts, goneSignal(reply))
        return await reply
          .code(stored.created ? 201 : 200)
          .header('location', `/v1/modules/${stored.info.digest}`)
          .send(stored.info)
      } finally {
        uploading -= reserved
      }
    },
  )
}

/** The description is written last: a module is known only when its bytes are there. */
async function store(
  upload: { bytes: Uint8Array; digest: string },
  parts: ModuleParts,
  signal: AbortSignal,
): Promise<{ info: ModuleInfo; created: boolean }> {
  const { bytes, digest } = upload
  const before = await parts.modules.get(digest)
  if (before !== undefined && (await parts.blobs.get(digest)) !== undefined) return { info: before, created: false }
  const found = await parts.inspect({ digest, bytes: async () => bytes }, signal).catch(explained)
  await parts.blobs.put(bytes, { bytesMax: moduleBytesMax, digest, signal })
  const info: ModuleInfo = { digest, size: bytes.length, ...found, createdAt: new Date().toISOString() }
  await parts.modules.put(info)
  return { info, created: true }
}

/** The usual hints are for requests that arrive too slowly, or ask for too much. */
function explained(error: unknown): never {
  if (!isPhaseError(error, 'timedOut', 'tooLarge')) throw error
  const hint =
    error.code === 'timedOut'
      ? 'No node spends more time on one module: build a smaller one, or try a faster node.'
      : 'Build a smaller one (-Os, stripped, less linked into it), or try another node.'
  throw new PhaseError(error.code, error.message, { hint, cause: error })
}

function known(info: ModuleInfo | undefined, digest: string): ModuleInfo {
  if (info !== undefined) return info
  throw new PhaseError('notFound', `Cannot find module "${digest}"`, { hint: 'Upload it with PUT /v1/modules.' })
}
