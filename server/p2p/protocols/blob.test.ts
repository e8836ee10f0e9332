/** Bytes by digest, between real nodes: whole, resumed, and only for those who were offered a job with them. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { digestOf } from '../../../phase/digest.ts'
import { blobAnswerFrames, protocols } from '../../../phase/wire.ts'
import { rejection } from '../../store/testing/errors.ts'
import { freePort } from '../../testing/port.ts'
import { FrameStream } from '../framing.ts'
import { startLibp2p } from '../testing/libp2p.ts'
import { Link } from '../testing/link.ts'
import { exited, offerFrom, reach, startNode, type TestNode } from '../testing/node.ts'
import { OpenOffers } from './blob.ts'

const mib = 2 ** 20
const never = new AbortController().signal
const keep = async (node: TestNode, bytes: Uint8Array) =>
  (await node.store.blobs.put(bytes, { bytesMax: 64 * mib })).digest

async function submitterAndExecutor(t: Parameters<typeof startNode>[0]) {
  const executor = await startNode(t, { slots: 4 })
  const submitter = await startNode(t, { bootstrap: [executor.address] })
  await reach(submitter, executor, executor.address)
  return { executor, submitter }
}

test('module and stdin come over in pieces, whole; the second job with them moves neither', async t => {
  const link = await Link.start(t, () => port)
  const port = await freePort()
  const executor = await startNode(t, { slots: 1, listen: [`/ip4/127.0.0.1/tcp/${port}`] })
  const through = `/ip4/127.0.0.1/tcp/${link.port}/p2p/${executor.identity.peerId}`
  const submitter = await startNode(t)
  await reach(submitter, executor, through)
  const [module, stdin] = [randomBytes(9 * mib), randomBytes(3 * mib)]
  const digest = await keep(submitter, module)
  await keep(submitter, stdin)
  const { forth } = link
  const first = offerFrom(submitter, executor, { module: digest, stdin, inline: false })
  await submitter.p2p.offer(executor.identity.peerId, first, never)
  assert.deepEqual(first.sink.events, ['accepted', 'started', 'ended exited'])
  assert.equal(Buffer.compare(await executor.store.blobs.bytes(digest), module), 0)
  const moved = link.forth - forth
  assert.ok(moved > 12 * mib && moved < 14 * mib, `${moved} bytes`)

  const again = offerFrom(submitter, executor, { module: digest, stdin, inline: false })
  await submitter.p2p.offer(executor.identity.peerId, again, never)
  assert.ok(link.forth - forth - moved < 64 * 1024, 'neither module nor stdin was sent again')
})

test('small stdin travels in the offer, and nothing is asked for', async t => {
  const stdin = randomBytes(200 * 1024)
  let seen: Uint8Array | undefined
  const executor = await startNode(t, {
    slots: 1,
    run: async request => {
      seen = request.stdin
      return exited(request.stdin)
    },
  })
  const submitter = await startNode(t, { bootstrap: [executor.address] })
  await reach(submitter, executor, executor.address)
  const module = await keep(submitter, randomBytes(100))
  const offer = offerFrom(submitter, executor, { module, stdin })
  await submitter.p2p.offer(executor.identity.peerId, offer, never)
  assert.equal(Buffer.compare(seen as Uint8Array, stdin), 0)
  assert.equal(Buffer.compare(offer.sink.outputs.stdout.bytes, stdin), 0)
})

test('a fetch that breaks in the middle goes on where it was', async t => {
  const link = await Link.start(t, () => port)
  const port = await freePort()
  const executor = await startNode(t, { slots: 1, listen: [`/ip4/127.0.0.1/tcp/${port}`] })
  const through = `/ip4/127.0.0.1/tcp/${link.port}/p2p/${executor.identity.peerId}`
  const submitter = await startNode(t)
  await reach(submitter, executor, through)
  const module = randomBytes(24 * mib)
  const digest = await keep(submitter, module)
  const offsets: number[] = []
  const { blobs } = submitter.store
  const read = blobs.read.bind(blobs)
  blobs.read = (name, options) => {
    offsets.push(options?.offset ?? 0)
    return read(name, options)
  }
  link.onForth = bytes => {
    if (bytes > 10 * mib && offsets.length === 1) link.cut()
  }
  const offer = offerFrom(submitter, executor, { module: digest })
  await submitter.p2p.offer(executor.identity.peerId, offer, never)
  assert.deepEqual(offer.sink.events, ['accepted', 'started', 'ended exited'])
  assert.equal(Buffer.compare(await executor.store.blobs.bytes(digest), module), 0)
  assert.equal(offsets.length, 2)
  assert.ok((offsets[1] as number) > mib, `taken up again at ${offsets[1]}`)
})

test('a digest is a name, not permission: nobody but the executor of an open offer is served', async t => {
  const { executor, submitter } = await submitterAndExecutor(t)
  const secret = await keep(submitter, randomBytes(1000))
  const thief = await startLibp2p(t)
  const connection = await thief.libp2p.dial(multiaddr(submitter.address))
  const steal = async () => {
    const frames = new FrameStream(await connection.newStream(protocols.blob))
    await frames.write({ header: { type: 'get', digest: secret, offset: 0 } })
    const { header } = await frames.read(blobAnswerFrames, { timeoutMs: 20_000, bodyBytesMax: mib })
    frames.finish()
    return header
  }
  const before = await steal()
  assert.ok(before.type === 'refused' && before.code === 'forbidden')

  // An offer is open to another peer, with that very digest: the thief gets nothing from it.
  const begun = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  const slow = await startNode(t, {
    slots: 1,
    run: async () => {
      begun.resolve()
      await goOn.promise
      return exited()
    },
  })
  await reach(submitter, slow, slow.address)
  const running = submitter.p2p.offer(slow.identity.peerId, offerFrom(submitter, slow, { module: secret }), never)
  await begun.promise
  const meanwhile = await steal()
  assert.ok(meanwhile.type === 'refused' && meanwhile.code === 'forbidden')
  goOn.resolve()
  await running

  // The executor has the bytes now, from that submitter. Another one who names them has to send them himself.
  await submitter.p2p.offer(executor.identity.peerId, offerFrom(submitter, executor, { module: secret }), never)
  const other = await startNode(t, { bootstrap: [executor.address] })
  await reach(other, executor, executor.address)
  const borrowed = other.p2p.offer(executor.identity.peerId, offerFrom(other, executor, { module: secret }), never)
  const refused = await rejection(borrowed, 'refused')
  assert.match((refused.cause as Error).message, /Cannot find/)
})

test('other bytes than were named, too many and none are refused', async t => {
  const { executor, submitter } = await submitterAndExecutor(t)
  const { blobs } = submitter.store
  const named = digestOf(new TextEncoder().encode('what was named'))
  const cases: [() => AsyncGenerator<Uint8Array>, string][] = [
    [() => pieces(randomBytes(14)), 'digestMismatch'],
    [() => pieces(randomBytes(64 * mib), randomBytes(1)), 'tooLarge'],
    [() => pieces(), 'digestMismatch'],
  ]
  for (const [read, code] of cases) {
    blobs.read = read
    const offered = submitter.p2p.offer(
      executor.identity.peerId,
      offerFrom(submitter, executor, { module: named }),
      never,
    )
    const { cause } = await rejection(offered, 'refused')
    assert.equal((cause as { code?: string }).code, code)
  }
  assert.equal(await executor.store.blobs.get(named), undefined)
})

async function* pieces(...all: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* all
}

test('what an offer names is served until every offer with it has ended', () => {
  const offers = new OpenOffers()
  const [close, closeOther] = [offers.open('c1', ['a', 'a', 'b']), offers.open('c1', ['b'])]
  assert.ok(offers.permits('c1', 'a') && offers.permits('c1', 'b'))
  assert.ok(!offers.permits('c2', 'a') && !offers.permits('c1', 'c'))
  close()
  close()
  assert.ok(!offers.permits('c1', 'a') && offers.permits('c1', 'b'))
  closeOther()
  assert.ok(!offers.permits('c1', 'b'))
})
