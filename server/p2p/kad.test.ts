/** Kademlia between real nodes, one of which is no friend. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { test } from 'node:test'
import { generateKeyPair, publicKeyToProtobuf } from '@libp2p/crypto/keys'
import type { Stream, StreamMessageEvent } from '@libp2p/interface'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { Uint8ArrayList } from 'uint8arraylist'
import { concat } from '../../phase/bytes.ts'
import { protocols } from '../../phase/wire.ts'
import type { GuardedDatastore } from './datastore.ts'
import { capabilityCid } from './discovery.ts'
import { addProvider, found, getProviders, type KadPeer, putValue } from './testing/kad.ts'
import { startLibp2p, type TestLibp2p } from './testing/libp2p.ts'

const keyOf = (number: number) => concat(Uint8Array.of(0x12, 0x20), createHash('sha256').update(`${number}`).digest())
const records = (datastore: GuardedDatastore) =>
  [...(datastore.query({ prefix: '/dht/provider' }) as Iterable<unknown>)].length
const self = ({ libp2p }: TestLibp2p): KadPeer => ({
  id: libp2p.peerId.toMultihash().bytes,
  addresses: libp2p.getMultiaddrs().map(address => address.bytes),
})
const peerMade = async (): Promise<KadPeer> => ({
  id: peerIdFromPublicKey((await generateKeyPair('Ed25519')).publicKey).toMultihash().bytes,
  addresses: [multiaddr('/ip4/127.0.0.1/tcp/1').bytes],
})

/** @returns the size of the answer. */
async function ask(stream: Stream, question: Uint8Array): Promise<number> {
  const answered = once(stream, 'message') as Promise<[StreamMessageEvent]>
  stream.send(question)
  const [{ data }] = await answered
  return data.byteLength
}

test('a flood of 30,000 provider records stays within its quota, and others are still heard', async t => {
  const [victim, attacker, friend] = [await startLibp2p(t), await startLibp2p(t), await startLibp2p(t)]
  const connection = await attacker.libp2p.dial(victim.libp2p.getMultiaddrs())
  const own = self(attacker)
  let sent = 0
  for (let streams = 0; sent < 30_000 && streams < 40; streams++) {
    const stream = await connection.newStream(protocols.kad)
    const closed = once(stream, 'close')
    while (sent < 30_000 && stream.status === 'open') {
      const from = sent
      const batch = Array.from({ length: 100 }, (_, number) => addProvider(keyOf(from + number), own))
      sent += batch.length
      if (!stream.send(concat(...batch))) await Promise.race([once(stream, 'drain').catch(() => {}), closed])
    }
    await closed
  }
  assert.equal(records(victim.datastore), 32)

  const honest = await friend.libp2p.dial(victim.libp2p.getMultiaddrs())
  const stream = await honest.newStream(protocols.kad)
  await ask(stream, concat(addProvider(keyOf(-1), self(friend)), getProviders(keyOf(-1))))
  assert.equal(records(victim.datastore), 33)
})

test('messages of a stranger leave room for everything else', async t => {
  const [victim, attacker] = [await startLibp2p(t), await startLibp2p(t)]
  const connection = await attacker.libp2p.dial(victim.libp2p.getMultiaddrs())
  const stream = await connection.newStream(protocols.kad)
  let turns = 0
  let isAnswered = false
  const count = () => {
    turns++
    if (!isAnswered) setImmediate(count)
  }
  const questions = 200
  const all = new Promise<void>(resolve => {
    const answers = new Uint8ArrayList()
    let count = 0
    stream.addEventListener('message', ({ data }) => {
      answers.append(data)
      // Each begins with its length, one byte or two.
      while (answers.byteLength >= 2) {
        const [low, high] = [answers.get(0), answers.get(1)]
        const size = low < 128 ? 1 + low : 2 + (low - 128) + high * 128
        if (answers.byteLength < size) return
        answers.consume(size)
        if (++count === questions) resolve()
      }
    })
  })
  stream.send(concat(...Array.from({ length: questions }, () => getProviders(keyOf(1)))))
  count()
  await all
  isAnswered = true
  assert.ok(turns > questions / 2, `${turns} turns of the event loop for ${questions} messages`)
})

test('a message that names many providers is not read to its end', async t => {
  const [victim, attacker] = [await startLibp2p(t), await startLibp2p(t)]
  const connection = await attacker.libp2p.dial(victim.libp2p.getMultiaddrs())
  const stream = await connection.newStream(protocols.kad)
  const closed = once(stream, 'close')
  stream.send(addProvider(keyOf(1), ...Array.from({ length: 9 }, () => self(attacker))))
  await closed
  assert.equal(records(victim.datastore), 0)
})

test('an answer of thousands of peers ends the question, not the node', async t => {
  const [victim, attacker] = [await startLibp2p(t), await startLibp2p(t)]
  const crowd = await Promise.all(Array.from({ length: 500 }, peerMade))
  const key = capabilityCid('phase-wasm32-v1', 0).multihash.bytes
  const large = found(3, key, [], Array.from({ length: 6 }, () => crowd).flat())
  await attacker.libp2p.unhandle(protocols.kad)
  await attacker.libp2p.handle(protocols.kad, async stream => {
    await once(stream, 'message')
    stream.send(large)
  })
  await victim.libp2p.dial(attacker.libp2p.getMultiaddrs())
  const told: unknown[] = []
  const signal = AbortSignal.timeout(20_000)
  for await (const event of victim.libp2p.services.dht.findProviders(capabilityCid('phase-wasm32-v1', 0), { signal })) {
    if (event.name === 'PROVIDER') told.push(...event.providers)
  }
  assert.equal(told.length, 0)
  const remembered = [...(victim.datastore.query({ prefix: '/peers/' }) as Iterable<unknown>)].length
  assert.ok(remembered < 10, `${remembered} peers of that answer are remembered`)
})

test('values are not kept, whoever signs them', async t => {
  const [victim, attacker] = [await startLibp2p(t), await startLibp2p(t)]
  const connection = await attacker.libp2p.dial(victim.libp2p.getMultiaddrs())
  const stream = await connection.newStream(protocols.kad)
  const key = concat(new TextEncoder().encode('/pk/'), self(attacker).id)
  await ask(stream, putValue(key, publicKeyToProtobuf(attacker.privateKey.publicKey)))
  assert.equal([...(victim.datastore.query({ prefix: '/dht/record' }) as Iterable<unknown>)].length, 0)
})
