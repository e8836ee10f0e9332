/** Who holds a job here: the streams of its submitter, and the lease when there is none. */
import type { Connection } from '@libp2p/interface'
import { PhaseError } from '../../../phase/errors.ts'
import type { OfferTaker, TakenKey } from './job.ts'

/**
 * One job and the streams of its submitter, one after the other as connections break. Without any for a lease, a job that has not ended is
 * cancelled.
 */
export class Attendance {
  readonly taken: Promise<TakenKey>
  hasEnded = false
  private readonly taker: Pick<OfferTaker, 'cancel'>
  private readonly forget: () => void
  private readonly abandon = new AbortController()
  private readonly connections: Connection[] = []
  private readonly waiting = new Set<(connection: Connection) => void>()
  private lease: NodeJS.Timeout | undefined
  private isClosed = false

  constructor(
    taker: Pick<OfferTaker, 'cancel'>,
    forget: () => void,
    take: (signal: AbortSignal, connect: (signal: AbortSignal) => Promise<Connection>) => Promise<TakenKey>,
  ) {
    this.taker = taker
    this.forget = forget
    this.taken = take(this.abandon.signal, signal => this.connection(signal))
    // What was refused is nothing to attach to: the same offer may come again.
    this.taken.catch(() => this.close())
  }

  /** @returns what ends it, and begins a lease when nobody else is there. */
  enter(connection: Connection): (leaseMs: number) => void {
    clearTimeout(this.lease)
    this.connections.push(connection)
    for (const give of this.waiting) give(connection)
    this.waiting.clear()
    return leaseMs => {
      this.connections.splice(this.connections.indexOf(connection), 1)
      if (this.connections.length > 0 || this.isClosed) return
      this.lease = setTimeout(() => this.stop(), leaseMs)
      this.lease.unref()
    }
  }

  cancel(): void {
    this.abandon.abort(new PhaseError('cancelled', 'The submitter cancelled the job'))
    this.taken.then(key => this.taker.cancel(key)).catch(() => {})
  }

  stop(): void {
    if (!this.hasEnded) this.cancel()
    this.close()
  }

  close(): void {
    this.isClosed = true
    clearTimeout(this.lease)
    this.forget()
  }

  /** The newest open connection, or the next that comes. @throws the signal's reason when it aborts before. */
  private async connection(signal: AbortSignal): Promise<Connection> {
    signal.throwIfAborted()
    const open = this.connections.findLast(({ status }) => status === 'open')
    if (open !== undefined) return open
    const { promise, resolve, reject } = Promise.withResolvers<Connection>()
    const leave = () => reject(signal.reason)
    this.waiting.add(resolve)
    signal.addEventListener('abort', leave, { once: true })
    try {
      return await promise
    } finally {
      this.waiting.delete(resolve)
      signal.removeEventListener('abort', leave)
    }
  }
}
