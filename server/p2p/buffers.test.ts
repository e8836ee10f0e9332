/** Strangers that send what nobody reads, over many connections and streams at once. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import type { Connection, Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { Buffers } from './buffers.ts'
import { FrameStream } from './framing.ts'
import { startLibp2p, type TestLibp2p } from './testing/libp2p.ts'

const mebibyte = 2 ** 20
const protocol = '/test/hold/1'
const bounds = { hostBytesMax: 1, bytesMax: 8 * mebibyte }

async function startVictim(t: Parameters<typeof startLibp2p>[0], read: (stream: Stream) => unknown) {
  const victim = await startLibp2p(t, { bounds })
  await victim.libp2p.handle(protocol, stream => void read(stream), { maxInboundStreams: 100 })
  return victim
}

/** Sends on as many streams as it takes, until `connection` is closed. @returns how many bytes it sent. */
async function flood(connection: Connection, streams: number): Promise<number> {
  let sent = 0
  const piece = new Uint8Array(64 * 1024)
  for (let count = 0; count < streams && connection.status === 'open'; count++) {
    const stream = await connection.newStream(protocol, { maxOutboundStreams: 100 }).catch(() => undefined)
    if (stream === undefined) break
    // As much as goes without being read: the window of a new stream is four of them.
    for (let pieces = 0; pieces < 4; pieces++, sent += piece.length) stream.send(piece)
  }
  return sent
}

const dial = (from: TestLibp2p, to: TestLibp2p) => from.libp2p.dial(to.libp2p.getMultiaddrs())

for (const [name, read] of Object.entries({
  'a paused stream': (stream: Stream) => stream.pause(),
  'a reader of frames': (stream: Stream) => new FrameStream(stream),
})) {
  test(`the connection that holds most is closed when all hold too much, in ${name}; the others stay`, async t => {
    const victim = await startVictim(t, read)
    const [stranger, friend] = [await startLibp2p(t), await startLibp2p(t)]
    const [bad, good] = [await dial(stranger, victim), await dial(friend, victim)]
    await flood(good, 4)
    const closed = once(bad, 'close')
    const sent = await flood(bad, 80)
    await closed
    assert.ok(sent > 6 * mebibyte && sent < 14 * mebibyte, `${sent} bytes went out before it was cut off`)
    await friend.libp2p.services.ping.ping(victim.libp2p.peerId)
    assert.equal(good.status, 'open')
  })
}

test('what is read is not held', async t => {
  const victim = await startVictim(t, async stream => {
    for await (const _ of stream) {
    }
  })
  const friend = await startLibp2p(t)
  const connection = await dial(friend, victim)
  assert.equal(await flood(connection, 80), 80 * 256 * 1024)
  await friend.libp2p.services.ping.ping(victim.libp2p.peerId)
  assert.equal(connection.status, 'open')
})

test('a host is held to its own bound, however many connections share it', async () => {
  const closed: string[] = []
  const open = (address: string, bytes: number) =>
    ({
      remoteAddr: multiaddr(address),
      status: 'open',
      streams: [{ readBufferLength: bytes, writeBufferLength: 0 }],
      abort: () => closed.push(address),
    }) as unknown as Connection
  const connections = [
    open('/ip4/10.0.0.1/tcp/1', 3 * mebibyte),
    open('/ip4/10.0.0.1/tcp/2', 4 * mebibyte),
    open('/ip4/10.0.0.2/tcp/1', 5 * mebibyte),
  ]
  const buffers = new Buffers(() => connections, { hostBytesMax: 6 * mebibyte, bytesMax: 20 * mebibyte })
  buffers.received(2 * mebibyte)
  await Promise.resolve()
  assert.deepEqual(closed, ['/ip4/10.0.0.1/tcp/2'])
})
