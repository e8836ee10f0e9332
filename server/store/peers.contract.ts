/** Peers and holdings, and their bounds. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MakeStore } from './store.contract.ts'
import { digestLike, newPeer } from './testing/samples.ts'

export function peerContract(makeStore: MakeStore): void {
  test('peers are listed last seen first, each once', async t => {
    const { store, reopen } = await makeStore(t)
    for (const number of [2, 1, 3]) await store.peers.put(newPeer(number))
    await store.peers.put({ ...newPeer(1), lastSeenAt: newPeer(9).lastSeenAt })
    await store.peers.delete(newPeer(3).peerId)
    const again = await reopen()
    assert.deepEqual(
      (await again.peers.list(10)).map(({ latencyUs }) => latencyUs),
      [1, 2],
    )
    assert.equal((await again.peers.list(1)).length, 1)
  })

  test('of 1200 peers the 1024 that were seen last are kept', async t => {
    const { store } = await makeStore(t)
    await Promise.all(Array.from({ length: 1200 }, (_, number) => store.peers.put(newPeer(number))))
    const peers = await store.peers.list(2000)
    assert.deepEqual([peers.length, peers[0], peers.at(-1)], [1024, newPeer(1199), newPeer(176)])
  })

  test('who has sent what is remembered', async t => {
    const { store, reopen } = await makeStore(t)
    await store.peers.hold('a', digestLike(1))
    await store.peers.hold('a', digestLike(1))
    const { peers } = await reopen()
    const held = [peers.holds('a', digestLike(1)), peers.holds('b', digestLike(1)), peers.holds('a', digestLike(2))]
    assert.deepEqual(await Promise.all(held), [true, false, false])
  })

  test('one submitter has at most 1024 holdings, and takes none of another', async t => {
    const { store } = await makeStore(t)
    await store.peers.hold('b', digestLike(0))
    const holds = Array.from({ length: 1100 }, (_, number) => store.peers.hold('a', digestLike(number)))
    await Promise.all(holds)
    const held = await Promise.all(holds.map((_, number) => store.peers.holds('a', digestLike(number))))
    assert.equal(held.indexOf(true), 1100 - 1024)
    assert.equal(held.lastIndexOf(false), 1100 - 1024 - 1)
    assert.equal(await store.peers.holds('b', digestLike(0)), true)
  })
}
