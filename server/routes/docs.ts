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
    refResolver: { buildLocalReference: (json, _base, _fragment, index) => json.$id?.toString() ?? `def-${index}` },
  })
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
    uiConfig: { deepLinking: true, docExpansion: 'list', defaultModelsExpandDepth: 0, tryItOutEnabled: true },
  })
}
