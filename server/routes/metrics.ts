/** Prometheus scrapes here. */
import type { FastifyInstance } from 'fastify'
import type { Metrics } from '../metrics.ts'

export interface MetricsParts {
  metrics: Pick<Metrics, 'text' | 'contentType' | 'answered' | 'accepted' | 'uploaded'>
}

export function metricsRoutes(app: FastifyInstance, { metrics }: MetricsParts): void {
  app.get('/metrics', { schema: { hide: true } }, async (_request, reply) =>
    reply.type(metrics.contentType).send(await metrics.text()),
  )
}

/** Counts every answer, by route pattern: paths hold identifiers, and their number has no bound. */
export function addRequestMetrics(app: FastifyInstance, { metrics }: MetricsParts): void {
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none'
    metrics.answered({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000)
  })
}
