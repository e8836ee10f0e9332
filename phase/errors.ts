/** What a caller can tell apart and act on. Everything else is `internal`, and its text stays in the log. */
export const errorCodes = [
  'invalid',
  'unknownField',
  'unsupported',
  'unknownDigest',
  'digestMismatch',
  'moduleRejected',
  'tooLarge',
  'quotaExceeded',
  'notFound',
  'notFinished',
  'noReceipt',
  'conflict',
  'idempotencyConflict',
  'stale',
  'busy',
  'refused',
  'noPeer',
  'timedOut',
  'cancelled',
  'protocol',
  'mediaType',
  'methodNotAllowed',
  'unauthorized',
  'forbidden',
  'misdirected',
  'rateLimited',
  'unavailable',
  'internal',
] as const

export type ErrorCode = (typeof errorCodes)[number]

export interface PhaseErrorOptions {
  /** The next step, for a person: one sentence. */
  hint?: string
  /** JSON pointer (RFC 6901) into the document at fault. */
  pointer?: string
  /** When another try makes sense, in milliseconds from now. */
  retryAfterMs?: number
  cause?: unknown
}

/**
 * The one error type of the project: thrown where the fact is known, turned into HTTP, wire or exit code in one place per edge.
 * `message` reads `Cannot run module "sha256:ab12…": memory 96 MiB exceeds the limit of 64 MiB`.
 */
export class PhaseError extends Error {
  override readonly name = 'PhaseError'
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly pointer: string | undefined
  readonly retryAfterMs: number | undefined

  constructor(code: ErrorCode, message: string, options: PhaseErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.hint = options.hint
    this.pointer = options.pointer
    this.retryAfterMs = options.retryAfterMs
  }
}

/** `error` if it is a PhaseError with one of `codes` (any, when none is given). */
export function isPhaseError(error: unknown, ...codes: ErrorCode[]): error is PhaseError {
  return error instanceof PhaseError && (codes.length === 0 || codes.includes(error.code))
}
