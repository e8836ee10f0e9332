/**
 * Which addresses each network knows: pure decisions about multiaddrs (https://github.com/multiformats/multiaddr). What a stranger says
 * his address is decides where this node opens connections, so everything that is not plainly allowed is refused.
 */
import { BlockList, isIPv4, isIPv6 } from 'node:net'
import { PhaseError } from '../../phase/errors.ts'

export type Network = 'local' | 'lan' | 'public'

/** Where an address can be reached from. `name`: nobody knows before it is resolved. `unusable`: no unicast TCP address of this kind. */
export type Scope = 'loopback' | 'private' | 'public' | 'wildcard' | 'name' | 'unusable'

export interface Address {
  host: string
  port: number
  scope: Scope
  peerId?: string
}

const subnets = (...list: [string, number][]): BlockList => {
  const blocks = new BlockList()
  for (const [address, bits] of list) blocks.addSubnet(address, bits, address.includes(':') ? 'ipv6' : 'ipv4')
  return blocks
}

const loopback = subnets(['127.0.0.0', 8], ['::1', 128])
const privates = subnets(
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
  ['100.64.0.0', 10],
  ['fc00::', 7],
  ['fe80::', 10],
)
/** Neither here nor on the internet: https://www.iana.org/assignments/iana-ipv4-special-registry and its IPv6 twin; tunnels that embed IPv4. */
const special = subnets(
  ['0.0.0.0', 8],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
)
const global6 = subnets(['2000::', 3])
const special6 = subnets(['2001::', 23], ['2001:db8::', 32], ['2002::', 16], ['3fff::', 20])

/** `/ip4|ip6|dns…/HOST/tcp/PORT`, with or without `/p2p/ID`; `undefined` for any other form, relays among them. */
export function readAddress(text: string): Address | undefined {
  const found = /^\/(ip4|ip6|dns|dns4|dns6)\/([^/]+)\/tcp\/(\d{1,5})(?:\/p2p\/([1-9A-HJ-NP-Za-km-z]+))?$/.exec(text)
  if (found === null) return undefined
  const [, kind, host, port, peerId] = found as unknown as [string, string, string, string, string | undefined]
  if (Number(port) > 65_535) return undefined
  const scope = kind.startsWith('dns') ? 'name' : scopeOfIp(host, kind === 'ip4')
  return { host, port: Number(port), scope, ...(peerId === undefined ? {} : { peerId }) }
}

/** Where `ip` can be reached from; an IPv4 address inside an IPv6 one counts as itself. */
export function scopeOf(ip: string): Scope {
  return scopeOfIp(ip, isIPv4(ip))
}

function scopeOfIp(ip: string, four: boolean): Scope {
  if (!(four ? isIPv4(ip) : isIPv6(ip)) || ip.includes('%')) return 'unusable'
  if (ip === '0.0.0.0' || ip === '::') return 'wildcard'
  const family = four ? 'ipv4' : 'ipv6'
  if (loopback.check(ip, family)) return 'loopback'
  if (privates.check(ip, family)) return 'private'
  if (special.check(ip, family) || special6.check(ip, family)) return 'unusable'
  if (!four && !global6.check(ip, 'ipv6')) return isMapped(ip) ? 'public' : 'unusable'
  return 'public'
}

const mapped = subnets(['::ffff:0:0', 96])
const isMapped = (ip: string): boolean => mapped.check(ip, 'ipv6')

const reachable: Record<Network, readonly Scope[]> = {
  local: ['loopback'],
  lan: ['loopback', 'private'],
  public: ['public'],
}

/** Whether a node of `network` keeps, tells others and dials an address that somebody said. Names are not: they resolve to anything. */
export function isUsable(network: Network, text: string): boolean {
  const address = readAddress(text)
  return address !== undefined && address.port !== 0 && reachable[network].includes(address.scope)
}

/** Whether a node of `network` takes a connection from `ip`. A public node may stand behind a translator that hides who it is. */
export function isWelcome(network: Network, ip: string): boolean {
  return network === 'public' || reachable[network].includes(scopeOf(ip))
}

/**
 * Checks what the operator said.
 * @throws {PhaseError} `invalid`, naming the address and why it is none of this network.
 */
export function checkConfigured(
  network: Network,
  addresses: { listen: readonly string[]; announce: readonly string[]; bootstrap: readonly string[] },
): void {
  const names: Scope[] = network === 'local' ? [] : ['name']
  const listens: Scope[] = network === 'local' ? [] : ['wildcard', 'private', 'loopback', 'public']
  checkEach(network, 'listen on', addresses.listen, listens)
  checkEach(network, 'announce', addresses.announce, [])
  checkEach(network, 'bootstrap from', addresses.bootstrap, names)
}

function checkEach(network: Network, verb: string, texts: readonly string[], also: readonly Scope[]): void {
  for (const text of texts) {
    const address = readAddress(text)
    if (address !== undefined && (reachable[network].includes(address.scope) || also.includes(address.scope))) continue
    const why = address === undefined ? 'not /ip4 or /ip6, then /tcp' : `its scope is ${address.scope}`
    throw new PhaseError('invalid', `Cannot ${verb} "${text}" in the ${network} network: ${why}`, {
      hint: 'local takes loopback addresses, lan private ones too, public only public ones.',
    })
  }
}

/** An address without the peer id that names it. */
export const withoutPeerId = (text: string): string => text.replace(/\/p2p\/[^/]+$/, '')

/** What counts as one host for connection limits: an IPv4 address, or the /64 that one IPv6 customer holds at least. */
export function hostOf(ip: string): string {
  const four = /^(?:::ffff:)?([\d.]+)$/.exec(ip)?.[1]
  if (four !== undefined) return four
  const [before, after] = ip.split('::').map(half => (half === '' ? [] : half.split(':'))) as [string[], string[]?]
  const zeros = after === undefined ? 0 : 8 - before.length - after.length
  return [...before, ...Array<string>(zeros).fill('0'), ...(after ?? [])].slice(0, 4).join(':')
}
