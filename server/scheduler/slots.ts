import { PhaseError } from '../../phase/errors.ts'

/** Execution slots of this node, first come first served: a job that asks for two waits at the head until two are free. */
export class Slots {
  readonly total: number
  private used = 0
  private readonly waiting: { count: number; enter: () => void }[] = []

  private released: () => void = () => {}

  constructor(total: number) {
    this.total = total
  }

  get free(): number {
    return this.total - this.used
  }

  /** Slots in use or waited for, in percent of all. */
  get load(): number {
    if (this.total === 0) return 0
    return Math.round((100 * this.waiting.reduce((sum, { count }) => sum + count, this.used)) / this.total)
  }

  get queued(): number {
    return this.waiting.length
  }

  /** Resolves when `count` slots are taken for the caller, who must `release` them. @throws {PhaseError} `cancelled`. */
  async acquire(count: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw cancelled()
    if (this.waiting.length === 0 && this.free >= count) {
      this.used += count
      return
    }
    await new Promise<void>((resolve, reject) => {
      const leave = () => {
        this.waiting.splice(this.waiting.indexOf(entry), 1)
        reject(cancelled())
        this.admit()
      }
      const entry = {
        count,
        enter: () => {
          signal.removeEventListener('abort', leave)
          resolve()
        },
      }
      signal.addEventListener('abort', leave, { once: true })
      this.waiting.push(entry)
    })
  }

  release(count: number): void {
    this.used -= count
    this.admit()
    this.released()
  }

  /** Calls `released` whenever slots were given back. */
  onRelease(released: () => void): void {
    this.released = released
  }

  private admit(): void {
    for (let next = this.waiting[0]; next !== undefined && this.free >= next.count; next = this.waiting[0]) {
      this.waiting.shift()
      this.used += next.count
      next.enter()
    }
  }
}

const cancelled = () => new PhaseError('cancelled', 'Cannot take a slot: the wait was given up')
