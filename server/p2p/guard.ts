/** What holds strangers to their share before any protocol of ours reads a byte: connections, muxer frames, provider records. */
import { yamux } from '@chainsafe/libp2p-yamux'
import type { ConnectionGater, MultiaddrConnection, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { MemoryDatastore } from 'datastore-core'
import type { Key } from 'interface-datastore'
import { PhaseError } from '../../phase/errors.ts'
import { hostOf, isUsable, isWelcome, type Network, readAddress, scopeOf } from './addresses.ts'

const KIB = 1024
const MIB = 1024 * KIB

/** Unread bytes of one stream that a sender may have under way: enough for 30 MB/s at 50 ms, see DESIGN.md. */
const streamWindowBytesMax = 2 * MIB
/** Twice the window: what a paused reader may still be handed. */
const streamReadBytesMax = 4 * MIB
/** Undecoded bytes of one connection. An honest frame never exceeds its stream's window. */
const muxerBytesMax = 4 * MIB
/** Streams that one connection may have open, all protocols together. */
const inboundStreamsMax = 512
/** Streams that may arrive while a connection is still being set up: a burst of jobs right after the dial. */
const earlyStreamsMax = 256

/** Connections from one host. A translator or a laboratory may hide many nodes; loopback is the operator's own. */
const connectionsPerHostMax = 64
const connectionsPerLoopbackMax = 1024
/** Connections of one peer: two that dialled each other at once have two. */
const connectionsPerPeerMax = 4

/** Provider records in all: with shards of a few thousand executors each, more than one node is ever asked to keep. */
const recordsMax = 8192
/** Of one provider: profiles times shards, with room for both growing. */
const recordsPerPeerMax = 32

interface MuxerInternals {
  onData(bytes: { byteLength: number }): void
  decoder: { buffer: { byteLength: number } }
}

/**
 * Yamux with a bound on what one connection can make this node buffer. Its own `maxMessageSize` does nothing: a stranger that announces a
 * frame of 4 GiB is believed. Uses private parts of the muxer; guard.test.ts fails when they move.
 */
export function guardedYamux(): ReturnType<typeof yamux> {
  const make = yamux({
    maxInboundStreams: inboundStreamsMax,
    maxOutboundStreams: inboundStreamsMax,
    maxEarlyStreams: earlyStreamsMax,
    // The initial window stays as it is: a sender assumes that its peer has the same.
    streamOptions: { maxStreamWindowSize: streamWindowBytesMax, maxReadBufferLength: streamReadBytesMax },
  })
  return () => {
    const factory = make()
    const create = factory.createStreamMuxer.bind(factory)
    factory.createStreamMuxer = connection => {
      const muxer = create(connection)
      const internals = muxer as unknown as MuxerInternals
      const onData = internals.onData.bind(muxer)
      internals.onData = bytes => {
        onData(bytes)
        if (internals.decoder.buffer.byteLength > muxerBytesMax) {
          throw new PhaseError('protocol', `A muxer frame exceeds the limit of ${muxerBytesMax} bytes`)
        }
      }
      return muxer
    }
    return factory
  }
}

/** Counts what is open; `connections` says so at any moment. `configured` are addresses that the operator named himself. */
export function gate(
  network: Network,
  configured: readonly string[],
  connections: () => readonly { host: string; peerId: string }[],
): ConnectionGater {
  const named = new Set(configured)
  const isDialled = (address: Multiaddr) => named.has(address.toString()) || isUsable(network, address.toString())
  return {
    denyDialMultiaddr: address => !isDialled(address),
    filterMultiaddrForPeer: (_peer: PeerId, address: Multiaddr) => isDialled(address),
    denyInboundConnection: (incoming: MultiaddrConnection) => {
      const host = readAddress(incoming.remoteAddr.toString())?.host
      if (host === undefined || !isWelcome(network, host)) return true
      const most = scopeOf(host) === 'loopback' ? connectionsPerLoopbackMax : connectionsPerHostMax
      return connections().filter(open => hostOf(open.host) === hostOf(host)).length >= most
    },
    denyInboundEncryptedConnection: (peer: PeerId) => {
      const peerId = peer.toString()
      return connections().filter(open => open.peerId === peerId).length >= connectionsPerPeerMax
    },
  }
}

/**
 * What libp2p remembers while it runs: peers, and the provider records that others give it. The latter have a quota, beyond which new
 * ones are dropped: kad-dht itself keeps whatever it is told.
 */
export class GuardedDatastore extends MemoryDatastore {
  private readonly perPeer = new Map<string, number>()
  private records = 0

  override put(key: Key, value: Uint8Array): Key {
    const provider = providerOf(key)
    if (provider !== undefined && !this.has(key)) {
      const count = this.perPeer.get(provider) ?? 0
      if (this.records >= recordsMax || count >= recordsPerPeerMax) return key
      this.perPeer.set(provider, count + 1)
      this.records++
    }
    return super.put(key, value) as Key
  }

  override delete(key: Key): void {
    const provider = providerOf(key)
    if (provider !== undefined && this.has(key)) {
      const count = (this.perPeer.get(provider) ?? 1) - 1
      if (count === 0) this.perPeer.delete(provider)
      else this.perPeer.set(provider, count)
      this.records--
    }
    void super.delete(key)
  }
}

/** `/…/provider/<key>/<peer id>`: who is said to provide. */
const providerOf = (key: Key): string | undefined => /\/provider\/[^/]+\/([^/]+)$/.exec(key.toString())?.[1]
