/** The executor's side of `/phase/job/1`: offers taken, watched, and sent back with their results. */
import { createHash } from 'node:crypto'
import type { Connection } from '@libp2p/interface'
import { isPhaseError, PhaseError } from '../../../phase/errors.ts'
import {
  creditBytes,
  frameBodyBytesMax,
  heartbeatMs,
  leaseMs,
  resultTtlMs,
  timeoutMsMax,
} from '../../../phase/limits.ts'
import { type FrameOf, submitterFrames } from '../../../phase/wire.ts'
import { Credit, type FrameStream } from '../framing.ts'
import type { BlobFetcher } from './blob.ts'
import { chunkBytes, type OfferTaker, refusalFrame, shortened, type TakenEvent, type TakenKey } from './job.ts'

/** How long an offer's one frame may take. */
const offerTimeoutMs = 10_000
/** How long a submitter may take to check a result before its stream is let go; the result is kept for longer. */
const settleTimeoutMs = 60_000
/** Jobs that peers have attached to, or left less than a lease ago. */
const attendedMax = 4096

type OfferHeader = FrameOf<Pick<typeof submitterFrames, 'offer'>>
type Ended = TakenEvent & { type: 'ended' }

export class OfferServer {
  private readonly taker: OfferTaker
  private readonly fetcher: BlobFetcher
  private readonly attended = new Map<string, Attendance>()

  constructor(taker: OfferTaker, fetcher: BlobFetcher) {
    this.taker = taker
    this.fetcher = fetcher
  }

  async serve(frames: FrameStream, connection: Connection): Promise<void> {
    const limits = { timeoutMs: offerTimeoutMs, bodyBytesMax: frameBodyBytesMax }
    const { header, body } = await frames.read(submitterFrames, limits)
    if (header.type !== 'offer') throw new PhaseError('protocol', `Cannot take an offer: "${header.type}" came first`)
    const { requestBytes, stdinBytes = 0 } = header
    if (requestBytes + stdinBytes !== body.length) {
      throw new PhaseError('protocol', `Cannot take an offer: its body has ${body.length} bytes, not what it says`)
    }
    const request = body.slice(0, requestBytes)
    const stdin = stdinBytes === 0 ? undefined : body.slice(requestBytes)
    const heart = setInterval(() => {
      if (!frames.isBlocked) frames.write({ header: { type: 'heartbeat' } }).catch(() => {})
    }, heartbeatMs)
    try {
      const attendance = this.attend(connection, request, stdin)
      const leave = attendance.enter(connection)
      try {
        await this.converse(frames, header, attendance)
      } finally {
        leave()
      }
    } catch (error) {
      clearInterval(heart)
      if (frames.isBroken) throw error
      await frames.write(refusalFrame(error))
    } finally {
      clearInterval(heart)
    }
    frames.finish()
  }

  stop(): void {
    for (const attendance of this.attended.values()) attendance.stop()
  }

  private attend(connection: Connection, request: Uint8Array, stdin: Uint8Array | undefined): Attendance {
    const submitter = connection.remotePeer.toString()
    const name = `${submitter} ${createHash('sha256').update(request).digest('hex')}`
    const known = this.attended.get(name)
    if (known !== undefined) return known
    if (this.attended.size >= attendedMax) {
      throw new PhaseError('busy', `Cannot take the offer: ${attendedMax} others are open`, { retryAfterMs: 1_000 })
    }
    const forget = () => this.attended.delete(name)
    const attendance = new Attendance(this.taker, forget, (signal, connect) =>
      this.taker.take(
        {
          submitter,
          request,
          ...(stdin === undefined ? {} : { stdin }),
          fetch: async (wanted, fetching) => this.fetcher.fetch(wanted, connect, AbortSignal.any([fetching, signal])),
        },
        signal,
      ),
    )
    this.attended.set(name, attendance)
    return attendance
  }

  private async converse(frames: FrameStream, header: OfferHeader, attendance: Attendance): Promise<void> {
    const credit = new Credit(creditBytes)
    const gone = new AbortController()
    const settled = this.listen(frames, attendance, credit).finally(() => gone.abort())
    settled.catch(() => {})
    const key = await Promise.race([attendance.taken, settled.then(() => attendance.taken)])
    await frames.write({ header: { type: 'accepted', leaseMs, resultTtlMs } })
    for await (const event of this.taker.watch(key, gone.signal)) {
      if (event.type === 'ended') await sendEnd(frames, event, header, credit)
      else if (event.type === 'started') await frames.write({ header: { type: 'started' } })
      else await frames.write({ header: { type: 'progress', detail: shortened(event.detail) } })
    }
    attendance.hasEnded = true
    const slow = setTimeout(
      () => frames.abort(new PhaseError('timedOut', 'Nobody settled the result')),
      settleTimeoutMs,
    )
    try {
      await this.taker.settle(key, await settled)
    } finally {
      clearTimeout(slow)
    }
    attendance.close()
    await frames.write({ header: { type: 'closed' } })
  }

