import type { Job, JobReason, Verification } from './generated/models.ts'

/** Everything that this library throws itself; an aborted call throws the reason of its AbortSignal instead. */
export abstract class PlasmError extends Error {
  /** What a program can act on: a code of the node's (`notFound`, `busy`, …), or one of ours. */
  readonly code: string
  /** What happened, without the hint that `message` ends with. */
  readonly detail: string
  /** The next step, for a person. */
  readonly hint: string | undefined

  constructor(code: string, detail: string, options: { hint?: string | undefined; cause?: unknown } = {}) {
    const { hint, cause } = options
    super(
      hint === undefined ? detail : `${detail.replace(/\.$/, '')}. ${hint}`,
      cause === undefined ? undefined : { cause },
    )
    this.code = code
    this.detail = detail
    this.hint = hint
  }
}

/** Something was asked for in a way that cannot be meant; nothing was sent. */
export class ArgumentError extends PlasmError {
  override readonly name = 'ArgumentError'

  constructor(detail: string, options: { hint?: string; cause?: unknown } = {}) {
    super('argument', detail, options)
  }
}

/** The node could not be reached, or the connection broke. Whether it did what was asked is not known. */
export class TransportError extends PlasmError {
  override readonly name: string = 'TransportError'

  constructor(detail: string, options: { code?: string; hint?: string; cause?: unknown } = {}) {
    super(options.code ?? 'transport', detail, options)
  }
}

/** The time that was given is over. What was asked for may still go on at the node. */
export class TimeoutError extends TransportError {
  override readonly name = 'TimeoutError'

  constructor(detail: string, options: { hint?: string; cause?: unknown } = {}) {
    super(detail, { ...options, code: 'timeout' })
  }
}

/** The node answered with something that is not what its API promises. */
export class ProtocolError extends PlasmError {
  override readonly name = 'ProtocolError'

  constructor(expected: string, got: unknown) {
    const shown = typeof got === 'string' ? JSON.stringify(got.slice(0, 80)) : got === null ? 'null' : typeof got
    super('protocol', `Cannot read the node's answer: ${expected} was expected, not ${shown}`)
  }
}

/** A job ended without success: it exited non-zero, was stopped, cancelled, or could not be run. */
export class JobFailedError extends PlasmError {
  override readonly name = 'JobFailedError'
  readonly job: Job
  readonly reason: JobReason | undefined
  readonly exitCode: number | undefined
  /** The end of what the guest wrote to stderr, at most 4 KiB. */
  readonly stderr: string

  constructor(job: Job, stderr = '') {
    const why =
      job.state === 'cancelled'
        ? 'it was cancelled'
        : job.reason === 'exited'
          ? `the guest exited with code ${job.exitCode}`
          : `reason ${job.reason ?? 'not given'}`
    const detail = job.detail === undefined ? '' : ` (${job.detail})`
    const tail = stderr.trim() === '' ? '' : `\nstderr: ${stderr.trim()}`
    super(job.reason ?? 'failed', `Job "${job.id}" did not succeed: ${why}${detail}${tail}`)
    this.job = job
    this.reason = job.reason
    this.exitCode = job.exitCode
    this.stderr = stderr
  }
}

/** A receipt does not hold: `verification` says which checks failed, where it could be read at all. */
export class ReceiptError extends PlasmError {
  override readonly name = 'ReceiptError'
  readonly verification: Verification | undefined

  constructor(detail: string, verification?: Verification) {
    super('receipt', detail)
    this.verification = verification
  }
}

/** What a node says of a refusal (RFC 9457), and what came with it. */
export interface Refusal {
  status: number
  code: string
  detail: string
  hint?: string | undefined
  /** The same as in the node's log. */
  requestId?: string | undefined
  /** JSON pointer to the member at fault. */
  pointer?: string | undefined
  /** After which another try makes sense. */
  retryAfterMs?: number | undefined
}

/** The node refused. Codes that a caller can act on have classes of their own. */
export class ApiError extends PlasmError implements Refusal {
  override readonly name: string = 'ApiError'
  readonly status: number
  readonly requestId: string | undefined
  readonly pointer: string | undefined
  readonly retryAfterMs: number | undefined

  constructor(refusal: Refusal) {
    super(refusal.code, refusal.detail, { hint: refusal.hint })
    this.status = refusal.status
    this.requestId = refusal.requestId
    this.pointer = refusal.pointer
    this.retryAfterMs = refusal.retryAfterMs
  }

  static of(refusal: Refusal): ApiError {
    return new (classes[refusal.code] ?? ApiError)(refusal)
  }
}

/** The node does not understand what was asked, or does not support it: `pointer` says where. */
export class InvalidRequestError extends ApiError {
  override readonly name = 'InvalidRequestError'
}
/** The module is not one that may run: the message says why, and where in it. */
export class ModuleRejectedError extends ApiError {
  override readonly name = 'ModuleRejectedError'
}
/** A digest names bytes that this node does not have: upload them first. */
export class UnknownDigestError extends ApiError {
  override readonly name = 'UnknownDigestError'
}
/** More was sent or asked for than the node takes, or has room for. */
export class TooLargeError extends ApiError {
  override readonly name = 'TooLargeError'
}
/** There is no such job, module or blob. */
export class NotFoundError extends ApiError {
  override readonly name = 'NotFoundError'
}
/** The job made no claim, so there is no receipt: its reason says why. */
export class NoReceiptError extends ApiError {
  override readonly name = 'NoReceiptError'
}
/** The job has not ended yet. */
export class NotFinishedError extends ApiError {
  override readonly name = 'NotFinishedError'
}
/** The state has changed meanwhile, or an idempotency key was used for another request. */
export class ConflictError extends ApiError {
  override readonly name = 'ConflictError'
}
/** The node wants a token, another one, or another origin. */
export class UnauthorizedError extends ApiError {
  override readonly name = 'UnauthorizedError'
}
/** The node is busy, and was busy still after the retries: `retryAfterMs` says when to come back. */
export class BusyError extends ApiError {
  override readonly name = 'BusyError'
}

const classes: Record<string, typeof ApiError> = {
  invalid: InvalidRequestError,
  unknownField: InvalidRequestError,
  unsupported: InvalidRequestError,
  moduleRejected: ModuleRejectedError,
  unknownDigest: UnknownDigestError,
  tooLarge: TooLargeError,
  quotaExceeded: TooLargeError,
  notFound: NotFoundError,
  noReceipt: NoReceiptError,
  notFinished: NotFinishedError,
  conflict: ConflictError,
  stale: ConflictError,
  idempotencyConflict: ConflictError,
  unauthorized: UnauthorizedError,
  forbidden: UnauthorizedError,
  busy: BusyError,
  rateLimited: BusyError,
  unavailable: BusyError,
}
