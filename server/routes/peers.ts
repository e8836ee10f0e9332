/** Peers: the executors that this node knows, and a look for more. */
import type { FastifyInstance } from 'fastify'
import { type Peer, PeerSchema } from '../../phase/peer.ts'
import { answer, answers } from './document.ts'
import { ListSchema } from './paging.ts'

export interface PeerParts {
  peers: {
    list(): Peer[] | Promise<Peer[]>
    /** Asks the DHT now; each peer is yielded when it has answered. */
    discover(signal: AbortSignal): AsyncIterable<Peer>
  }
  stopping: AbortSignal
}

const PeerListSchema = ListSchema('PeerList', 'Executors that this node knows', PeerSchema)
export const peerRouteSchemas = [PeerListSchema]

/** A look-up of the DHT takes a few round trips; who has not answered the hello by then is slow or gone. */
const discoverMs = 10_000
const discoveredMax = 256
const tags = ['peers']

export function peerRoutes(app: FastifyInstance, { peers, stopping }: PeerParts): void {
  app.get(
    '/v1/peers',
    {
      schema: {
        operationId: 'listPeers',
        tags,
        summary: 'List the executors that this node knows',
        response: answers({ 200: answer('The peers', PeerListSchema) }),
      },
    },
    async () => ({ items: await peers.list() }),
  )
  let looking: Promise<Peer[]> | undefined
  app.post(
    '/v1/peers/discover',
    {
      schema: {
        operationId: 'discoverPeers',
        tags,
        summary: 'Ask the network for executors now',
        description: 'Takes up to 10 seconds. Answers with the executors that were found and said hello.',
        response: answers({ 200: answer('The peers that answered', PeerListSchema) }),
        'x-plasm-idempotent': true,
      },
    },
    async () => {
      // Whoever asks meanwhile gets the same answer: clients must not multiply what the network is asked.
      looking ??= look(peers, AbortSignal.any([stopping, AbortSignal.timeout(discoverMs)])).finally(() => {
        looking = undefined
      })
      return { items: await looking }
    },
  )
}

async function look(peers: PeerParts['peers'], signal: AbortSignal): Promise<Peer[]> {
  const found = new Map<string, Peer>()
  try {
    for await (const peer of peers.discover(signal)) {
      found.set(peer.peerId, peer)
      if (found.size >= discoveredMax) break
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
  return [...found.values()]
}
