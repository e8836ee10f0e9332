/** Which nodes execute: provider records in the DHT (SPEC.md, Capability records), given and looked up. A record is a hint; a hello decides. */
import { setTimeout as delay } from 'node:timers/promises'
import { CID } from 'multiformats/cid'
import { create } from 'multiformats/hashes/digest'
import { capabilityShards } from '../../phase/limits.ts'
import { capabilityKey, shardOf } from '../../phase/wire.ts'
import { type PhaseLibp2p, recordTtlMs } from './libp2p.ts'

const rawCodec = 0x55
const sha256Code = 0x12
/** One round of telling the nearest nodes. Frozen ones take their time; the others have it by then. */
const provideTimeoutMs = 15_000
/** In a quiet network a record is said again this often, three times in its life. */
const provideEveryMs = recordTtlMs / 3
/** How often it looks whether somebody is there who was not told. */
const lookMs = 250
/** How long it rests after it told those again who may have forgotten: strangers who come and go do not set the pace. */
const restMs = 1_000
/** In a network of this size every node is a nearest one (kad-dht's bucket size): a newcomer has to be told too. */
const smallNetwork = 20
/** Providers that one look-up follows. A DHT reply may be as long as its sender likes. */
export const providersMax = 256

/** The DHT's name for executors of `profile` in `shard`. */
export const capabilityCid = (profile: string, shard: number): CID =>
  CID.createV1(rawCodec, create(sha256Code, capabilityKey(profile, shard)))

/** Tells the DHT, for as long as it runs, that this node executes `profiles`. */
export class Advertiser {
  private readonly libp2p: PhaseLibp2p
  private readonly profiles: readonly string[]
  private readonly stopping = new AbortController()
  private running: Promise<void> = Promise.resolve()
  private isNews = false

  constructor(libp2p: PhaseLibp2p, profiles: readonly string[]) {
    this.libp2p = libp2p
    this.profiles = profiles
  }

  start(): void {
    this.libp2p.addEventListener('peer:identify', this.meet)
    this.running = this.advertise()
  }

  async stop(): Promise<void> {
    this.libp2p.removeEventListener('peer:identify', this.meet)
    this.stopping.abort()
    await this.running
  }

  /** Even a peer that was told may have started anew and forgotten. */
  private readonly meet = (): void => {
    this.isNews = true
  }

  private async advertise(): Promise<void> {
    const { signal } = this.stopping
    const pass = (ms: number) => delay(ms, undefined, { signal, ref: false }).catch(() => {})
    const { routingTable } = this.libp2p.services.dht
    for (let told = -1, dueMs = 0; !signal.aborted; await pass(lookMs)) {
      const { size } = routingTable
      const isSmall = size < smallNetwork
      const hasGrown = isSmall && size > told
      if (performance.now() < dueMs && !hasGrown && !(isSmall && this.isNews)) continue
      this.isNews = false
      await this.provide(size === 0)
      told = isSmall ? size : smallNetwork
      dueMs = performance.now() + provideEveryMs
      if (!hasGrown) await pass(restMs)
    }
  }

  /** Alone, the record is at least kept here, where the first newcomer asks; the rest of the query would wait for a peer. */
  private async provide(alone: boolean): Promise<void> {
    const shard = shardOf(this.libp2p.peerId.toString())
    const signal = AbortSignal.any([this.stopping.signal, AbortSignal.timeout(alone ? lookMs : provideTimeoutMs)])
    for (const profile of this.profiles) {
      try {
        for await (const _event of this.libp2p.services.dht.provide(capabilityCid(profile, shard), { signal }));
      } catch {
        // The next round says it again.
      }
    }
  }
}

/** Peer ids of nodes that are said to execute any of `profiles`, each once, as they are found. */
export async function* findProviders(
  libp2p: PhaseLibp2p,
  profiles: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<string> {
  const seen = new Set<string>([libp2p.peerId.toString()])
  for (const profile of profiles) {
    for (let shard = 0; shard < capabilityShards; shard++) {
      for await (const event of libp2p.services.dht.findProviders(capabilityCid(profile, shard), { signal })) {
        if (event.name !== 'PROVIDER') continue
        for (const { id } of event.providers) {
          const peerId = id.toString()
          if (seen.has(peerId)) continue
          if (seen.size > providersMax) return
          seen.add(peerId)
          yield peerId
        }
      }
    }
  }
}
