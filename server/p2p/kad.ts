/**
 * Kademlia that a stranger cannot keep busy: kad-dht reads up to 4 MiB of messages, or of one answer, without letting anything else run.
 * Uses private parts; kad.test.ts fails when they move. datastore.ts bounds what is kept.
 */
import { setImmediate as turn } from 'node:timers/promises'
import type { PeerId, Stream } from '@libp2p/interface'
import { type KadDHTComponents, type KadDHTInit, kadDHT, type SingleKadDHT } from '@libp2p/kad-dht'
import { PhaseError } from '../../phase/errors.ts'

/** One answer: all the records that datastore.ts names, with their addresses. */
const answerBytesMax = 128 * 1024
/** Providers that one message may name. Only its sender counts, and he is one. */
const providersMax = 8

interface Message {
  providers?: readonly unknown[]
}
interface Internals {
  rpc: { handleMessage(peer: PeerId, message: Message): Promise<unknown> }
}

export function guardedKad(init: KadDHTInit): (components: KadDHTComponents) => SingleKadDHT {
  const make = kadDHT(init) as (components: KadDHTComponents) => SingleKadDHT
  return components => {
    const dht = make(withBoundedAnswers(components))
    takeTurns((dht as unknown as Internals).rpc)
    return dht
  }
}

function takeTurns(rpc: Internals['rpc']): void {
  const handle = rpc.handleMessage.bind(rpc)
  rpc.handleMessage = async (peer, message) => {
    if ((message.providers?.length ?? 0) > providersMax) {
      throw new PhaseError('protocol', `A DHT message names more than ${providersMax} providers`)
    }
    await turn()
    return handle(peer, message)
  }
}

/** What the library asks of others comes over streams that end when they bring too much. */
function withBoundedAnswers(components: KadDHTComponents): KadDHTComponents {
  const { connectionManager } = components
  const openStream: typeof connectionManager.openStream = async (peer, protocol, options) =>
    bounded(await connectionManager.openStream(peer, protocol, options))
  const guarded = new Proxy(connectionManager, {
    get: (target, name) => (name === 'openStream' ? openStream : bind(target, name)),
  })
  return new Proxy(components, {
    get: (target, name) => (name === 'connectionManager' ? guarded : Reflect.get(target, name)),
  })
}

function bind(target: object, name: string | symbol): unknown {
  const value: unknown = Reflect.get(target, name)
  return typeof value === 'function' ? value.bind(target) : value
}

function bounded(stream: Stream): Stream {
  let bytes = 0
  stream.addEventListener('message', ({ data }) => {
    bytes += data.byteLength
    if (bytes > answerBytesMax) stream.abort(new PhaseError('protocol', `A DHT answer exceeds ${answerBytesMax} bytes`))
  })
  return stream
}
