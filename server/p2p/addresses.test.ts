/** Which addresses a node listens on, tells, keeps and dials, network by network. */
import assert from 'node:assert/strict'
import { isIPv4 } from 'node:net'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { PhaseError } from '../../phase/errors.ts'
import {
  checkConfigured,
  hostOf,
  isUsable,
  isWelcome,
  type Network,
  readAddress,
  type Scope,
  scopeOf,
  withoutPeerId,
} from './addresses.ts'

const scopes: Record<string, Scope> = {
  '127.0.0.1': 'loopback',
  '127.255.255.255': 'loopback',
  '::1': 'loopback',
  '::ffff:127.0.0.1': 'loopback',
  '10.0.0.1': 'private',
  '172.16.0.1': 'private',
  '172.31.255.255': 'private',
  '192.168.1.1': 'private',
  '169.254.169.254': 'private',
  '100.64.0.1': 'private',
  'fd12:3456::1': 'private',
  'fe80::1': 'private',
  '::ffff:10.1.2.3': 'private',
  '1.1.1.1': 'public',
  '172.15.255.255': 'public',
  '172.32.0.1': 'public',
  '100.128.0.1': 'public',
  '2606:4700::1111': 'public',
  '::ffff:1.1.1.1': 'public',
  '0.0.0.0': 'wildcard',
  '::': 'wildcard',
  '0.1.2.3': 'unusable',
  '192.0.0.1': 'unusable',
  '192.0.2.1': 'unusable',
  '198.18.0.1': 'unusable',
  '198.51.100.1': 'unusable',
  '203.0.113.1': 'unusable',
  '224.0.0.1': 'unusable',
  '239.255.255.250': 'unusable',
  '240.0.0.1': 'unusable',
  '255.255.255.255': 'unusable',
  '::ffff:0.0.0.0': 'unusable',
  '::ffff:224.0.0.1': 'unusable',
  'ff02::1': 'unusable',
  '2001:db8::1': 'unusable',
  '2001::1': 'unusable',
  '2002:7f00:1::': 'unusable',
  '64:ff9b::7f00:1': 'unusable',
  '::7f00:1': 'unusable',
  'fe80::1%eth0': 'unusable',
  '127.1': 'unusable',
  '0177.0.0.1': 'unusable',
  '2130706433': 'unusable',
  localhost: 'unusable',
  '': 'unusable',
}

test('every kind of address has its scope, an IPv4 address inside an IPv6 one that of itself', () => {
  for (const [ip, scope] of Object.entries(scopes)) assert.equal(scopeOf(ip), scope, ip)
})

test('only TCP over an address or a name is read, with or without who listens there', () => {
  const id = '12D3KooWGzBxjLyTTXVQ8mCsiVd9n8Lxc4rRyxLcY1sYVXzoZCfp'
  assert.deepEqual(readAddress('/ip4/127.0.0.1/tcp/4001'), { host: '127.0.0.1', port: 4001, scope: 'loopback' })
  assert.deepEqual(readAddress(`/ip6/::1/tcp/4001/p2p/${id}`), {
    host: '::1',
    port: 4001,
    scope: 'loopback',
    peerId: id,
  })
  assert.deepEqual(readAddress('/dns4/node.example/tcp/4001'), { host: 'node.example', port: 4001, scope: 'name' })
  for (const text of [
    '',
    '127.0.0.1:4001',
    '/ip4/127.0.0.1',
    '/ip4/127.0.0.1/udp/4001/quic-v1',
    '/ip4/127.0.0.1/tcp/4001/ws',
    '/ip4/127.0.0.1/tcp/65536',
    '/ip4/127.0.0.1/tcp/-1',
    '/unix/tmp%2Fsocket',
    '/memory/1',
    `/ip4/127.0.0.1/tcp/4001/p2p/${id}/p2p-circuit`,
    `/p2p/${id}`,
    '/ip6zone/eth0/ip6/fe80::1/tcp/4001',
    '/ip4/127.0.0.1/tcp/4001 ',
    '/ip4/127.0.0.1/tcp/4001\n',
  ]) {
    assert.equal(readAddress(text), undefined, text)
  }
  // The kind has to fit what it names.
  assert.equal(readAddress('/ip4/::1/tcp/1')?.scope, 'unusable')
  assert.equal(readAddress('/ip6/127.0.0.1/tcp/1')?.scope, 'unusable')
})

const usable: [string, Network[]][] = [
  ['/ip4/127.0.0.1/tcp/1', ['local', 'lan']],
  ['/ip6/::1/tcp/1', ['local', 'lan']],
  ['/ip4/192.168.1.1/tcp/1', ['lan']],
  ['/ip6/fd00::1/tcp/1', ['lan']],
  ['/ip6/::ffff:192.168.1.1/tcp/1', ['lan']],
  ['/ip4/1.1.1.1/tcp/1', ['public']],
  ['/ip6/2606:4700::1111/tcp/1', ['public']],
  ['/ip4/127.0.0.1/tcp/0', []],
  ['/ip4/0.0.0.0/tcp/1', []],
  ['/ip4/224.0.0.251/tcp/1', []],
  ['/dns4/localhost/tcp/1', []],
  ['/dns4/one.example/tcp/1', []],
  ['/ip4/192.0.2.1/tcp/1', []],
]
const networks: Network[] = ['local', 'lan', 'public']

