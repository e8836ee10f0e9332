/** The submitter's side of `/phase/job/1`: one job offered, seen through to `closed`, attached to again where a stream breaks. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Connection } from '@libp2p/interface'
import { isPhaseError, PhaseError } from '../../../phase/errors.ts'
import {
  creditBytes,
  envelopeBytesExtra,
  frameBodyBytesMax,
  leaseMs,
  receiptPayloadBytesMax,
} from '../../../phase/limits.ts'
import { type ExecutionEnd, executorFrames, type FrameOf, protocols } from '../../../phase/wire.ts'
import { asError, FrameStream } from '../framing.ts'
import type { OpenOffers } from './blob.ts'
import { type OutgoingOffer, refusalOf, shortened } from './job.ts'

/** Between two tries to reach an executor that was lost. */
const reattachMs = 400
/** How long an executor that has the result settled may take to say so: nothing depends on it. */
const closedTimeoutMs = 2_000
const receiptBytesMax = receiptPayloadBytesMax * 2 + envelopeBytesExtra

export interface OfferParts {
  /** An open connection to the executor, dialled where there is none. */
  connect(signal: AbortSignal): Promise<Connection>
  offers: OpenOffers
}

/**
 * Resolves when the sink has taken the end.
 * @throws {PhaseError} `refused` with the executor's refusal as cause, or `noPeer` where it was never reached: it has not run the job;
 * `unavailable` when it was lost afterwards; `cancelled` after `signal`; what the sink throws.
 */
export async function offer(outgoing: OutgoingOffer, parts: OfferParts, signal: AbortSignal): Promise<void> {
  const offering = new Offering(outgoing, parts, signal)
  for (;;) {
    try {
      await offering.attach()
      return
    } catch (error) {
      if (isPhaseError(error, 'refused') || offering.isOver || !isLoss(error)) throw error
      if (signal.aborted && !isPhaseError(signal.reason, 'cancelled')) throw signal.reason
      if (performance.now() - offering.heardAtMs >= leaseMs || !offering.wasReached) throw offering.lost(error)
    }
    await delay(reattachMs)
  }
}

/** A connection or stream that broke, in libp2p's words or ours. */
const isLoss = (error: unknown): boolean => !isPhaseError(error) || isPhaseError(error, 'unavailable', 'timedOut')

/** What has come of one offer, over all its streams. */
class Offering {
  private readonly outgoing: OutgoingOffer
  private readonly parts: OfferParts
  private readonly signal: AbortSignal
  private readonly received = { stdout: 0, stderr: 0 }
  private accepted = false
  /** Events that the sink has had: a new stream tells them again from the beginning. */
  private told = 0
  /** The sink has had its say: nothing is tried again. */
  isOver = false
  wasReached = false
  heardAtMs = performance.now()

  constructor(outgoing: OutgoingOffer, parts: OfferParts, signal: AbortSignal) {
    this.outgoing = outgoing
    this.parts = parts
    this.signal = signal
  }

  lost(cause: unknown): PhaseError {
    const { jobId } = this.outgoing
    if (isPhaseError(this.signal.reason, 'cancelled')) return this.signal.reason
    if (this.accepted)
      return new PhaseError('unavailable', `Cannot finish job "${jobId}": its executor was lost`, { cause })
    const unreached = new PhaseError('noPeer', `Cannot offer job "${jobId}": the executor cannot be reached`, { cause })
    return new PhaseError('refused', unreached.message, { cause: unreached })
  }

  async attach(): Promise<void> {
    const opening = AbortSignal.any([this.signal, AbortSignal.timeout(leaseMs)])
    // A cancel has to reach the executor over a new stream too.
    const connection = await this.parts.connect(this.accepted ? AbortSignal.timeout(leaseMs) : opening)
    const close = this.parts.offers.open(connection.id, this.outgoing.names)
    try {
      const stream = await connection.newStream(protocols.job, { signal: AbortSignal.timeout(leaseMs) })
      await this.speak(new FrameStream(stream))
    } finally {
      close()
    }
  }

  private async speak(frames: FrameStream): Promise<void> {
    const cancel = () => {
      if (isPhaseError(this.signal.reason, 'cancelled')) frames.write({ header: { type: 'cancel' } }).catch(() => {})
      else frames.abort(asError(this.signal.reason))
    }
    this.signal.addEventListener('abort', cancel, { once: true })
    try {
      await frames.write(this.offerFrame())
      if (this.signal.aborted) cancel()
      await this.listen(frames)
      frames.finish()
    } catch (error) {
      frames.abort(asError(error))
      throw error
    } finally {
      this.signal.removeEventListener('abort', cancel)
    }
  }

