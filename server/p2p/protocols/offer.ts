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
import { Pace } from '../flow.ts'
import { asError, FrameStream } from '../framing.ts'
import type { OpenOffers } from './blob.ts'
import { beat, type OutgoingOffer, refusalOf, shortened, silenceMs } from './job.ts'

/** Between two tries to reach an executor that was lost. */
const reattachMs = 400
/** Tries in a row at which nothing listens where the executor did: its process is gone, and the job with it. */
const unheardMax = 3
/** How long an executor that has the result settled may take to say so: nothing depends on it. */
const closedTimeoutMs = 2_000
/** `progress` frames of one job: each is kept. */
const progressMax = 1024
const receiptBytesMax = receiptPayloadBytesMax * 2 + envelopeBytesExtra

export interface OfferParts {
  /** An open connection to the executor, dialled where there is none. */
  connect(signal: AbortSignal): Promise<Connection>
  offers: OpenOffers
}

/**
 * Resolves when the sink has taken the end.
 * @throws {PhaseError} `refused` with the executor's refusal as cause, or `noPeer` where it was never reached: it has not run the job;
 * `unavailable` when it was lost afterwards; `protocol` when it breaks the rules; `cancelled` after `signal`; what the sink throws.
 */
export async function offer(outgoing: OutgoingOffer, parts: OfferParts, signal: AbortSignal): Promise<void> {
  const offering = new Offering(outgoing, parts, signal)
  for (let unheard = 0; ; ) {
    try {
      await offering.attach()
      return
    } catch (error) {
      if (offering.isOver || !isLoss(error)) throw error
      if (signal.aborted && !isPhaseError(signal.reason, 'cancelled')) throw signal.reason
      unheard = nothingListens(error) ? unheard + 1 : 0
      if (!offering.isWorthATry || unheard >= unheardMax) throw offering.lost(error)
    }
    await delay(reattachMs)
  }
}

/** A connection or stream that broke, in libp2p's words or ours. */
const isLoss = (error: unknown): boolean => !isPhaseError(error) || isPhaseError(error, 'unavailable', 'timedOut')

/** Whether the executor's machine itself says that no process listens at any of its addresses. */
function nothingListens(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.length > 0 && error.errors.every(nothingListens)
  return error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED'
}

type Stage = 'offered' | 'accepted' | 'started' | 'ended'
type Ended = { end: ExecutionEnd; receipt: Uint8Array | undefined }

/** Which frames may come when, and where each leads. Heartbeats and refusals always may. */
const course: Record<Stage, Readonly<Record<string, Stage>>> = {
  offered: { accepted: 'accepted' },
  accepted: { started: 'started', progress: 'accepted', ended: 'ended' },
  started: { progress: 'started', ended: 'ended' },
  ended: { output: 'ended', outputEnd: 'ended' },
}

/** What has come of one offer, over all its streams. */
class Offering {
  private readonly outgoing: OutgoingOffer
  private readonly parts: OfferParts
  private readonly signal: AbortSignal
  private readonly received = { stdout: 0, stderr: 0 }
  private accepted = false
  /** Events that the sink has had: a new stream tells them again from the beginning. */
  private told = 0
  /** The sink has had its say, or the executor its own: nothing is tried again. */
  isOver = false
  private wasReached = false
  private heardAtMs = performance.now()
  private readonly offeredAtMs = performance.now()
  private startedAtMs: number | undefined
  private cancelledAtMs: number | undefined
  /** Of the result, from when it was first said to be there. */
  private pace: Pace | undefined

  constructor(outgoing: OutgoingOffer, parts: OfferParts, signal: AbortSignal) {
    this.outgoing = outgoing
    this.parts = parts
    this.signal = signal
  }

  /** Whether the executor may still hold the job for this node. */
  get isWorthATry(): boolean {
    if (this.signal.aborted && !this.accepted) return false
    return this.wasReached && performance.now() - this.heardAtMs < leaseMs
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
    const limit = AbortSignal.timeout(silenceMs)
    // A cancel has to reach the executor over a new stream too.
    const opening = this.accepted ? limit : AbortSignal.any([this.signal, limit])
    const connection = await this.parts.connect(opening)
    const close = this.parts.offers.open(connection.id, this.outgoing.names)
    try {
      const stream = await connection.newStream(protocols.job, { signal: opening })
      // It has answered, if only that it speaks the protocol: what it takes from here on may be attached to.
      this.wasReached = true
      await this.speak(new FrameStream(stream))
    } finally {
      close()
    }
  }

