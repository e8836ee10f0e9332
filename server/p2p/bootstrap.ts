/**
 * Keeps this node in its network. libp2p dials a bootstrap address once and never again, and a node without connections never recovers by
 * itself; so this loop looks, and dials, for as long as the node runs.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { multiaddr } from '@multiformats/multiaddr'
import type { PhaseLibp2p } from './libp2p.ts'

/** Fewer connected peers than this, and the bootstrap peers are dialled again. */
const peersWanted = 3
/** Peers that were heard of on the local network and may be dialled; the oldest is forgotten. */
const heardMax = 64
const dialTimeoutMs = 15_000

export interface KeeperParts {
  libp2p: Pick<PhaseLibp2p, 'dial' | 'getPeers' | 'addEventListener' | 'services' | 'peerId'>
  bootstrap: readonly string[]
  log: { debug(object: object, message: string): void; warn(object: object, message: string): void }
}

/** How long until the next look, after `failures` looks without any connection. `random` is 0 to 1. */
export const keeperDelayMs = (failures: number, random: number): number =>
  (failures === 0 ? 5_000 : Math.min(10_000, 250 * 2 ** Math.min(failures, 6))) * (0.75 + random / 2)

export class Keeper {
  private readonly parts: KeeperParts
  private readonly heard = new Map<string, Parameters<PhaseLibp2p['dial']>[0]>()
  private readonly stopping = new AbortController()
  private running: Promise<void> = Promise.resolve()
  private wake: (() => void) | undefined

  constructor(parts: KeeperParts) {
    this.parts = parts
  }

  start(): void {
    this.parts.libp2p.addEventListener('peer:discovery', ({ detail }) => {
      const id = detail.id.toString()
      if (this.heard.size >= heardMax) this.heard.delete(this.heard.keys().next().value as string)
      const isNew = !this.heard.has(id)
      this.heard.set(id, detail.multiaddrs.length > 0 ? [...detail.multiaddrs] : detail.id)
      if (isNew && this.parts.libp2p.getPeers().length < peersWanted) this.wake?.()
    })
    this.running = this.keep()
  }

  async stop(): Promise<void> {
    this.stopping.abort()
    this.wake?.()
    await this.running
  }

  private async keep(): Promise<void> {
    for (let failures = 0; !this.stopping.signal.aborted; ) {
      await this.look(failures)
      const { libp2p, bootstrap } = this.parts
      const alone = libp2p.getPeers().length === 0
      failures = alone && (bootstrap.length > 0 || this.heard.size > 0) ? failures + 1 : 0
      await this.pause(keeperDelayMs(failures, Math.random()))
    }
  }

  private async look(failures: number): Promise<void> {
    const { libp2p, bootstrap, log } = this.parts
    const isLonely = () =>
      libp2p.getPeers().length < Math.min(peersWanted, this.heard.size + bootstrap.length) ||
      libp2p.services.dht.routingTable.size === 0
    if (!isLonely()) return
    const connected = new Set(libp2p.getPeers().map(String))
    const targets = [...bootstrap.map(text => [peerOf(text), multiaddr(text)] as const), ...this.heard]
    const wanted = targets.filter(([id]) => id !== libp2p.peerId.toString() && !(id !== undefined && connected.has(id)))
    await Promise.all(
      wanted.slice(0, heardMax).map(async ([id, target]) => {
        const signal = AbortSignal.any([this.stopping.signal, AbortSignal.timeout(dialTimeoutMs)])
        await libp2p.dial(target, { signal }).catch((error: unknown) => {
          if (this.stopping.signal.aborted) return
          const level = failures === 5 ? 'warn' : 'debug'
          log[level]({ peer: id ?? String(target), error }, 'cannot reach a peer to join the network through')
        })
      }),
    )
  }

  private async pause(ms: number): Promise<void> {
    const over = new AbortController()
    this.wake = () => over.abort()
    if (this.stopping.signal.aborted) return
    await delay(ms, undefined, { signal: over.signal, ref: false }).catch(() => {})
    this.wake = undefined
  }
}

const peerOf = (address: string): string | undefined => /\/p2p\/([^/]+)$/.exec(address)?.[1]
