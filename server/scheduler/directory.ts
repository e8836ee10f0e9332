/** The executors that this node knows: found through the DHT, kept while they answer, ranked by nothing but what they did. */
import { setTimeout as delay } from 'node:timers/promises'
import type { ErrorCode } from '../../phase/errors.ts'
import type { Peer } from '../../phase/peer.ts'
import type { P2p } from '../p2p/p2p.ts'
import type { PeerStore } from '../store/peers.ts'
import type { Candidate } from './placement.ts'
import { discoveryDelayMs, exclusionMs, isLoss } from './retry.ts'

export interface DirectoryParts {
  p2p: Pick<P2p, 'discover' | 'hello' | 'onMeet'>
  peers: Pick<PeerStore, 'put' | 'list' | 'delete'>
  log: { debug(object: object, message: string): void; warn(object: object, message: string): void }
  nowMs: () => number
}

/** Executors kept in mind: far more than one node can use at once, few enough to scan for every job. */
const knownMax = 1024
/** A quiet network is asked this often, so that load and latency are not older. */
const refreshMs = 30_000
/** An executor that has not answered for this long is not offered to anybody. */
const forgetMs = 120_000
/** Nodes that connected and are asked at once whether they execute. */
const meetingsMax = 16
const helloMs = 3_000
/** One look-up; the DHT's slow tail is not waited for. */
const lookupMs = 10_000

interface Known {
  peer: Peer
  slotsInFlight: number
  excludedUntilMs: number
  /** Refusals and failures in a row. */
  failures: number
  /** It was lost or cannot be reached: nobody is sent there before it answers again. */
  isLost: boolean
}

export class Directory {
  private readonly parts: DirectoryParts
  private readonly known = new Map<string, Known>()
  private readonly stopping = new AbortController()
  private readonly watchers = new Set<() => void>()
  private looking: Promise<number> | undefined
  private refreshing: Promise<void> | undefined
  private wake: (() => void) | undefined
  private meetings = 0

  constructor(parts: DirectoryParts) {
    this.parts = parts
  }

  start(): void {
    this.parts.p2p.onMeet(peerId => void this.meet(peerId))
    this.refreshing = this.refresh()
  }

  async stop(): Promise<void> {
    this.stopping.abort()
    await Promise.allSettled([this.refreshing, this.looking])
  }

  /** Calls `changed` whenever an executor appears or speaks again. */
  onChange(changed: () => void): void {
    this.watchers.add(changed)
  }

  list(): Peer[] {
    return this.candidates().map(({ peer }) => peer as Peer)
  }

  candidates(): Candidate[] {
    const oldest = this.parts.nowMs() - forgetMs
    return [...this.known.values()].filter(({ peer, isLost }) => !isLost && Date.parse(peer.lastSeenAt) >= oldest)
  }

  get(peerId: string): Peer | undefined {
    return this.known.get(peerId)?.peer
  }

  /** Asks the DHT now; yields every executor that answers. */
  async *discover(signal: AbortSignal): AsyncGenerator<Peer> {
    for await (const peer of this.parts.p2p.discover(AbortSignal.any([signal, this.stopping.signal]))) {
      this.learn(peer)
      yield peer
    }
  }

  /** Somebody waits for an executor: look again soon, whatever the refresh interval. */
  want(): void {
    this.wake?.()
  }

  began(peerId: string, slots: number): void {
    const known = this.known.get(peerId)
    if (known !== undefined) known.slotsInFlight += slots
  }

  ended(peerId: string, slots: number): void {
    const known = this.known.get(peerId)
    if (known !== undefined) known.slotsInFlight = Math.max(0, known.slotsInFlight - slots)
  }

  succeeded(peerId: string): void {
    const known = this.known.get(peerId)
    if (known === undefined) return
    known.failures = 0
    known.isLost = false
    known.excludedUntilMs = 0
    known.peer = { ...known.peer, lastSeenAt: new Date(this.parts.nowMs()).toISOString() }
  }