  private async speak(frames: FrameStream): Promise<void> {
    const cancel = () => {
      this.cancelledAtMs ??= performance.now()
      if (isPhaseError(this.signal.reason, 'cancelled')) frames.write({ header: { type: 'cancel' } }).catch(() => {})
      else frames.abort(asError(this.signal.reason))
    }
    this.signal.addEventListener('abort', cancel, { once: true })
    const quiet = beat(frames)
    try {
      await frames.write(this.offerFrame())
      if (this.signal.aborted) cancel()
      await this.conclude(frames, await this.listen(frames))
      frames.finish()
    } catch (error) {
      frames.abort(asError(error))
      throw error
    } finally {
      quiet()
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

  /** Until all output is here. */
  private async listen(frames: FrameStream): Promise<Ended> {
    let stage: Stage = 'offered'
    let ended: Ended | undefined
    let ungranted = 0
    for (let event = 0; ; ) {
      const { header, body } = await this.next(frames, stage)
      if (header.type === 'heartbeat') continue
      if (header.type === 'refused') throw this.refusal(header)
      const leadsTo: Stage | undefined = course[stage][header.type]
      if (leadsTo === undefined) throw outOfTurn(header.type)
      stage = leadsTo
      if (header.type === 'accepted') await this.accept()
      else if (header.type === 'started' || header.type === 'progress') await this.tell(++event, header)
      else if (header.type === 'ended') {
        const { type: _type, ...end } = header
        this.pace ??= new Pace(performance.now())
        ended = { end, receipt: body.length === 0 ? undefined : body.slice() }
      } else if (header.type === 'output' && ended !== undefined) {
        this.pace?.count(body.length, performance.now())
        await this.take(header, body, ended.end)
        ungranted = await grant(frames, ungranted + body.length)
      } else if (ended !== undefined) return ended
    }
  }

  private async next(frames: FrameStream, stage: Stage) {
    const bodyBytesMax = Math.max(frameBodyBytesMax, receiptBytesMax)
    const frame = await frames.read(executorFrames, { timeoutMs: silenceMs, bodyBytesMax })
    this.heardAtMs = performance.now()
    this.pace?.count(0, this.heardAtMs)
    if (stage !== 'ended') this.keepPatience()
    return frame
  }

  /** An executor that only beats has the job no longer than an honest one needs. */
  private keepPatience(): void {
    const { outgoing, cancelledAtMs, startedAtMs, offeredAtMs, heardAtMs } = this
    if (cancelledAtMs !== undefined && heardAtMs - cancelledAtMs > leaseMs) throw this.signal.reason
    if (startedAtMs === undefined && heardAtMs - offeredAtMs > outgoing.startMs) {
      const busy = new PhaseError('busy', `the executor did not begin within ${outgoing.startMs} ms`)
      throw new PhaseError('refused', `Cannot wait longer: ${busy.message}`, { cause: busy })
    }
    if (startedAtMs !== undefined && heardAtMs - startedAtMs > outgoing.runMs) {
      throw new PhaseError('protocol', `Cannot wait longer: the executor did not end the job in ${outgoing.runMs} ms`)
    }
  }

  private refusal(frame: { code: string; detail: string; retryAfterMs?: number }): PhaseError {
    const cause = refusalOf(frame)
    if (isPhaseError(this.signal.reason, 'cancelled')) return this.signal.reason
    if (!this.accepted) return new PhaseError('refused', `The executor refused the job: ${cause.message}`, { cause })
    this.isOver = true
    return new PhaseError('unavailable', `The executor gave the job up: ${cause.message}`, { cause })
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
    if (event > progressMax) throw new PhaseError('protocol', `Cannot follow: more than ${progressMax} events came`)
    if (event <= this.told) return
    this.told = event
    if (frame.type === 'started') {
      this.startedAtMs = performance.now()
      await this.outgoing.sink.started()
    } else await this.outgoing.sink.progress(shortened(frame.detail))
  }

  private async take(
    { stream, offset }: { stream: 'stdout' | 'stderr'; offset: number },
    body: Uint8Array,
    end: ExecutionEnd,
  ): Promise<void> {
    if (offset !== this.received[stream] || body.length === 0 || offset + body.length > end[stream].size) {
      throw new PhaseError(
        'protocol',
        `Cannot accept output: ${body.length} bytes of ${stream} at ${offset} do not fit`,
      )
    }
    this.received[stream] += body.length
    await this.outgoing.sink.output(stream, body)
  }

  private async conclude(frames: FrameStream, { end, receipt }: Ended): Promise<void> {
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
