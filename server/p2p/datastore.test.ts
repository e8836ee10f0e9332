/** Quotas of what strangers make this node remember, as libp2p uses it: through keys. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PeerId } from '@libp2p/interface'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import * as fc from 'fast-check'
import { Key, type Pair } from 'interface-datastore'
import { PhaseError } from '../../phase/errors.ts'
import { GuardedDatastore, recordsAnsweredMax } from './datastore.ts'

const value = Uint8Array.of(1)
const peerMade = async (): Promise<PeerId> => peerIdFromPublicKey((await generateKeyPair('Ed25519')).publicKey)
const peerKey = (peer: PeerId) => new Key(`/peers/${peer.toCID().toString()}`)
const recordKey = (content: string, peer: PeerId) => new Key(`/dht/provider/${content}/${peer.toString()}`)
const keysOf = (datastore: GuardedDatastore, prefix: string) =>
  [...(datastore.query({ prefix }) as Iterable<Pair>)].map(({ key }) => key.toString())
const isQuota = (error: unknown) => error instanceof PhaseError && error.code === 'quotaExceeded'

test('one provider has 32 records; saying one again is no new one, and what expires makes room', async () => {
  const datastore = new GuardedDatastore(() => false)
  const peer = await peerMade()
  for (let number = 0; number < 32; number++) datastore.put(recordKey(`c${number}`, peer), value)
  assert.throws(() => datastore.put(recordKey('c32', peer), value), isQuota)
  datastore.put(recordKey('c31', peer), Uint8Array.of(2))
  assert.deepEqual(datastore.get(recordKey('c31', peer)), Uint8Array.of(2))
  datastore.delete(recordKey('c0', peer))
  assert.equal(datastore.has(recordKey('c0', peer)), false)
  datastore.put(recordKey('c32', peer), value)
  assert.equal(keysOf(datastore, '/dht/provider').length, 32)
})

test('all providers together have 8192', async () => {
  const datastore = new GuardedDatastore(() => false)
  const peers = await Promise.all(Array.from({ length: 257 }, peerMade))
  const last = peers.pop() as PeerId
  for (const peer of peers)
    for (let number = 0; number < 32; number++) datastore.put(recordKey(`c${number}`, peer), value)
  assert.throws(() => datastore.put(recordKey('c', last), value), isQuota)
})

test('a record is named while its provider can be reached, at most 256 of one key, by lot', async () => {
  const datastore = new GuardedDatastore(() => false)
  const peers = await Promise.all(Array.from({ length: 300 }, peerMade))
  for (const peer of peers) datastore.put(recordKey('cap', peer), value)
  assert.deepEqual(keysOf(datastore, '/dht/provider/cap'), [])
  for (const peer of peers) datastore.put(peerKey(peer), value)
  datastore.put(recordKey('capital', peers[0] as PeerId), value)
  const [once, again] = [keysOf(datastore, '/dht/provider/cap'), keysOf(datastore, '/dht/provider/cap')]
  assert.equal(new Set(once).size, recordsAnsweredMax)
  assert.ok(once.every(key => key.startsWith('/dht/provider/cap/')))
  assert.notDeepEqual(once.toSorted(), again.toSorted())
  assert.equal(keysOf(datastore, '/dht/provider').length, 301, 'the sweep sees all')
})

test('8192 peers are remembered, those who spoke last and those who are kept', async () => {
  const kept = await peerMade()
  const datastore = new GuardedDatastore(peerId => peerId === kept.toString())
  const [first, second] = [await peerMade(), await peerMade()]
  datastore.put(peerKey(kept), value)
  datastore.put(peerKey(first), value)
  datastore.put(peerKey(second), value)
  const crowd = await Promise.all(Array.from({ length: 8_190 }, peerMade))
  for (const peer of crowd.slice(0, 8_189)) datastore.put(peerKey(peer), value)
  datastore.put(peerKey(first), value)
  datastore.put(peerKey(crowd.at(-1) as PeerId), value)
  assert.equal(keysOf(datastore, '/peers/').length, 8_192)
  assert.ok(datastore.has(peerKey(kept)))
  assert.ok(datastore.has(peerKey(first)))
  assert.equal(datastore.has(peerKey(second)), false)
})

test('a peer that says too much of itself, and values, are not kept', async () => {
  const datastore = new GuardedDatastore(() => false)
  const peer = await peerMade()
  datastore.put(peerKey(peer), randomBytes(8 * 1024 + 1))
  assert.equal(datastore.has(peerKey(peer)), false)
  datastore.put(new Key('/dht/record/abc'), value)
  assert.equal(datastore.has(new Key('/dht/record/abc')), false)
})

test('whatever is put and deleted, the counts are those of what is there', async () => {
  const peers = await Promise.all(Array.from({ length: 3 }, peerMade))
  const step = fc.tuple(fc.boolean(), fc.nat({ max: 2 }), fc.nat({ max: 40 }))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), steps => {
      const datastore = new GuardedDatastore(() => false)
      const there = peers.map(() => new Set<number>())
      for (const [isPut, who, what] of steps) {
        const [peer, own] = [peers[who] as PeerId, there[who] as Set<number>]
        const key = recordKey(`c${what}`, peer)
        if (!isPut) {
          datastore.delete(key)
          own.delete(what)
        } else if (own.size < 32 || own.has(what)) {
          datastore.put(key, value)
          own.add(what)
        } else assert.throws(() => datastore.put(key, value), isQuota)
      }
      assert.equal(
        keysOf(datastore, '/dht/provider').length,
        there.reduce((sum, { size }) => sum + size, 0),
      )
    }),
  )
})
