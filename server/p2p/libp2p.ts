/** The configuration of libp2p: a plain function of this node's settings, so that it can be looked at without starting anything. */
import { noise } from '@chainsafe/libp2p-noise'
import { type Identify, identify } from '@libp2p/identify'
import type { ComponentLogger, Libp2p, PeerInfo, PrivateKey } from '@libp2p/interface'
import type { SingleKadDHT } from '@libp2p/kad-dht'
import { mdns } from '@libp2p/mdns'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { type Ping, ping } from '@libp2p/ping'
import { preSharedKey } from '@libp2p/pnet'
import { tcp } from '@libp2p/tcp'
import type { Libp2pOptions } from 'libp2p'
import { protocols } from '../../phase/wire.ts'
import { isUsable, type Network } from './addresses.ts'
import { GuardedDatastore } from './datastore.ts'
import { gate, guardedYamux } from './guard.ts'
import { guardedKad } from './kad.ts'

export interface P2pSettings {
  network: Network
  /** Multiaddrs. */
  listen: readonly string[]
  /** Multiaddrs told to others; empty: what is listened on and observed. */
  announce: readonly string[]
  /** Multiaddrs with peer ids. */
  bootstrap: readonly string[]
  /** A pre-shared key of a private cluster, in the `/key/swarm/psk/1.0.0/` text form. */
  networkKey?: Uint8Array
}

export interface Services extends Record<string, unknown> {
  identify: Identify
  ping: Ping
  dht: SingleKadDHT
}

const minuteMs = 60_000

/** Connections in all; beyond it the least useful are closed. About 0.3 MB each. */
export const connectionsMax = 300
/**
 * How long a peer and its addresses are remembered, counted from the first sight of each: seeing one again does not count, so this has to be
 * longer than a node runs. The datastore bounds how many there are.
 */
const peerAgeMs = 10 * 365 * 24 * 60 * minuteMs
/** DHT messages of one peer that are read at once; a look-up sends three. */
const kadStreamsMax = 16
/** A record outlives two of its provider's statements; a dead node is forgotten within half an hour. The storing node's setting decides. */
export const recordTtlMs = 30 * minuteMs

export function libp2pOptions(
  settings: P2pSettings,
  parts: {
    privateKey: PrivateKey
    version: string
    connections: () => { host: string; peerId: string }[]
    /** Told of all bytes that come. */
    received: (bytes: number) => void
  },
): Libp2pOptions<Services> {
  const { network, listen, announce, bootstrap, networkKey } = settings
  const self = peerIdFromPrivateKey(parts.privateKey).toString()
  const isKept = (id: string) => id === self || parts.connections().some(({ peerId }) => peerId === id)
  const usable = (address: { toString(): string }) => isUsable(network, address.toString())
  return {
    privateKey: parts.privateKey,
    nodeInfo: { name: 'plasm', version: parts.version, userAgent: `plasm/${parts.version}` },
    start: false,
    datastore: new GuardedDatastore(isKept),
    addresses: {
      listen: [...listen],
      announce: [...announce],
      announceFilter: addresses => addresses.filter(usable),
    },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [guardedYamux(parts.received)],
    ...(networkKey === undefined ? {} : { connectionProtector: preSharedKey({ psk: networkKey }) }),
    connectionGater: gate(network, bootstrap, parts.connections),
    peerDiscovery: network === 'lan' ? [mdns({ serviceTag: '_phase._udp.local' })] : [],
    connectionManager: {
      maxConnections: connectionsMax,
      // A cluster or a translator starts many at once; the gate bounds what one host may hold.
      inboundConnectionThreshold: network === 'public' ? 20 : 200,
      maxIncomingPendingConnections: 64,
      dialTimeout: 10_000,
      addressDialTimeout: 3_000,
    },
    // The defaults drop every connection of a node that is busy for 5 s.
    connectionMonitor: {
      pingInterval: 15_000,
      pingTimeout: { minTimeout: 15_000 },
      abortConnectionOnPingFailure: true,
    },
    peerStore: { maxAddressAge: peerAgeMs, maxPeerAge: peerAgeMs },
    services: {
      identify: identify(),
      ping: ping(),
      dht: guardedKad({
        protocol: protocols.kad,
        // Otherwise a node without a public address only asks, and nobody answers. Public nodes find out which they are.
        ...(network === 'public' ? {} : { clientMode: false }),
        peerInfoMapper: (peer: PeerInfo) => ({ ...peer, multiaddrs: peer.multiaddrs.filter(usable) }),
        maxInboundStreams: kadStreamsMax,
        initialQuerySelfInterval: 50,
        querySelfInterval: minuteMs,
        reprovide: { validity: recordTtlMs, threshold: (recordTtlMs * 2) / 3, interval: minuteMs },
      }),
    },
    logger: silentLogger,
  }
}

export type PhaseLibp2p = Libp2p<Services>

/**
 * Stops all of `libp2p`, also the timer by which it would note, a second later, that its listeners have closed: the process would live on for it.
 * Uses a private part; libp2p.test.ts fails when it moves.
 */
export async function stopLibp2p(libp2p: PhaseLibp2p): Promise<void> {
  await libp2p.stop()
  const { components } = libp2p as unknown as {
    components?: { addressManager?: { _updatePeerStoreAddresses?: { stop?(): void } } }
  }
  components?.addressManager?._updatePeerStoreAddresses?.stop?.()
}

/** libp2p reports through errors and events; its debug lines go nowhere. */
const silentLogger: ComponentLogger = {
  forComponent: () => {
    const silent = Object.assign(() => {}, { enabled: false, error: () => {}, trace: () => {} })
    return Object.assign(silent, { newScope: () => silent as never })
  },
}
