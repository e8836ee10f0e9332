/** The hello: what a node says of itself counts only when its own key signed it, now. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { signNodeInfo } from '../../../phase/node-info.ts'
import { protocols } from '../../../phase/wire.ts'
import type { Identity } from '../../identity.ts'
import { rejection } from '../../store/testing/errors.ts'
import { FrameStream } from '../framing.ts'
import { startLibp2p } from '../testing/libp2p.ts'
import { type infoOf, newIdentity, startPeer } from '../testing/node.ts'

type Says = (info: ReturnType<typeof infoOf>, own: Identity) => Uint8Array
const within = () => AbortSignal.timeout(20_000)

test('a node says who it is, what it offers, where it is and how far away', async t => {
  const [one, other] = [await startPeer(t, { slots: 3 }), await startPeer(t)]
  const peer = await other.p2p.hello(one.identity.peerId, within(), [one.address])
  assert.equal(peer.peerId, one.identity.peerId)
  assert.equal(peer.did, one.identity.did)
  assert.equal(peer.slots, 3)
  assert.deepEqual(peer.addresses, [one.address.replace(/\/p2p\/.*/, '')])
  assert.ok(peer.latencyUs > 0)
  assert.ok(Date.now() - Date.parse(peer.lastSeenAt) < 60_000)
  // The other way as well, over the same connection.
  const back = await one.p2p.hello(other.identity.peerId, within())
  assert.equal(back.peerId, other.identity.peerId)
  assert.equal(one.p2p.connections(), 1)
})

test('an info that has expired, is about another node, was signed by another key or changed on its way is refused', async t => {
  const stranger = await newIdentity()
  const gateway = await startPeer(t)
  const past = '2020-01-01T00:00:00.000Z'
  const lies: Says[] = [
    (info, own) => signNodeInfo({ ...info, expiresAt: past }, own),
    (info, own) => signNodeInfo({ ...info, peerId: stranger.peerId }, own),
    info => signNodeInfo(info, stranger),
    info => signNodeInfo({ ...info, peerId: stranger.peerId }, stranger),
    (info, own) => signNodeInfo({ ...info, slots: -1 }, own),
    (info, own) => signNodeInfo({ ...info, notes: 'x'.repeat(20_000) } as typeof info, own),
    (info, own) => signNodeInfo(info, own).map((byte, at) => (at === 60 ? byte ^ 1 : byte)),
    () => new TextEncoder().encode('{}'),
    () => new Uint8Array(0),
  ]
  for (const says of lies) {
    const node = await startPeer(t, { slots: 1, says })
    await rejection(gateway.p2p.hello(node.identity.peerId, within(), [node.address]), 'invalid')
    await node.stop()
  }
})

test('an info beyond its limit is not read at all', async t => {
  const node = await startPeer(t, { slots: 1, says: () => new Uint8Array(40_000) })
  const gateway = await startPeer(t)
  await rejection(gateway.p2p.hello(node.identity.peerId, within(), [node.address]), 'protocol')
})

test('a node that says nothing, ends or is not there costs two seconds at most', async t => {
  const gateway = await startPeer(t)
  const silent = await startLibp2p(t)
  await silent.libp2p.handle(protocols.info, () => {})
  const address = silent.libp2p.getMultiaddrs().map(String)
  await rejection(gateway.p2p.hello(silent.libp2p.peerId.toString(), within(), address), 'timedOut')

  const rude = await startLibp2p(t)
  await rude.libp2p.handle(protocols.info, stream => new FrameStream(stream).finish())
  const rudeAddress = rude.libp2p.getMultiaddrs().map(String)
  await rejection(gateway.p2p.hello(rude.libp2p.peerId.toString(), within(), rudeAddress), 'unavailable')

  const { peerId } = await newIdentity()
  await rejection(gateway.p2p.hello(peerId, within(), ['/ip4/127.0.0.1/tcp/1']), 'unavailable')
  await rejection(gateway.p2p.hello(peerId, within(), ['/ip4/192.168.77.77/tcp/1']), 'unavailable')
  await rejection(gateway.p2p.hello('not a peer id', within()), 'invalid')
})

test('a flood of hellos costs one signature in a while', async t => {
  let signed = 0
  const says: Says = (info, own) => {
    signed++
    return signNodeInfo(info, own)
  }
  const node = await startPeer(t, { slots: 1, says })
  const gateway = await startPeer(t)
  const began = performance.now()
  await gateway.p2p.hello(node.identity.peerId, within(), [node.address])
  for (let hellos = 0; hellos < 30; hellos++) await gateway.p2p.hello(node.identity.peerId, within())
  assert.ok(signed <= 2 + (performance.now() - began) / 250)
})

test('a node that has stopped says so to its own callers', async t => {
  const node = await startPeer(t)
  await node.p2p.stop()
  await rejection(node.p2p.hello(node.identity.peerId, within()), 'unavailable')
  assert.deepEqual(node.p2p.addresses(), [])
  assert.equal(node.p2p.ready(), false)
})