  /** What the submitter says, until it has judged the result. @returns the receipt that it accepted. */
  private async listen(frames: FrameStream, attendance: Attendance, credit: Credit): Promise<string | undefined> {
    try {
      for (;;) {
        const { header } = await frames.read(submitterFrames, { timeoutMs: silenceMsMax })
        if (header.type === 'settled') return header.receiptId
        if (header.type === 'disputed') return undefined
        if (header.type === 'credit') credit.grant(header.bytes)
        else if (header.type === 'cancel') attendance.cancel()
        else throw new PhaseError('protocol', 'Cannot follow the submitter: a second "offer" came')
      }
    } catch (error) {
      credit.end(error)
      throw error
    }
  }
}

/** A submitter has nothing to say while its job waits and runs. Its connection is watched by other means. */
const silenceMsMax = Math.min(2 ** 31 - 1, 4 * timeoutMsMax)

/** The result, from where the submitter has it already. */
async function sendEnd(frames: FrameStream, ended: Ended, header: OfferHeader, credit: Credit): Promise<void> {
  await frames.write({
    header: { type: 'ended', ...ended.end },
    ...(ended.receipt === undefined ? {} : { body: ended.receipt }),
  })
  await sendOutput(frames, 'stdout', ended.stdout, header.stdoutOffset ?? 0, credit)
  await sendOutput(frames, 'stderr', ended.stderr, header.stderrOffset ?? 0, credit)
  await frames.write({ header: { type: 'outputEnd' } })
}

async function sendOutput(
  frames: FrameStream,
  stream: 'stdout' | 'stderr',
  bytes: Uint8Array,
  from: number,
  credit: Credit,
): Promise<void> {
  for (let offset = from; offset < bytes.length; ) {
    const size = await credit.take(Math.min(chunkBytes, bytes.length - offset))
    await frames.write({ header: { type: 'output', stream, offset }, body: bytes.subarray(offset, offset + size) })
    offset += size
  }
}

/**
 * One job and the streams of its submitter, one after the other as connections break. Without any for a lease, a job that has not ended is
 * cancelled.
 */
class Attendance {
  readonly taken: Promise<TakenKey>
  hasEnded = false
  private readonly taker: OfferTaker
  private readonly forget: () => void
  private readonly abandon = new AbortController()
  private readonly connections: Connection[] = []
  private readonly waiting = new Set<(connection: Connection) => void>()
  private lease: NodeJS.Timeout | undefined

  constructor(
    taker: OfferTaker,
    forget: () => void,
    take: (signal: AbortSignal, connect: (signal: AbortSignal) => Promise<Connection>) => Promise<TakenKey>,
  ) {
    this.taker = taker
    this.forget = forget
    this.taken = take(this.abandon.signal, signal => this.connection(signal))
    // What was refused is nothing to attach to: the same offer may come again.
    this.taken.catch(() => this.close())
  }

  /** @returns what ends it. */
  enter(connection: Connection): () => void {
    clearTimeout(this.lease)
    this.connections.push(connection)
    for (const give of this.waiting) give(connection)
    this.waiting.clear()
    return () => {
      this.connections.splice(this.connections.indexOf(connection), 1)
      if (this.connections.length > 0) return
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
    clearTimeout(this.lease)
    this.forget()
  }

  /** The newest open connection, or the next that comes. */
  private async connection(signal: AbortSignal): Promise<Connection> {
    const open = this.connections.findLast(({ status }) => status === 'open')
    if (open !== undefined) return open
    const { promise, resolve, reject } = Promise.withResolvers<Connection>()
    const leave = () =>
      reject(isPhaseError(signal.reason) ? signal.reason : new PhaseError('cancelled', 'It was given up'))
    this.waiting.add(resolve)
    signal.addEventListener('abort', leave, { once: true })
    if (signal.aborted) leave()
    try {
      return await promise
    } finally {
      this.waiting.delete(resolve)
      signal.removeEventListener('abort', leave)
    }
  }
}
