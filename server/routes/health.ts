/** For supervisors: does the process answer, and can it do its work? Neither asks for a token. */
import type { FastifyInstance } from 'fastify'
import { PhaseError } from '../../phase/errors.ts'
import { sendProblem } from './errors.ts'

export interface Readiness {
  ready: boolean
  /** What is missing, for a person. */
  reasons: string[]
}

export interface HealthParts {
  node: { readiness(): Readiness | Promise<Readiness> }
}

export function healthRoutes(app: FastifyInstance, { node }: HealthParts): void {
  app.get('/livez', { schema: { hide: true } }, async () => ({ live: true }))
  app.get('/readyz', { schema: { hide: true } }, async (request, reply) => {
    const { ready, reasons } = await node.readiness()
    if (ready) return { ready, reasons }
    sendProblem(new PhaseError('unavailable', `Not ready: ${reasons.join('; ')}`), request, reply, { ready, reasons })
    return reply
  })
}
