/** Strangers that take more than their share, over real connections: what they get is a closed one. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Connection } from '@libp2p/interface'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { Uint8ArrayList } from 'uint8arraylist'
import { concat } from '../../phase/bytes.ts'
import { startLibp2p } from './testing/libp2p.ts'
import { StreamPair } from './testing/streams.ts'

const mib = 2 ** 20

/** A connection as a stranger uses it who writes his own muxer frames. */
interface RawConnection {
  muxer: { send(bytes: Uint8Array | Uint8ArrayList): boolean }
  maConn: { socket: Socket }
}
const raw = (connection: Connection) => connection as unknown as RawConnection

/** Until the stranger's socket takes more, or is gone. */
const drained = (connection: Connection): Promise<void> =>
  new Promise(resolve => {
    raw(connection).maConn.socket.once('drain', resolve).once('close', resolve)
  })

/** https://github.com/hashicorp/yamux/blob/master/spec.md */
function yamuxHeader(type: number, flags: number, streamId: number, length: number): Uint8Array {
  const bytes = new Uint8Array(12)
  const view = new DataView(bytes.buffer)
  view.setUint8(1, type)
  view.setUint16(2, flags)
  view.setUint32(4, streamId)
  view.setUint32(8, length)
  return bytes
}
const [dataFrame, ping, syn] = [0, 2, 1]

async function pairFor(t: { after(undo: () => Promise<void>): void }): Promise<StreamPair> {
  const pair = new StreamPair()
  t.after(() => pair.stop())
  await pair.start()
  return pair
}

test('a muxer frame of 4 GiB is cut off after a few MB', async t => {
  const pair = await pairFor(t)
  const { connection, far } = pair
  const closed = Promise.all([once(connection, 'close'), once(far, 'close')])
  const { muxer } = raw(connection)
  muxer.send(yamuxHeader(dataFrame, syn, 99, 0xffff_ffff))
  const junk = new Uint8Array(64 * 1024)
  let sent = 0
  while (connection.status === 'open' && sent < 256 * mib) {
    if (!muxer.send(new Uint8ArrayList(junk))) await drained(connection)
    sent += junk.length
  }
  await closed
  assert.ok(sent < 32 * mib, `${sent} bytes went out before it was cut off`)
})

test('who asks for answers and does not read them is cut off', async t => {
  const pair = await pairFor(t)
  const { connection, far } = pair
  const closed = once(far, 'close')
  const { muxer, maConn } = raw(connection)
  maConn.socket.pause()
  const pings = concat(...Array.from({ length: 5_000 }, (_, id) => yamuxHeader(ping, syn, 0, id)))
  let sent = 0
  while (far.status === 'open' && sent < 64 * mib) {
    if (!muxer.send(pings)) await Promise.race([drained(connection), closed])
    sent += pings.length
    await new Promise(setImmediate)
  }
  await closed
  assert.ok(sent < 32 * mib, `${sent} bytes of pings were answered`)
})

test('a stream of single bytes that nobody reads takes no more room than its bytes', async t => {
  const pair = await pairFor(t)
  const { near, far } = await pair.open()
  far.pause()
  const streamId = Number(near.id)
  const count = 100_000
  const bytes = concat(
    ...Array.from({ length: 1_000 }, () => [yamuxHeader(dataFrame, 0, streamId, 1), Uint8Array.of(7)]).flat(),
  )
  for (let sent = 0; sent < count; sent += 1_000) raw(pair.connection).muxer.send(bytes)
  // A ping comes back after everything before it was read.
  await pair.echo()
  const { readBuffer } = far as unknown as { readBuffer: Uint8ArrayList }
  assert.equal(readBuffer.byteLength, count)
  const pieces = [...readBuffer]
  assert.ok(pieces.length < 2_100, `${pieces.length} pieces`)
  for (const piece of pieces) assert.ok(piece.buffer.byteLength <= 2 * count, 'a byte keeps the buffer that it came in')
})

test('one peer holds four connections, however many it makes at once', async t => {
  const { libp2p } = await startLibp2p(t)
  const privateKey = await generateKeyPair('Ed25519')
  const twins = await Promise.all(Array.from({ length: 7 }, () => startLibp2p(t, { privateKey })))
  const dials = await Promise.allSettled(twins.map(twin => twin.libp2p.dial(libp2p.getMultiaddrs())))
  // Whoever is refused learns it when the connection closes.
  const open = () => libp2p.getConnections().length
  assert.ok(dials.some(({ status }) => status === 'fulfilled'))
  for (const { libp2p: twin } of twins) {
    for (const connection of twin.getConnections()) {
      if (connection.status !== 'open') continue
      await Promise.race([once(connection, 'close'), twin.services.ping.ping(libp2p.peerId).catch(() => {})])
    }
  }
  assert.equal(open(), 4)
  const other = await startLibp2p(t)
  await other.libp2p.services.ping.ping(libp2p.getMultiaddrs())
  assert.equal(open(), 5, 'another peer is none of its business')
})

test('a peer at a forbidden address is neither remembered there nor dialled', async t => {
  const { libp2p } = await startLibp2p(t)
  const { publicKey } = await generateKeyPair('Ed25519')
  const stranger = peerIdFromPublicKey(publicKey)
  const forbidden = [
    '/ip4/10.0.0.1/tcp/1',
    '/ip4/1.1.1.1/tcp/1',
    '/dns4/one.example/tcp/1',
    '/ip4/224.0.0.251/tcp/5353',
  ]
  await libp2p.peerStore.merge(stranger, { multiaddrs: forbidden.map(text => multiaddr(text)) })
  assert.deepEqual((await libp2p.peerStore.get(stranger)).addresses, [])
  for (const text of forbidden) {
    const dial = libp2p.dial(multiaddr(`${text}/p2p/${stranger.toString()}`), { signal: AbortSignal.timeout(5_000) })
    await assert.rejects(dial, { name: 'DialDeniedError' }, text)
  }
})
