/** What holds strangers to their share before any protocol of ours reads a byte: connections and muxer frames. datastore.ts holds the records. */
import { yamux } from '@chainsafe/libp2p-yamux'
import type { ConnectionGater, MultiaddrConnection, PeerId, Stream } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { Uint8ArrayList } from 'uint8arraylist'
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
/** Bytes that wait to be sent because the peer asked for them and does not read: answers to pings, refused streams. */
const answerBytesMax = MIB
/** Data frames below this are copied: each would keep the whole network buffer that it came in. */
const smallFrameBytes = 1024
/** Small frames that a paused stream holds before they are copied together. */
const smallFramesMax = 1024
/** Streams that one connection may have open, all protocols together. */
const inboundStreamsMax = 512
/** Streams that may arrive while a connection is still being set up: a burst of jobs right after the dial. */
const earlyStreamsMax = 256

/** Connections from one host. A translator or a laboratory may hide many nodes; loopback is the operator's own. */
const connectionsPerHostMax = 64
const connectionsPerLoopbackMax = 1024
/** Connections of one peer: two that dialled each other at once have two. */
const connectionsPerPeerMax = 4

interface Frame {
  header: { streamID: number }
  data?: Uint8ArrayList
}

interface MuxerInternals {
  streams: (Stream & { streamId: number; readBuffer: Uint8ArrayList })[]
  decoder: { buffer: { byteLength: number } }
  onData(bytes: Uint8Array | Uint8ArrayList): void
  handleStreamMessage(frame: Frame): void
}

/**
 * Yamux with a bound on what one connection can make this node buffer. Its own `maxMessageSize` does nothing: a stranger that announces a
 * frame of 4 GiB is believed. `received` is told of all bytes that come. Uses private parts of the muxer; guard.test.ts fails when they move.
 */
export function guardedYamux(received: (bytes: number) => void = () => {}): ReturnType<typeof yamux> {
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
      boundBuffers(internals, connection, received)
      copySmallFrames(internals)
      return muxer
    }
    return factory
  }
}

/** A frame that never ends, and answers that nobody reads. */
function boundBuffers(
  muxer: MuxerInternals,
  connection: { writeBufferLength: number },
  received: (bytes: number) => void,
): void {
  const onData = muxer.onData.bind(muxer)
  let answerBytes = 0
  muxer.onData = bytes => {
    received(bytes.byteLength)
    const before = connection.writeBufferLength
    onData(bytes)
    const after = connection.writeBufferLength
    answerBytes = after === 0 ? 0 : answerBytes + Math.max(0, after - before)
    if (answerBytes > answerBytesMax) {
      throw new PhaseError('protocol', `A peer that does not read has asked for ${answerBytes} bytes of answers`)
    }
    if (muxer.decoder.buffer.byteLength > muxerBytesMax) {
      throw new PhaseError('protocol', `A muxer frame exceeds the limit of ${muxerBytesMax} bytes`)
    }
  }
}

function copySmallFrames(muxer: MuxerInternals): void {
  const handle = muxer.handleStreamMessage.bind(muxer)
  const counts = new WeakMap<Stream, number>()
  muxer.handleStreamMessage = frame => {
    const isSmall = frame.data !== undefined && frame.data.byteLength < smallFrameBytes
    handle(isSmall ? { ...frame, data: new Uint8ArrayList((frame.data as Uint8ArrayList).slice()) } : frame)
    const stream = isSmall ? muxer.streams.find(({ streamId }) => streamId === frame.header.streamID) : undefined
    if (stream === undefined) return
    const { readBuffer } = stream
    const count = readBuffer.byteLength === 0 ? 0 : (counts.get(stream) ?? 0) + 1
    counts.set(stream, count % smallFramesMax)
    if (count < smallFramesMax) return
    const whole = readBuffer.slice()
    readBuffer.consume(whole.byteLength)
    readBuffer.append(whole)
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
  const isHostFull = (host: string) => {
    const most = scopeOf(host) === 'loopback' ? connectionsPerLoopbackMax : connectionsPerHostMax
    return connections().filter(open => hostOf(open.host) === hostOf(host)).length >= most
  }
  const isPeerFull = (peerId: string) =>
    connections().filter(open => open.peerId === peerId).length >= connectionsPerPeerMax
  return {
    denyDialMultiaddr: address => !isDialled(address),
    filterMultiaddrForPeer: (_peer: PeerId, address: Multiaddr) => isDialled(address),
    denyInboundConnection: ({ remoteAddr }: MultiaddrConnection) => {
      const host = readAddress(remoteAddr.toString())?.host
      return host === undefined || !isWelcome(network, host) || isHostFull(host)
    },
    // Once more at the end: many may have begun at the same time.
    denyInboundUpgradedConnection: (peer: PeerId, { remoteAddr }: MultiaddrConnection) =>
      isPeerFull(peer.toString()) || isHostFull(readAddress(remoteAddr.toString())?.host ?? ''),
  }
}
