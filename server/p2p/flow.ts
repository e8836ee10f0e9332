/** Who may send how much, and how long it may take: what both sides of a stream keep count of. */
import { PhaseError } from '../../phase/errors.ts'

/** Where one waits until another rings, or until a deadline. */
export class Bell {
  private wake: (() => void) | undefined

  ring(): void {
    this.wake?.()
  }

  /** One waiter at a time. `deadlineMs` is of performance.now(). @throws {PhaseError} `timedOut` with `late` as its text. */
  async wait(deadlineMs: number, late: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const expire = () => reject(new PhaseError('timedOut', late))
    const timer = setTimeout(expire, Math.max(0, deadlineMs - performance.now()))
    this.wake = resolve
    try {
      await promise
    } finally {
      clearTimeout(timer)
      this.wake = undefined
    }
  }
}

/** Raw bytes that may be under way: the sender takes, the receiver's `credit` frames grant. */
export class Credit {
  private readonly bytesMax: number
  private readonly granted = new Bell()
  private bytes: number
  private failure: unknown

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax
    this.bytes = bytesMax
  }

  /** @throws {PhaseError} `protocol` when the receiver grants more than it can have received. */
  grant(bytes: number): void {
    if (this.bytes + bytes > this.bytesMax) throw new PhaseError('protocol', 'Cannot grant credit beyond what was sent')
    this.bytes += bytes
    this.granted.ring()
  }

  /** Makes whoever waits, now or later, reject. */
  end(error: unknown): void {
    this.failure ??= error
    this.granted.ring()
  }

  /** Up to `bytesMax` of what is granted, one taker at a time. @throws {PhaseError} `timedOut` when nothing is granted in time. */
  async take(bytesMax: number, timeoutMs: number): Promise<number> {
    const deadlineMs = performance.now() + timeoutMs
    while (this.bytes === 0) {
      if (this.failure !== undefined) throw this.failure
      await this.granted.wait(deadlineMs, 'The peer takes no more')
    }
    const taken = Math.min(this.bytes, bytesMax)
    this.bytes -= taken
    return taken
  }
}

/** 32 KiB in a second, after a while to begin: what a poor link still manages. */
const paceBytesPerMs = 32
const paceGraceMs = 30_000

/** Keeps a stranger who sends drop by drop from holding an exchange open for ever: every drop comes in time. */
export class Pace {
  private readonly begunMs: number
  private bytes = 0

  constructor(nowMs: number) {
    this.begunMs = nowMs
  }

  /** @throws {PhaseError} `protocol` when what has come by now, with `bytes`, took too long. */
  count(bytes: number, nowMs: number): void {
    this.bytes += bytes
    const allowedMs = paceGraceMs + this.bytes / paceBytesPerMs
    if (nowMs - this.begunMs <= allowedMs) return
    throw new PhaseError('protocol', `Cannot wait longer: only ${this.bytes} bytes came in ${Math.round(allowedMs)} ms`)
  }
}

/** At most so many at once for each holder; the others wait their turn. */
export class Turns {
  private readonly most: number
  private readonly queues = new WeakMap<object, { free: number; waiting: Set<() => void> }>()

  constructor(most: number) {
    this.most = most
  }

  /** @returns what gives the turn back, to be called once. @throws the signal's reason when it aborts before. */
  async take(holder: object, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted()
    const queue = this.queues.get(holder) ?? { free: this.most, waiting: new Set() }
    this.queues.set(holder, queue)
    if (queue.free > 0) queue.free--
    else await turn(queue.waiting, signal)
    return () => {
      const [next] = queue.waiting
      if (next === undefined) queue.free++
      else next()
    }
  }
}

async function turn(waiting: Set<() => void>, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const leave = () => {
    waiting.delete(enter)
    reject(signal.reason)
  }
  const enter = () => {
    waiting.delete(enter)
    signal.removeEventListener('abort', leave)
    resolve()
  }
  waiting.add(enter)
  signal.addEventListener('abort', leave, { once: true })
  await promise
}
