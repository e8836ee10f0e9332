/** Executors are found through the DHT alone, in any order of starting. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findAll, startPeer } from './testing/node.ts'

test('an executor and a gateway that know only a third node find each other', async t => {
  const third = await startPeer(t)
  const bootstrap = [third.address]
  const [executor, gateway] = await Promise.all([startPeer(t, { slots: 2, bootstrap }), startPeer(t, { bootstrap })])
  await findAll(gateway, [executor])
  const peers = await Array.fromAsync(gateway.p2p.discover(AbortSignal.timeout(10_000)))
  assert.equal(peers.length, 1, 'nodes without slots are no executors')
  assert.equal(peers[0]?.slots, 2)
  assert.deepEqual(peers[0]?.addresses, [executor.address.replace(/\/p2p\/.*/, '')])
})

test('an executor that starts after the gateway is found as well', async t => {
  const third = await startPeer(t)
  const bootstrap = [third.address]
  const gateway = await startPeer(t, { bootstrap })
  const looking = findAll(gateway, [])
  await looking
  const executor = await startPeer(t, { slots: 1, bootstrap })
  await findAll(gateway, [executor])
})

test('ten nodes that start together all find every executor', async t => {
  const third = await startPeer(t)
  const bootstrap = [third.address]
  const nodes = await Promise.all(
    Array.from({ length: 10 }, (_, number) => startPeer(t, { slots: number < 4 ? 1 : 0, bootstrap })),
  )
  const executors = nodes.slice(0, 4)
  await Promise.all(
    nodes.map(node =>
      findAll(
        node,
        executors.filter(executor => executor !== node),
      ),
    ),
  )
})

test('a look-up that nobody waits for any more ends, and so does one in a network of nobody', async t => {
  const third = await startPeer(t)
  const bootstrap = [third.address]
  const executors = await Promise.all([startPeer(t, { slots: 1, bootstrap }), startPeer(t, { slots: 1, bootstrap })])
  const gateway = await startPeer(t, { bootstrap })
  await findAll(gateway, executors)
  for await (const _peer of gateway.p2p.discover(AbortSignal.timeout(10_000))) break
  const signal = AbortSignal.abort()
  assert.deepEqual(await Array.fromAsync(gateway.p2p.discover(signal)), [])
  const lonely = await startPeer(t, { bootstrap: ['/ip4/127.0.0.1/tcp/1'] })
  assert.deepEqual(await Array.fromAsync(lonely.p2p.discover(AbortSignal.timeout(100))), [])
})
