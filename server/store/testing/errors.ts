/** What a call rejects with. */
import assert from 'node:assert/strict'
import { type ErrorCode, PhaseError } from '../../../phase/errors.ts'

/** The PhaseError with `code` that `promise` rejects with; fails where it does not. */
export async function rejection(promise: Promise<unknown>, code: ErrorCode): Promise<PhaseError> {
  const error = await promise.then(
    () => assert.fail(`resolved; ${code} was expected`),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof PhaseError, `not a PhaseError: ${String(error)}`)
  assert.equal(error.code, code, error.message)
  return error
}
