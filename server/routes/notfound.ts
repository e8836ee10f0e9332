/** Paths that nobody serves, and methods that a path does not have. */
import type { FastifyInstance } from 'fastify'
import { PhaseError } from '../../phase/errors.ts'

/** Before the routes: it learns them as they are added. */
export function addNotFound(app: FastifyInstance): void {
  const routes: { path: RegExp; method: string }[] = []
  app.addHook('onRoute', ({ url, method }) => {
    for (const one of [method].flat()) routes.push({ path: patternOf(url), method: one })
  })
  app.setNotFoundHandler(async (request, reply) => {
    const path = request.url.split('?', 1)[0] as string
    const allowed = [...new Set(routes.filter(route => route.path.test(path)).map(route => route.method))].sort()
    if (allowed.length === 0 || allowed.includes(request.method))
      throw new PhaseError('notFound', `Cannot find "${request.method} ${path.slice(0, 200)}"`)
    reply.header('allow', [...allowed, 'OPTIONS'].join(', '))
    if (request.method === 'OPTIONS') return reply.code(204).send()
    throw new PhaseError('methodNotAllowed', `Cannot ${request.method} "${path.slice(0, 200)}": not one of its methods`)
  })
}

/** A route's pattern as an expression over paths: `:name` is one segment, `*` the rest. */
function patternOf(url: string): RegExp {
  const source = url
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replace(/:\w+/g, '[^/]+')
    .replaceAll('*', '.*')
  return new RegExp(`^${source}$`)
}
