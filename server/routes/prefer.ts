/** `Prefer: wait=SECONDS` (RFC 7240 section 4.3): the answer may come when the job has ended. */
import { Type } from '@sinclair/typebox'
import { PhaseError } from '../../phase/errors.ts'

/** A client waits longer by asking again: connections that say nothing for minutes die in proxies. */
export const waitSecondsMax = 60

export const preferHeader = {
  Prefer: Type.Optional(
    Type.String({
      description: 'wait=SECONDS: answer when the job has ended, or after so many seconds (60 at most)',
      maxLength: 256,
      examples: ['wait=30'],
    }),
  ),
}

/**
 * How long the client wants to wait, at most `waitSecondsMax`; `undefined` where it does not say. Unknown preferences are ignored, as the RFC asks.
 * @throws {PhaseError} `invalid` for a wait that is not a whole number of seconds.
 */
export function waitSecondsOf(prefer: string | string[] | undefined): number | undefined {
  const preferences = (Array.isArray(prefer) ? prefer.join(',') : (prefer ?? '')).split(',')
  for (const preference of preferences) {
    const found = /^\s*wait\s*=\s*"?([^";]*)"?\s*(;.*)?$/i.exec(preference)
    if (found === null) continue
    const text = (found[1] ?? '').trim()
    if (/^\d{1,9}$/.test(text)) return Math.min(Number(text), waitSecondsMax)
    throw new PhaseError(
      'invalid',
      `Cannot read the header "prefer": wait=${text.slice(0, 20)} is not in whole seconds`,
    )
  }
  return undefined
}
