/**
 * `/phase/job/1`: offer, accept or refuse, progress, result, settled. What both sides share: the shapes that the rest of the node sees, and
 * how a refusal travels. The submitter's side is offer.ts, the executor's take.ts.
 */
import { type ErrorCode, errorCodes, isPhaseError, PhaseError } from '../../../phase/errors.ts'
import { heartbeatMs, leaseMs } from '../../../phase/limits.ts'
import type { ExecutionEnd } from '../../../phase/wire.ts'
import type { FrameStream, OutgoingFrame } from '../framing.ts'

export interface OutgoingOffer {
  /** The signed request, envelope bytes. */
  request: Uint8Array
  jobId: string
  attempt: number
  /** Travels inside the offer. */
  stdin?: Uint8Array
  /** Digests that the executor may fetch while the offer is open. */
  names: string[]
  /** How long the executor may take to begin, and then to end: heartbeats alone keep nobody waiting for ever. */
  startMs: number
  runMs: number
  sink: OfferSink
}

/** What comes back, called in order and each awaited. A rejection ends the offer as disputed. */
export interface OfferSink {
  accepted(): Promise<void>
  started(): Promise<void>
  progress(detail: string): Promise<void>
  output(stream: 'stdout' | 'stderr', bytes: Uint8Array): Promise<void>
  /** After all output. When it resolves the executor may forget the result. */
  ended(end: ExecutionEnd, receipt: Uint8Array | undefined): Promise<{ receiptId?: string }>
}

/** Whoever runs what peers offer. */
export interface OfferTaker {
  /**
   * Idempotent by (submitter, jobId, replica, attempt) with the same request. Resolves when the bytes are there and the job is accepted.
   * `fetch` streams one content from the submitter. @throws {PhaseError} the refusal.
   */
  take(
    offer: {
      submitter: string
      request: Uint8Array
      stdin?: Uint8Array
      fetch(content: WantedContent, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>
    },
    signal: AbortSignal,
  ): Promise<TakenKey>
  /** Events of a taken job from the beginning; ends after `ended`. */
  watch(key: TakenKey, signal: AbortSignal): AsyncIterable<TakenEvent>
  cancel(key: TakenKey): Promise<void>
  settle(key: TakenKey, receiptId: string | undefined): Promise<void>
}

export interface WantedContent {
  digest: string
  /** More bytes than this are refused. */
  sizeMax: number
}

export interface TakenKey {
  submitter: string
  jobId: string
  replica: number
  attempt: number
}

export type TakenEvent =
  | { type: 'started' }
  | { type: 'progress'; detail: string }
  | { type: 'ended'; end: ExecutionEnd; receipt?: Uint8Array; stdout: Uint8Array; stderr: Uint8Array }

/** Without a frame for this long a stream counts as broken. The rest of the lease is there to attach again. */
export const silenceMs = leaseMs / 2
/** Raw bytes in one frame: small enough that a slow link brings one before that. */
export const chunkBytes = 64 * 1024
/** The longest text for a person that travels. */
const detailCharactersMax = 1024

export const shortened = (text: string): string => text.slice(0, detailCharactersMax)

/** Says that this side lives, where the link takes more. @returns what ends it. */
export function beat(frames: FrameStream): () => void {
  const timer = setInterval(() => {
    if (!frames.isBlocked) frames.write({ header: { type: 'heartbeat' } }).catch(() => {})
  }, heartbeatMs)
  return () => clearInterval(timer)
}

/** What a stranger may know of `error`. */
export function refusalFrame(error: unknown): OutgoingFrame {
  const { code, message, retryAfterMs } = isPhaseError(error) ? error : unexpected
  return {
    header: {
      type: 'refused',
      code,
      detail: shortened(message),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs: Math.ceil(retryAfterMs) }),
    },
  }
}

const unexpected = new PhaseError('internal', 'The node failed')

/** The refusal that a `refused` frame brought; a code from the future counts as `internal`. */
export function refusalOf(frame: { code: string; detail: string; retryAfterMs?: number }): PhaseError {
  const known = (errorCodes as readonly string[]).includes(frame.code)
  const code = known ? (frame.code as ErrorCode) : 'internal'
  return new PhaseError(
    code,
    frame.detail,
    frame.retryAfterMs === undefined ? {} : { retryAfterMs: frame.retryAfterMs },
  )
}