  private offerFrame() {
    const { request, stdin } = this.outgoing
    const { stdout, stderr } = this.received
    const header = {
      type: 'offer',
      requestBytes: request.length,
      ...(stdin === undefined ? {} : { stdinBytes: stdin.length }),
      ...(stdout === 0 ? {} : { stdoutOffset: stdout }),
      ...(stderr === 0 ? {} : { stderrOffset: stderr }),
    }
    return { header, body: stdin === undefined ? request : Buffer.concat([request, stdin]) }
  }

  /** Until `closed`. A cancelled job has as long as a lost one to end. */
  private async listen(frames: FrameStream): Promise<void> {
    let ended: { end: ExecutionEnd; receipt: Uint8Array | undefined } | undefined
    let ungranted = 0
    for (let event = 0; ; ) {
      const { header, body } = await this.next(frames)
      if (header.type === 'refused') throw this.refusal(header)
      if (header.type === 'accepted') await this.accept()
      else if (header.type === 'started' || header.type === 'progress') await this.tell(++event, header)
      else if (header.type === 'ended') {
        const { type: _type, ...end } = header
        ended = { end, receipt: body.length === 0 ? undefined : body.slice() }
      } else if (header.type === 'output') {
        await this.take(header, body, ended?.end)
        ungranted = await grant(frames, ungranted + body.length)
      } else if (header.type === 'outputEnd') {
        if (ended === undefined) throw outOfTurn(header.type)
        await this.conclude(frames, ended)
        return
      } else if (header.type !== 'heartbeat') throw outOfTurn(header.type)
    }
  }

  private async next(frames: FrameStream) {
    const bodyBytesMax = Math.max(frameBodyBytesMax, receiptBytesMax)
    const frame = await frames.read(executorFrames, { timeoutMs: leaseMs, bodyBytesMax })
    this.wasReached = true
    this.heardAtMs = performance.now()
    return frame
  }

  private refusal(frame: { code: string; detail: string; retryAfterMs?: number }): PhaseError {
    const cause = refusalOf(frame)
    if (isPhaseError(this.signal.reason, 'cancelled')) return this.signal.reason
    if (this.accepted) return new PhaseError('unavailable', `The executor gave the job up: ${cause.message}`, { cause })
    return new PhaseError('refused', `The executor refused the job: ${cause.message}`, { cause })
  }

  private async accept(): Promise<void> {
    if (this.accepted) return
    this.accepted = true
    await this.outgoing.sink.accepted()
  }

  private async tell(
    event: number,
    frame: FrameOf<Pick<typeof executorFrames, 'started' | 'progress'>>,
  ): Promise<void> {
    if (event <= this.told) return
    this.told = event
    if (frame.type === 'started') await this.outgoing.sink.started()
    else await this.outgoing.sink.progress(frame.detail)
  }

  private async take(
    { stream, offset }: { stream: 'stdout' | 'stderr'; offset: number },
    body: Uint8Array,
    end: ExecutionEnd | undefined,
  ): Promise<void> {
    if (end === undefined) throw outOfTurn('output')
    if (offset !== this.received[stream] || body.length === 0 || offset + body.length > end[stream].size) {
      throw new PhaseError(
        'protocol',
        `Cannot accept output: ${body.length} bytes of ${stream} at ${offset} do not fit`,
      )
    }
    this.received[stream] += body.length
    await this.outgoing.sink.output(stream, body)
  }

  private async conclude(
    frames: FrameStream,
    { end, receipt }: { end: ExecutionEnd; receipt: Uint8Array | undefined },
  ): Promise<void> {
    this.isOver = true
    try {
      const { receiptId } = await this.outgoing.sink.ended(end, receipt)
      await frames
        .write({ header: { type: 'settled', ...(receiptId === undefined ? {} : { receiptId }) } })
        .catch(() => {})
    } catch (error) {
      const detail = isPhaseError(error) ? shortened(error.message) : 'the submitter failed'
      await frames.write({ header: { type: 'disputed', detail } }).catch(() => {})
      throw error
    } finally {
      void lastFrame(frames)
    }
  }
}

/** The executor may take its time to forget; who waits for the job does not. */
async function lastFrame(frames: FrameStream): Promise<void> {
  try {
    await frames.read(executorFrames, { timeoutMs: closedTimeoutMs })
  } catch {
    // It is settled here, and there at the latest when the result's time is over.
  }
}

async function grant(frames: FrameStream, ungranted: number): Promise<number> {
  if (ungranted < creditBytes / 2) return ungranted
  await frames.write({ header: { type: 'credit', bytes: ungranted } })
  return 0
}

const outOfTurn = (type: string) => new PhaseError('protocol', `Cannot follow the executor: "${type}" came out of turn`)
