/**
 * A place behind the task that a child is at: its message is with the child already, which begins without having waited, its caches warm. Where that
 * task was short before, and is not this time, the place is given up, and the child with it: what was sent cannot be called back.
 */

/** A hundred times what a short task takes, collections included; a new child costs 30 ms, and is slow for a second. */
const patienceMs = 100

export class Turn {
  /** Resolves when the task before is done and the child goes on; false where it does not. */
  readonly begins: Promise<boolean>
  private settle: ((begins: boolean) => void) | undefined
  private readonly timer: NodeJS.Timeout
  private readonly signal: AbortSignal

  constructor(signal: AbortSignal) {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    this.begins = promise
    this.settle = resolve
    this.signal = signal
    this.timer = setTimeout(this.giveUp, patienceMs)
    signal.addEventListener('abort', this.giveUp)
  }

  /** @returns whether somebody still waits for it. */
  begin(): boolean {
    return this.end(true)
  }

  /** An arrow: it is a listener. */
  readonly giveUp = (): void => void this.end(false)

  private end(begins: boolean): boolean {
    const { settle } = this
    if (settle === undefined) return false
    this.settle = undefined
    clearTimeout(this.timer)
    this.signal.removeEventListener('abort', this.giveUp)
    settle(begins)
    return true
  }
}
