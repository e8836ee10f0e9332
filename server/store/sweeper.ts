/** Sweeps the store by age (keep.ts): every minute, and at once when the quota refuses somebody. A small loop, in small batches. */
import { setTimeout as delay } from 'node:timers/promises'
import { keptSince, tooOld } from './keep.ts'
import type { Store } from './store.ts'
import { Turns } from './turns.ts'

export interface Swept {
  jobs: number
  contents: number
  /** Of the contents. */
  bytes: number
}

export interface SweeperParts {
  store: { jobs: Pick<Store['jobs'], 'sweep'>; blobs: Pick<Store['blobs'], 'listUnused' | 'sweep'> } & Pick<
    Store,
    'statistics' | 'room'
  >
  keepMs: number
  bytesMax: number
  /** Digests of contents that somebody outside the store needs now. */
  spared: () => Iterable<string>
  nowMs: () => number
  /** Told of each batch that swept something. */
  swept?: (swept: Swept) => void
  log: { info(object: object, message: string): void; warn(object: object, message: string): void }
}

const everyMs = 60_000
/** Jobs, and contents, of one batch: one commit for each kind, and others have their turn between two. */
const batchMax = 64

const nothing: Swept = { jobs: 0, contents: 0, bytes: 0 }

export class Sweeper {
  private readonly parts: SweeperParts
  private readonly turns = new Turns()
  private readonly stopping = new AbortController()
  private running: Promise<void> = Promise.resolve()
  private unsaid = nothing

  constructor(parts: SweeperParts) {
    this.parts = parts
  }

  /** Sweeps now, and every minute. Whoever has no room is swept for. */
  start(): void {
    this.parts.store.room.from((bytes, signal) => this.makeRoom(bytes, signal))
    this.running = this.run(this.stopping.signal)
  }

  /** Resolves when the batch under way is done. */
  async stop(): Promise<void> {
    this.stopping.abort()
    await this.running
    this.say()
  }

  /** Sweeps all that is too old now, until `signal` aborts. @throws {PhaseError} as the store. */
  async sweep(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && (await this.turns.take('batch', () => this.batch(0)))) {}
    this.say()
  }

  /** Whether `bytes` more have room, swept for where they had none. What can have none at all sweeps nothing. */
  private async makeRoom(bytes: number, signal: AbortSignal | undefined): Promise<boolean> {
    const { store, bytesMax } = this.parts
    const ended = AbortSignal.any([this.stopping.signal, ...(signal === undefined ? [] : [signal])])
    if (bytes > bytesMax) return false
    while (!ended.aborted) {
      // In a turn: who waited for the batches of others may have room by now.
      const found = await this.turns.take('batch', async () => {
        const { usedBytes } = await store.statistics()
        if (usedBytes + bytes <= bytesMax) return 'room'
        return (await this.batch(bytes)) ? 'more' : 'none'
      })
      if (found !== 'more') return found === 'room'
    }
    return false
  }

  private async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.sweep(signal).catch((error: unknown) => this.parts.log.warn({ error }, 'cannot sweep the store'))
      await delay(everyMs, undefined, { signal }).catch(() => {})
    }
  }

  /**
   * The oldest jobs, then what only they needed, of what is too old for a store that keeps `wantedBytes` more. The age is asked for anew each
   * time, so no more goes than has to. Whether there may be more to sweep.
   */
  private async batch(wantedBytes: number): Promise<boolean> {
    const { store, keepMs, bytesMax, spared, nowMs } = this.parts
    const fill = async () => ({
      usedBytes: (await store.statistics()).usedBytes + wantedBytes,
      bytesMax,
      keepMs,
      nowMs: nowMs(),
    })
    const jobs = await store.jobs.sweep(keptSince(await fill()), batchMax)
    const now = await fill()
    const old = tooOld(await store.blobs.listUnused(keptSince(now), batchMax), now)
    const gone = await store.blobs.sweep(old, new Set(spared()))
    const swept = { jobs, contents: gone.length, bytes: gone.reduce((sum, { size }) => sum + size, 0) }
    if (jobs + gone.length > 0) this.count(swept)
    return jobs + old.length > 0
  }

  private count(swept: Swept): void {
    this.parts.swept?.(swept)
    const { jobs, contents, bytes } = this.unsaid
    this.unsaid = { jobs: jobs + swept.jobs, contents: contents + swept.contents, bytes: bytes + swept.bytes }
  }

  /** One line for all since the last one. */
  private say(): void {
    if (this.unsaid.jobs + this.unsaid.contents > 0) this.parts.log.info(this.unsaid, 'swept the store')
    this.unsaid = nothing
  }
}