  /** The peer refused or failed: nothing goes there for a while. @returns until when, epoch milliseconds. */
  failed(peerId: string, code: ErrorCode, retryAfterMs?: number): number {
    const known = this.known.get(peerId)
    if (known === undefined) return 0
    known.failures++
    known.isLost ||= isLoss(code)
    known.excludedUntilMs = this.parts.nowMs() + exclusionMs(code, known.failures, retryAfterMs)
    return known.excludedUntilMs
  }

  private learn(peer: Peer): void {
    const known = this.known.get(peer.peerId)
    if (known === undefined) {
      this.makeRoom()
      this.known.set(peer.peerId, { peer, slotsInFlight: 0, excludedUntilMs: 0, failures: 0, isLost: false })
    } else {
      known.peer = peer
      known.isLost = false
    }
    this.parts.peers.put(peer).catch((error: unknown) => this.parts.log.warn({ error }, 'cannot store a peer'))
    for (const changed of this.watchers) changed()
  }

  private makeRoom(): void {
    if (this.known.size < knownMax) return
    const idle = [...this.known].filter(([, { slotsInFlight }]) => slotsInFlight === 0)
    const oldest = idle.sort(([, a], [, b]) => a.peer.lastSeenAt.localeCompare(b.peer.lastSeenAt))[0]
    if (oldest !== undefined) this.known.delete(oldest[0])
  }

  /** In a small network an executor is met before any record of it is found. */
  private async meet(peerId: string): Promise<void> {
    const known = this.known.get(peerId)
    if (this.meetings >= meetingsMax || (known !== undefined && !known.isLost)) return
    this.meetings++
    try {
      const signal = AbortSignal.any([this.stopping.signal, AbortSignal.timeout(helloMs)])
      const peer = await this.parts.p2p.hello(peerId, signal)
      if (peer.slots > 0) this.learn(peer)
    } catch (error) {
      this.parts.log.debug({ error, peer: peerId }, 'a node that connected does not answer')
    } finally {
      this.meetings--
    }
  }

  /** The loop: often while nobody is known, seldom while the network is quiet, soon when a job waits. */
  private async refresh(): Promise<void> {
    await this.greetRemembered()
    for (let hurried = 0; !this.stopping.signal.aborted; ) {
      this.looking = this.look()
      const found = await this.looking
      const soonMs = discoveryDelayMs(hurried, Math.random())
      const wanted = await this.pause(found === 0 ? soonMs : refreshMs, soonMs)
      hurried = wanted || found === 0 ? hurried + 1 : 0
    }
  }

  /** Waits `longMs`, or `shortMs` once somebody wants an executor. @returns whether somebody did. */
  private async pause(longMs: number, shortMs: number): Promise<boolean> {
    let wanted = false
    const want = new Promise<void>(resolve => {
      this.wake = () => {
        wanted = true
        resolve()
      }
    })
    const over = new AbortController()
    const signal = AbortSignal.any([this.stopping.signal, over.signal])
    const pass = (ms: number) => delay(ms, undefined, { signal }).catch(() => {})
    await Promise.race([pass(longMs), want.then(() => pass(shortMs))])
    over.abort()
    return wanted
  }

  private async look(): Promise<number> {
    let found = 0
    try {
      for await (const _peer of this.discover(AbortSignal.timeout(lookupMs))) found++
    } catch (error) {
      this.parts.log.debug({ error }, 'the look-up for executors ended early')
    }
    return found
  }

  private async greetRemembered(): Promise<void> {
    const remembered = await this.parts.peers.list(16)
    await Promise.all(
      remembered.map(async ({ peerId, addresses }) => {
        const signal = AbortSignal.any([this.stopping.signal, AbortSignal.timeout(helloMs)])
        await this.parts.p2p.hello(peerId, signal, addresses).then(
          peer => this.learn(peer),
          () => this.parts.peers.delete(peerId).catch(() => {}),
        )
      }),
    )
  }
}
