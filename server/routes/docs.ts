/** The OpenAPI document, made from the same schemas that the routes use, and a page to try it from. All of it comes from this node. */
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'

const info = (version: string) => ({
  title: 'Plasm',
  version,
  description:
    'Run WebAssembly modules on nodes you need not know, and get a signed receipt for what they did.\n\n' +
    'Upload a module (`PUT /v1/modules`), run it (`POST /v1/jobs`), read what it wrote (`GET /v1/jobs/{id}/output`). ' +
    'Every error is `application/problem+json` with a `code` for programs and a `hint` for people.',
  license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
})

const tags = [
  { name: 'node', description: 'This node' },
  { name: 'modules', description: 'WebAssembly modules, named by their sha256' },
  { name: 'blobs', description: 'Large stdin, named by its sha256' },
  { name: 'jobs', description: 'One run of one module' },
  { name: 'receipts', description: 'What an executor signs about a run' },
  { name: 'peers', description: 'Executors that this node knows' },
]

/** Before the routes: it collects them as they are added. */
export function addDocument(app: FastifyInstance, version: string): void {
  app.register(swagger, {
    openapi: {
      openapi: '3.0.3',
      info: info(version),
      servers: [
        { url: '/', description: 'The node that serves this page' },
        { url: 'http://127.0.0.1:7527', description: 'A node on this machine' },
      ],
      tags,
      security: [{}, { bearer: [] }],
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'Only where the node has a token file' },
        },
      },
    },
    transformObject: document => tidied((document as { openapiObject: Document }).openapiObject) as never,
    refResolver: {
      buildLocalReference: (json, _base, _fragment, index) =>
        typeof json.$id === 'string' ? json.$id : `def-${index}`,
    },
  })
}

interface Operation {
  requestBody?: { content: Record<string, { schema: object; example?: unknown }> }
  responses: Record<string, object>
  'x-example'?: unknown
  'x-plasm-idempotent'?: boolean
}
interface Document {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, { additionalProperties?: unknown }>; responses?: Record<string, object> }
}

/**
 * Errors are said once; what HTTP calls idempotent is marked as safe to send again; `x-example` goes where readers look for it; what only answers hold may get members later, so only what a client sends is
 * closed.
 */
function tidied(document: Document): Document {
  const operations = Object.values(document.paths).flatMap(path => Object.values(path))
  for (const { get, put } of Object.values(document.paths)) {
    for (const operation of [get, put]) if (operation !== undefined) operation['x-plasm-idempotent'] = true
  }
  const responses: Record<string, object> = {}
  for (const operation of operations) {
    for (const [status, response] of Object.entries(operation.responses)) {
      if (status < '400') continue
      responses[`Error${status}`] = response
      operation.responses[status] = { $ref: `#/components/responses/Error${status}` }
    }
    const body = operation.requestBody?.content['application/json']
    if (body !== undefined && operation['x-example'] !== undefined) body.example = operation['x-example']
    delete operation['x-example']
  }
  const { schemas } = document.components
  const sent = reachable(
    operations.map(({ requestBody }) => requestBody),
    schemas,
  )
  for (const [name, schema] of Object.entries(schemas)) {
    if (!sent.has(name) && schema.additionalProperties === false) delete schema.additionalProperties
  }
  const sorted = Object.fromEntries(Object.entries(responses).sort(([a], [b]) => (a < b ? -1 : 1)))
  return { ...document, components: { ...document.components, responses: sorted } }
}

/** Names of the schemas that `from` refers to, by whatever way. */
function reachable(from: unknown, schemas: Record<string, unknown>, found = new Set<string>()): Set<string> {
  for (const [, name] of JSON.stringify(from).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
    if (name === undefined || found.has(name)) continue
    reachable(schemas[name], schemas, found.add(name))
  }
  return found
}

/** Scripts and styles are files of this node; the page can reach nothing else. Swagger UI draws its icons from data: URLs. */
const pagePolicy = {
  'default-src': "'none'",
  'script-src': "'self'",
  'style-src': "'self'",
  'img-src': "'self' data:",
  'connect-src': "'self'",
  'base-uri': "'none'",
  'form-action': "'none'",
  'frame-ancestors': "'none'",
}

export function docsRoutes(app: FastifyInstance): void {
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
  app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: pagePolicy,
    theme: { title: 'Plasm' },
    uiConfig: {
      layout: 'BaseLayout',
      deepLinking: true,
      docExpansion: 'list',
      defaultModelsExpandDepth: 0,
      tryItOutEnabled: true,
    },
  })
}
