/** The configuration: what each network announces, keeps and dials. Public reachability itself cannot be tested here. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPublicKey } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { protocols } from '../../phase/wire.ts'
import { freePort } from '../testing/port.ts'
import { libp2pOptions, stopLibp2p } from './libp2p.ts'
import { startLibp2p, type TestLibp2p } from './testing/libp2p.ts'

const publicAddress = '/ip4/1.1.1.1/tcp/4001'

const stored = async ({ libp2p }: TestLibp2p, other: TestLibp2p): Promise<string[]> => {
  const { addresses } = await libp2p.peerStore.get(other.libp2p.peerId)
  return addresses.map(({ multiaddr: address }) => address.toString())
}

/** The second dials the first where it really is, and both have identified each other. */
async function connected(one: TestLibp2p, port: string, other: TestLibp2p): Promise<void> {
  const met = Promise.all([once(one.libp2p, 'peer:identify'), once(other.libp2p, 'peer:identify')])
  await other.libp2p.dial(multiaddr(port))
  await met
}

test('a public node announces its public addresses only, and becomes a server of the DHT by them', async t => {
  const dials: string[] = []
  const here = `/ip4/127.0.0.1/tcp/${await freePort()}`
  const announced = ['/ip4/10.0.0.1/tcp/4001', publicAddress, '/ip4/127.0.0.1/tcp/4001', '/dns4/node.example/tcp/4001']
  const one = await startLibp2p(t, { network: 'public', listen: [here], announce: announced, dials })
  const other = await startLibp2p(t, { network: 'public', bootstrap: [here], dials })
  assert.deepEqual(one.libp2p.getMultiaddrs().map(String), [`${publicAddress}/p2p/${one.libp2p.peerId.toString()}`])
  assert.deepEqual(other.libp2p.getMultiaddrs(), [])
  await connected(one, here, other)
  const signal = AbortSignal.timeout(20_000)
  while (one.libp2p.services.dht.getMode() !== 'server') await once(one.libp2p, 'self:peer:update', { signal })
  assert.equal(other.libp2p.services.dht.getMode(), 'client')
  // The second knows where it dialled because it was told so by its operator; what the first says of itself is public.
  const known = await stored(other, one)
  assert.ok(known.includes(publicAddress))
  assert.ok(known.every(address => address === publicAddress || address === here))
  assert.deepEqual(await stored(one, other), [])
  assert.deepEqual(dials, [here])
})

test('a public node told of private, loopback and named addresses keeps none of them and dials none', async t => {
  const dials: string[] = []
  const { libp2p } = await startLibp2p(t, { network: 'public', dials })
  const stranger = peerIdFromPublicKey((await generateKeyPair('Ed25519')).publicKey)
  const said = ['/ip4/127.0.0.1/tcp/1', '/ip4/192.168.1.1/tcp/1', '/ip6/fd00::1/tcp/1', '/dns4/node.example/tcp/1']
  await libp2p.peerStore.merge(stranger, { multiaddrs: [...said, publicAddress].map(text => multiaddr(text)) })
  const { addresses } = await libp2p.peerStore.get(stranger)
  assert.deepEqual(
    addresses.map(({ multiaddr: address }) => address.toString()),
    [publicAddress],
  )
  await assert.rejects(libp2p.dial(stranger))
  assert.deepEqual(dials, [`${publicAddress}/p2p/${stranger.toString()}`])
  for (const text of said) await assert.rejects(libp2p.dial(multiaddr(`${text}/p2p/${stranger.toString()}`)))
  assert.deepEqual(dials, [`${publicAddress}/p2p/${stranger.toString()}`])
})

test('a local node announces and keeps loopback addresses alone', async t => {
  const [one, other] = [await startLibp2p(t), await startLibp2p(t)]
  const [here] = one.libp2p.getMultiaddrs().map(String)
  assert.match(here as string, /^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\//)
  await connected(one, here as string, other)
  assert.deepEqual(await stored(other, one), [(here as string).replace(/\/p2p\/.*/, '')])
  assert.equal(one.libp2p.services.dht.getMode(), 'server')
})

test('the DHT is never the public one, and a LAN alone is searched by mDNS', async () => {
  const privateKey = await generateKeyPair('Ed25519')
  const settings = { listen: [], announce: [], bootstrap: [] }
  for (const network of ['local', 'lan', 'public'] as const) {
    const options = libp2pOptions(
      { ...settings, network },
      { privateKey, version: '1', connections: () => [], received: () => {} },
    )
    assert.equal(options.peerDiscovery?.length, network === 'lan' ? 1 : 0)
    assert.ok(!('connectionProtector' in options))
    assert.equal(options.start, false)
  }
  assert.ok(protocols.kad.startsWith('/phase/'))
})

test('nodes with different network keys, or without one, do not understand each other', async t => {
  const keyText = (digit: string) => new TextEncoder().encode(`/key/swarm/psk/1.0.0/\n/base16/\n${digit.repeat(64)}`)
  const [one, friend, stranger, open] = await Promise.all([
    startLibp2p(t, { networkKey: keyText('a') }),
    startLibp2p(t, { networkKey: keyText('a') }),
    startLibp2p(t, { networkKey: keyText('b') }),
    startLibp2p(t),
  ])
  await friend.libp2p.services.ping.ping(one.libp2p.getMultiaddrs())
  const signal = AbortSignal.timeout(10_000)
  await assert.rejects(stranger.libp2p.dial(one.libp2p.getMultiaddrs(), { signal }))
  await assert.rejects(open.libp2p.dial(one.libp2p.getMultiaddrs(), { signal }))
})

test('a stopped node leaves no timer behind that would keep its process for long', async t => {
  const { setTimeout: start } = globalThis
  const made: { timer: NodeJS.Timeout; ms: number }[] = []
  t.mock.method(globalThis, 'setTimeout', (...args: Parameters<typeof start>) => {
    const timer = start(...args)
    made.push({ timer, ms: args[1] ?? 0 })
    return timer
  })
  const { libp2p } = await startLibp2p(t)
  await stopLibp2p(libp2p)
  // What was cleared, or has fired, is destroyed.
  const isPending = (timer: NodeJS.Timeout) =>
    timer.hasRef() && !(timer as unknown as { _destroyed: boolean })._destroyed
  assert.ok(made.some(({ ms }) => ms >= 100))
  assert.deepEqual(
    made.filter(({ timer, ms }) => ms >= 100 && isPending(timer)).map(({ ms }) => ms),
    [],
  )
})
