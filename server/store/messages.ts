/** What crosses between the node's thread and the database's. Errors lose their class in a structured clone: here they keep it. */
import { type ErrorCode, PhaseError } from '../../phase/errors.ts'
import type { StoreOptions } from './operations.ts'

export type WorkerData = StoreOptions

/** All calls of one turn of the event loop travel in one message. */
export type ToWorker = { calls: Call[] } | { close: true }
export type FromWorker = { opened: true } | { failed: PlainError } | { answers: Answer[] }

export interface Call {
  id: number
  name: string
  args: unknown[]
}

export type Answer = { id: number; value: unknown } | { id: number; error: PlainError }

export interface PlainError {
  code: ErrorCode
  message: string
  hint: string | undefined
  pointer: string | undefined
  retryAfterMs: number | undefined
  cause: string | undefined
}

export const toPlain = (error: PhaseError): PlainError => ({
  code: error.code,
  message: error.message,
  hint: error.hint,
  pointer: error.pointer,
  retryAfterMs: error.retryAfterMs,
  cause: error.cause instanceof Error ? (error.cause.stack ?? error.cause.message) : undefined,
})

/** The same error on this side, with the stack of this side: where it was asked for. */
export const fromPlain = ({ code, message, hint, pointer, retryAfterMs, cause }: PlainError): PhaseError =>
  new PhaseError(code, message, {
    ...(hint === undefined ? {} : { hint }),
    ...(pointer === undefined ? {} : { pointer }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(cause === undefined ? {} : { cause: new Error(cause) }),
  })
