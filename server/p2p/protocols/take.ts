/** The executor's side of `/phase/job/1`: offers taken, watched, and sent back with their results. */
import { createHash } from 'node:crypto'
import type { Connection } from '@libp2p/interface'
import { isPhaseError, PhaseError } from '../../../phase/errors.ts'
import { creditBytes, frameBodyBytesMax, leaseMs, resultTtlMs } from '../../../phase/limits.ts'
import { type FrameOf, submitterFrames } from '../../../phase/wire.ts'
import { Credit, Turns } from '../flow.ts'
import type { FrameStream } from '../framing.ts'
import { Attendance } from './attendance.ts'
import type { BlobFetcher } from './blob.ts'
import { beat, chunkBytes, type OfferTaker, refusalFrame, shortened, silenceMs, type TakenEvent } from './job.ts'

/** How long an offer's one frame may take, and to be waited for before. */
const offerTimeoutMs = 30_000
/** Offers that are read over one connection at once: each may be of a MiB. */
const readsMax = 8
/** How long a submitter may take to make room for more output. */
const creditTimeoutMs = 30_000
/** How long a submitter may take to check a result before its stream is let go; the result is kept for longer. */
const settleTimeoutMs = 60_000
/** Jobs that peers have attached to, or left less than a lease ago. */
const attendedMax = 4096

type OfferHeader = FrameOf<Pick<typeof submitterFrames, 'offer'>>
type Ended = TakenEvent & { type: 'ended' }

export class OfferServer {
  private readonly taker: OfferTaker
  private readonly fetcher: BlobFetcher
  private readonly reads = new Turns(readsMax)
  private readonly attended = new Map<string, Attendance>()

  constructor(taker: OfferTaker, fetcher: BlobFetcher) {
    this.taker = taker
    this.fetcher = fetcher
  }

  async serve(frames: FrameStream, connection: Connection): Promise<void> {
    const quiet = beat(frames)
    try {
      const { header, request, stdin } = await this.readOffer(frames, connection)
      const attendance = this.attend(connection, request, stdin)
      const leave = attendance.enter(connection)
      try {
        await this.converse(frames, header, attendance)
      } finally {
        leave(frames.silentMs < silenceMs ? leaseMs : leaseMs - silenceMs)
      }
    } catch (error) {
      quiet()
      // A refusal would be the last word for a submitter that wakes up and could still attach.
      if (frames.isBroken || frames.silentMs >= silenceMs) throw error
      await frames.write(refusalFrame(error))
    } finally {
      quiet()
    }
    frames.finish()
  }

  stop(): void {
    for (const attendance of this.attended.values()) attendance.stop()
  }

  private async readOffer(frames: FrameStream, connection: Connection) {
    const leave = await this.reads.take(connection, AbortSignal.timeout(offerTimeoutMs)).catch((cause: unknown) => {
      throw new PhaseError('busy', 'Cannot read the offer: too many others come over this connection', { cause })
    })
    try {
      const limits = { timeoutMs: offerTimeoutMs, bodyBytesMax: frameBodyBytesMax }
      const { header, body } = await frames.read(submitterFrames, limits)
      if (header.type !== 'offer') throw new PhaseError('protocol', `Cannot take an offer: "${header.type}" came first`)
      const { requestBytes, stdinBytes = 0 } = header
      if (requestBytes + stdinBytes !== body.length) {
        throw new PhaseError('protocol', `Cannot take an offer: its body has ${body.length} bytes, not what it says`)
      }
      const stdin = stdinBytes === 0 ? undefined : body.slice(requestBytes)
      return { header, request: body.slice(0, requestBytes), stdin }
    } finally {
      leave()
    }
  }

  private attend(connection: Connection, request: Uint8Array, stdin: Uint8Array | undefined): Attendance {
    const submitter = connection.remotePeer.toString()
    const name = `${submitter} ${createHash('sha256').update(request).digest('hex')}`
    const known = this.attended.get(name)
    if (known !== undefined) return known
    if (this.attended.size >= attendedMax) {
      throw new PhaseError('busy', `Cannot take the offer: ${attendedMax} others are open`, { retryAfterMs: 1_000 })
    }
    // The same offer may have come again in the meantime.
    const forget = () => this.attended.get(name) === attendance && this.attended.delete(name)
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
    const judged = listen(frames, attendance, credit)
    judged.then(
      () => gone.abort(),
      (error: unknown) => gone.abort(error),
    )
    try {
      const key = await Promise.race([attendance.taken, judged.then(() => attendance.taken)])
      await frames.write({ header: { type: 'accepted', leaseMs, resultTtlMs } })
      for await (const event of this.taker.watch(key, gone.signal)) {
        if (event.type === 'ended') {
          attendance.hasEnded = true
          await sendEnd(frames, event, header, credit)
        } else if (event.type === 'started') await frames.write({ header: { type: 'started' } })
        else await frames.write({ header: { type: 'progress', detail: shortened(event.detail) } })
      }
      await this.taker.settle(key, await untilSettled(judged, frames))
    } catch (error) {
      throw isPhaseError(gone.signal.reason) ? gone.signal.reason : error
    }
    attendance.close()
    await frames.write({ header: { type: 'closed' } })
  }
}

/** What the submitter says, until it has judged the result. @returns the receipt that it accepted. */
async function listen(frames: FrameStream, attendance: Attendance, credit: Credit): Promise<string | undefined> {
  try {
    for (;;) {
      const { header } = await frames.read(submitterFrames, { timeoutMs: silenceMs })
      if (header.type === 'settled') return header.receiptId
      if (header.type === 'disputed') return undefined
      if (header.type === 'credit') credit.grant(header.bytes)
      else if (header.type === 'cancel') attendance.cancel()
      else if (header.type === 'offer') throw new PhaseError('protocol', 'Cannot take a second "offer" on one stream')
    }
  } catch (error) {
    credit.end(error)
    throw error
  }
}

async function untilSettled(judged: Promise<string | undefined>, frames: FrameStream): Promise<string | undefined> {
  const late = () => frames.abort(new PhaseError('timedOut', 'Nobody settled the result'))
  const timer = setTimeout(late, settleTimeoutMs)
  try {
    return await judged
  } finally {
    clearTimeout(timer)
  }
}

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
    const size = await credit.take(Math.min(chunkBytes, bytes.length - offset), creditTimeoutMs)
    await frames.write({ header: { type: 'output', stream, offset }, body: bytes.subarray(offset, offset + size) })
    offset += size
  }
}
