/** This node about itself. */
import type { FastifyInstance } from 'fastify'
import { type NodeStatus, NodeStatusSchema } from '../../phase/peer.ts'
import { answer, answers } from './document.ts'

export interface NodeParts {
  node: { status(): NodeStatus | Promise<NodeStatus> }
}

export function nodeRoutes(app: FastifyInstance, { node }: NodeParts): void {
  app.get(
    '/v1/node',
    {
      schema: {
        operationId: 'getNode',
        tags: ['node'],
        summary: 'Say who this node is',
        response: answers({ 200: answer('The node', NodeStatusSchema) }),
      },
    },
    async () => node.status(),
  )
}