test('what others say is kept and dialled only where its scope belongs to the network; names never', () => {
  for (const [text, where] of usable) {
    for (const network of networks) assert.equal(isUsable(network, text), where.includes(network), `${network} ${text}`)
  }
})

test('a connection is taken from the network’s own hosts; a public node may stand behind a translator', () => {
  const welcome: [string, Network[]][] = [
    ['127.0.0.1', ['local', 'lan', 'public']],
    ['192.168.1.1', ['lan', 'public']],
    ['1.1.1.1', ['public']],
  ]
  for (const [ip, where] of welcome) {
    for (const network of networks) assert.equal(isWelcome(network, ip), where.includes(network), `${network} ${ip}`)
  }
})

test('whatever a stranger writes, a local node dials loopback and a public one neither loopback nor private', () => {
  const part = fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom(...Object.keys(scopes)), fc.string({ maxLength: 20 }))
  const text = fc.oneof(
    fc
      .tuple(fc.constantFrom('ip4', 'ip6', 'dns', 'dns4', 'dns6', 'unix'), part, fc.nat({ max: 70_000 }))
      .map(([kind, host, port]) => `/${kind}/${host}/tcp/${port}`),
    fc.string(),
  )
  fc.assert(
    fc.property(text, said => {
      if (isUsable('local', said)) assert.match(said, /^\/ip4\/127\.|^\/ip6\/(0*:)*:?0*1\/|^\/ip6\/.*(127\.|7f..:)/)
      if (isUsable('public', said)) {
        const { host } = readAddress(said) as { host: string }
        assert.equal(scopeOf(host), 'public')
        if (isIPv4(host)) assert.doesNotMatch(host, /^(0|10|127|22[4-9]|2[3-5]\d)\./)
      }
      assert.ok(!(isUsable('local', said) && isUsable('public', said)))
      assert.ok(!isUsable('local', said) || isUsable('lan', said))
    }),
    { numRuns: 2_000 },
  )
})

test('what the operator configures has to belong to the network, and the error names it', () => {
  const none: Record<'listen' | 'announce' | 'bootstrap', string[]> = { listen: [], announce: [], bootstrap: [] }
  const refused = (network: Network, part: Partial<typeof none>, name: RegExp) =>
    assert.throws(
      () => checkConfigured(network, { ...none, ...part }),
      (error: unknown) => error instanceof PhaseError && error.code === 'invalid' && name.test(error.message),
    )
  checkConfigured('local', { listen: ['/ip4/127.0.0.1/tcp/0'], announce: [], bootstrap: ['/ip6/::1/tcp/1'] })
  checkConfigured('lan', { listen: ['/ip4/0.0.0.0/tcp/0'], announce: ['/ip4/10.0.0.1/tcp/1'], bootstrap: [] })
  checkConfigured('lan', { listen: [], announce: [], bootstrap: ['/dns4/boot.home.arpa/tcp/1'] })
  checkConfigured('public', { listen: ['/ip4/0.0.0.0/tcp/1'], announce: ['/ip4/1.1.1.1/tcp/1'], bootstrap: [] })
  refused('local', { listen: ['/ip4/0.0.0.0/tcp/0'] }, /listen on "\/ip4\/0\.0\.0\.0\/tcp\/0" in the local network/)
  refused('local', { listen: ['/ip4/192.168.0.1/tcp/0'] }, /listen on .*private/)
  refused('local', { announce: ['/ip4/1.1.1.1/tcp/1'] }, /announce .*public/)
  refused('local', { bootstrap: ['/dns4/boot.example/tcp/1'] }, /bootstrap from .*name/)
  refused('lan', { announce: ['/ip4/1.1.1.1/tcp/1'] }, /announce/)
  refused('lan', { announce: ['/dns4/boot.example/tcp/1'] }, /announce/)
  refused('public', { announce: ['/ip4/10.0.0.1/tcp/1'] }, /announce/)
  refused('public', { bootstrap: ['/ip4/127.0.0.1/tcp/1'] }, /bootstrap/)
  refused('public', { listen: ['/unix/socket'] }, /not \/ip4 or \/ip6/)
})

test('one host is an IPv4 address or an IPv6 /64, however it is written', () => {
  assert.equal(hostOf('1.2.3.4'), '1.2.3.4')
  assert.equal(hostOf('::ffff:1.2.3.4'), '1.2.3.4')
  assert.equal(hostOf('2001:db8:0:1::5'), hostOf('2001:db8:0:1:a:b:c:d'))
  assert.equal(hostOf('2001:db8::5'), hostOf('2001:db8:0:0:a:b:c:d'))
  assert.equal(hostOf('1::2:0:0:1:1'), hostOf('1:0:0:2::1'))
  assert.notEqual(hostOf('2001:db8:0:1::5'), hostOf('2001:db8:0:2::5'))
  assert.notEqual(hostOf('::1'), hostOf('1::'))
  fc.assert(
    fc.property(fc.ipV6(), ip => {
      assert.equal(hostOf(ip).split(':').length === 4 || isIPv4(hostOf(ip)), true, ip)
    }),
  )
})

test('an address without the id of who listens there', () => {
  assert.equal(withoutPeerId('/ip4/127.0.0.1/tcp/1/p2p/abc'), '/ip4/127.0.0.1/tcp/1')
  assert.equal(withoutPeerId('/ip4/127.0.0.1/tcp/1'), '/ip4/127.0.0.1/tcp/1')
})
