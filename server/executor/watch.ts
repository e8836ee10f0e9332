/** Kills a child when its time is over or when nobody waits any more, and remembers why. */
import { setTimeout as delay } from 'node:timers/promises'
import type { KillReason } from './execution.ts'
import type { ExecutorProcess } from './process.ts'

/** How long a kill may wait to learn what the child took. */
const measureWithinMs = 20

export class Watch {
  ended: KillReason | undefined
  detail = ''
  private readonly child: ExecutorProcess
  private readonly signal: AbortSignal
  private readonly killed: ((reason: KillReason) => void) | undefined
  private readonly timer: NodeJS.Timeout
  private cpuUs: Promise<number | undefined> | undefined

  constructor(child: ExecutorProcess, signal: AbortSignal, timeoutMs: number, killed?: (reason: KillReason) => void) {
    this.child = child
    this.signal = signal
    this.killed = killed
    this.timer = setTimeout(() => this.end('timedOut', `it was not done after ${timeoutMs} ms`), timeoutMs)
    signal.addEventListener('abort', this.cancel)
    if (signal.aborted) this.cancel()
  }

  stop(): void {
    clearTimeout(this.timer)
    this.signal.removeEventListener('abort', this.cancel)
  }

  /** The detail with what the operating system measured before the kill. */
  async whole(): Promise<string> {
    const cpuUs = await this.cpuUs
    return cpuUs === undefined ? this.detail : `${this.detail}; it took ${(cpuUs / 1e6).toFixed(3)} s of processor time`
  }

  private readonly cancel = (): void => this.end('cancelled', 'it was cancelled while it ran')

  private end(reason: KillReason, detail: string): void {
    if (this.ended !== undefined) return
    this.ended = reason
    this.detail = detail
    this.killed?.(reason)
    this.cpuUs = this.child.cpuUsSinceLastWord()
    // Files are read by few threads, which may be busy: the kill does not wait for them long.
    void Promise.race([this.cpuUs, delay(measureWithinMs)]).finally(() => this.child.kill())
  }
}
