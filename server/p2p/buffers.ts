/**
 * What strangers make this node hold in memory over all their connections: what nobody has read yet, frames half there, and what waits for a
 * peer that does not read. Each stream and each connection has a bound of its own; this one is for many of them.
 */
import type { Connection, Stream } from '@libp2p/interface'
import { PhaseError } from '../../phase/errors.ts'
import { hostOf, readAddress, scopeOf } from './addresses.ts'

const MIB = 1024 * 1024

export interface BufferBounds {
  /** Of one host; loopback is the operator's own. Fifty streams that are read too slowly stay below it. */
  hostBytesMax: number
  /** Of all hosts, loopback too. */
  bytesMax: number
}

const usual: BufferBounds = { hostBytesMax: 128 * MIB, bytesMax: 384 * MIB }
/** So much may come between two looks: they go through all streams. */
const unseenBytesMax = MIB

const readers = new WeakMap<Stream, () => number>()

/** Whoever takes bytes from `stream` before they are wanted says how many he holds. */
export const countReader = (stream: Stream, bytes: () => number): void => void readers.set(stream, bytes)

interface Held {
  connection: Connection
  host: string
  bytes: number
}

export class Buffers {
  private readonly connections: () => readonly Connection[]
  private readonly bounds: BufferBounds
  private unseenBytes = 0

  constructor(connections: () => readonly Connection[], bounds = usual) {
    this.connections = connections
    this.bounds = bounds
  }

  /** Told of all that comes. Where that is too much to hold, the connections that hold most are closed. */
  received(bytes: number): void {
    const before = this.unseenBytes
    this.unseenBytes += bytes
    // Not at once: a muxer is in the middle of its frames now.
    if (before <= unseenBytesMax && this.unseenBytes > unseenBytesMax) queueMicrotask(() => this.look())
  }

  private look(): void {
    this.unseenBytes = 0
    const all = this.connections().map(connection => ({
      connection,
      host: hostOf(readAddress(connection.remoteAddr.toString())?.host ?? ''),
      bytes: heldBy(connection),
    }))
    for (const [host, held] of Map.groupBy(all, ({ host }) => host)) {
      if (scopeOf(host) !== 'loopback') shed(held, this.bounds.hostBytesMax)
    }
    shed(all, this.bounds.bytesMax)
  }
}

/** Closes those that hold most, until the rest is within `bytesMax`. */
function shed(held: readonly Held[], bytesMax: number): void {
  const open = held.filter(({ connection }) => connection.status === 'open').toSorted((a, b) => b.bytes - a.bytes)
  let left = open.reduce((sum, { bytes }) => sum + bytes, 0)
  for (const { connection, bytes } of open) {
    if (left <= bytesMax) return
    left -= bytes
    connection.abort(new PhaseError('protocol', `A connection holds ${bytes} unread bytes, too much beside the others`))
  }
}

function heldBy(connection: Connection): number {
  const { muxer } = connection as unknown as { muxer?: { decoder?: { buffer: { byteLength: number } } } }
  const streams = connection.streams.map(
    stream => stream.readBufferLength + stream.writeBufferLength + (readers.get(stream)?.() ?? 0),
  )
  return streams.reduce((sum, bytes) => sum + bytes, muxer?.decoder?.buffer.byteLength ?? 0)
}
