/**
 * Keeps this node in its network. libp2p dials a bootstrap address once and never again, and a node without connections never recovers by
 * itself; so this loop looks, and dials, for as long as the node runs.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { PeerId, PeerInfo } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import type { PhaseLibp2p } from './libp2p.ts'

/** Fewer connected peers than this, and the bootstrap peers are dialled again. */
const peersWanted = 3
/** Peers that were heard of, from the DHT or on the local network, and may be dialled; the oldest is forgotten. */
const heardMax = 64
/** Of these, dialled in one look, besides the bootstrap peers: when many start together, handshakes are what takes time. */
const dialsMax = 3
const dialTimeoutMs = 15_000
/** A look follows this soon on a peer that was heard of. */
const rousedMs = 250
/** After so many looks without any connection the operator is told, once. */
const failuresTold = 5

export interface KeeperParts {
  libp2p: Pick<PhaseLibp2p, 'dial' | 'getPeers' | 'addEventListener' | 'removeEventListener' | 'services' | 'peerId'>
  bootstrap: readonly string[]
  log: { debug(object: object, message: string): void; warn(object: object, message: string): void }
}

/** How long until the next look, after `failures` looks without any connection. `random` is 0 to 1. */
export const keeperDelayMs = (failures: number, random: number): number =>
  (failures === 0 ? 5_000 : Math.min(10_000, 250 * 2 ** Math.min(failures, 6))) * (0.75 + random / 2)

export class Keeper {
  private readonly parts: KeeperParts
  /** Peer ids, the latest last: libp2p tells of each once, and keeps its addresses up to date. */
  private readonly heard = new Map<string, PeerId>()
  private readonly stopping = new AbortController()
  private running: Promise<void> = Promise.resolve()
  private wake: (() => void) | undefined
  private isRoused = false

  constructor(parts: KeeperParts) {
    this.parts = parts
  }

  start(): void {
    this.parts.libp2p.addEventListener('peer:discovery', this.hear)
    this.running = this.keep()
  }

  async stop(): Promise<void> {
    this.parts.libp2p.removeEventListener('peer:discovery', this.hear)
    this.stopping.abort()
    await this.running
  }

  private readonly hear = ({ detail: { id, multiaddrs } }: CustomEvent<PeerInfo>): void => {
    if (multiaddrs.length === 0) return
    if (this.heard.size >= heardMax) this.heard.delete(this.heard.keys().next().value as string)
    this.heard.set(id.toString(), id)
    if (this.parts.libp2p.getPeers().length >= peersWanted) return
    this.isRoused = true
    this.wake?.()
  }

  private async keep(): Promise<void> {
    const { libp2p, bootstrap } = this.parts
    for (let failures = 0; !this.stopping.signal.aborted; ) {
      await this.look(failures)
      const alone = libp2p.getPeers().length === 0
      failures = alone && bootstrap.length + this.heard.size > 0 ? failures + 1 : 0
      await this.pause(keeperDelayMs(failures, Math.random()))
    }
  }

  private async look(failures: number): Promise<void> {
    const { libp2p, bootstrap } = this.parts
    const connected = libp2p.getPeers().map(String)
    const isLonely =
      connected.length < Math.min(peersWanted, this.heard.size + bootstrap.length) ||
      libp2p.services.dht.routingTable.size === 0
    if (!isLonely) return
    const known = new Set([...connected, libp2p.peerId.toString()])
    const named = bootstrap.map(text => [peerOf(text), multiaddr(text)] as const)
    const others = [...this.heard].toReversed()
    const wanted = [...named, ...others].filter(([id]) => id === undefined || !known.has(id))
    await Promise.all(wanted.slice(0, named.length + dialsMax).map(([, target]) => this.dial(target, failures)))
  }

  private async dial(target: PeerId | Multiaddr, failures: number): Promise<void> {
    const signal = AbortSignal.any([this.stopping.signal, AbortSignal.timeout(dialTimeoutMs)])
    await this.parts.libp2p.dial(target, { signal }).catch((error: unknown) => {
      if (this.stopping.signal.aborted) return
      const level = failures === failuresTold ? 'warn' : 'debug'
      this.parts.log[level]({ peer: String(target), error }, 'cannot reach a peer to join the network through')
    })
  }

  /** Until the next look is due, or a peer is heard of; a stranger who makes up peers does not set the pace. */
  private async pause(ms: number): Promise<void> {
    const over = new AbortController()
    this.wake = () => over.abort()
    const pass = (time: number, signal: AbortSignal) => delay(time, undefined, { signal, ref: false }).catch(() => {})
    if (!this.isRoused) await pass(ms, AbortSignal.any([over.signal, this.stopping.signal]))
    if (this.isRoused) await pass(rousedMs, this.stopping.signal)
    this.isRoused = false
    this.wake = undefined
  }
}

const peerOf = (address: string): string | undefined => /\/p2p\/([^/]+)$/.exec(address)?.[1]
