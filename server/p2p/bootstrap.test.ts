/** A node comes into its network, whatever was down when, and comes back. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { freePort } from '../testing/port.ts'
import { keeperDelayMs } from './bootstrap.ts'
import { findAll, meets, newIdentity, startPeer } from './testing/node.ts'

test('looks come fast while nobody is there, slower the longer it lasts, and never stop', () => {
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  fc.assert(
    fc.property(fc.nat(), random, (failures, chance) => {
      const ms = keeperDelayMs(failures, chance)
      assert.ok(ms >= 375 && ms <= 12_500, `${ms} ms after ${failures} failures`)
      assert.ok(failures === 0 || failures > 5 || keeperDelayMs(failures + 1, chance) > ms)
    }),
  )
  assert.ok(keeperDelayMs(1, 1) < 700)
})

test('a bootstrap peer that is down at the start is joined when it comes up, and again after it was gone', async t => {
  const port = await freePort()
  const identity = await newIdentity()
  const address = `/ip4/127.0.0.1/tcp/${port}/p2p/${identity.peerId}`
  const bootstrap = { identity, listen: [`/ip4/127.0.0.1/tcp/${port}`] }

  const failed = Promise.withResolvers<void>()
  const log = { debug: () => failed.resolve(), warn: () => failed.resolve() }
  const [executor, gateway] = await Promise.all([
    startPeer(t, { slots: 1, bootstrap: [address], log }),
    startPeer(t, { bootstrap: [address] }),
  ])
  assert.equal(executor.p2p.ready(), false)
  await failed.promise
  const joined = [meets(executor), meets(gateway)]
  const first = await startPeer(t, bootstrap)
  await Promise.all(joined)
  assert.ok(executor.p2p.ready())
  await findAll(gateway, [executor])

  const joinedAgain = [executor, gateway].map(node => meets(node, peerId => peerId === identity.peerId))
  await first.stop()
  const again = await startPeer(t, bootstrap)
  await Promise.all(joinedAgain)
  // It has forgotten everything: the executor tells it again, and a newcomer learns of it there.
  const newcomer = await startPeer(t, { bootstrap: [again.address] })
  await findAll(newcomer, [executor])
})

test('a bootstrap address of another peer is not joined', async t => {
  const [one, other] = [await startPeer(t), await newIdentity()]
  const failed = Promise.withResolvers<unknown>()
  const wrong = one.address.replace(one.identity.peerId, other.peerId)
  const node = await startPeer(t, { bootstrap: [wrong], log: { debug: failed.resolve, warn: failed.resolve } })
  await failed.promise
  assert.equal(node.p2p.connections(), 0)
  assert.equal(node.p2p.ready(), false)
})
