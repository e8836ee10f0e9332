import { PhaseError } from '../../phase/errors.ts'
import type { TakenEvent, TakenKey } from '../p2p/p2p.ts'

/** One job that this node has taken: what happened to it, for whoever watches, from the beginning and as often as they come back. */
export class Taken {
  readonly key: TakenKey
  readonly requestDigest: string
  /** Digests of its module and its stdin. */
  readonly needs: readonly string[]
  readonly cancel = new AbortController()
  /** Resolves when its bytes are there, and rejects when they will not be. */
  ready: Promise<unknown> = Promise.resolve()
  /** Resolves when it has ended, whatever way. */
  running: Promise<void> = Promise.resolve()
  /** Undoes the timer that keeps the result. */
  forget: () => void = () => {}
  private readonly events: TakenEvent[] = []
  private readonly watchers = new Set<() => void>()

  constructor(key: TakenKey, requestDigest: string, needs: readonly string[]) {
    this.key = key
    this.requestDigest = requestDigest
    this.needs = needs
  }

  get end(): (TakenEvent & { type: 'ended' }) | undefined {
    const last = this.events.at(-1)
    return last?.type === 'ended' ? last : undefined
  }

  push(event: TakenEvent): void {
    this.events.push(event)
    for (const wake of this.watchers) wake()
  }

  /** @throws {PhaseError} `cancelled` when `signal` aborts. */
  async *watch(signal: AbortSignal): AsyncGenerator<TakenEvent> {
    for (let at = 0; ; at++) {
      while (at >= this.events.length) await this.change(signal)
      const event = this.events[at] as TakenEvent
      yield event
      if (event.type === 'ended') return
    }
  }

  private change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.watchers.delete(wake)
        reject(new PhaseError('cancelled', 'Cannot watch the job further: the watcher left'))
      }
      const wake = () => {
        this.watchers.delete(wake)
        signal.removeEventListener('abort', leave)
        resolve()
      }
      if (signal.aborted) leave()
      else {
        this.watchers.add(wake)
        signal.addEventListener('abort', leave, { once: true })
      }
    })
  }
}
