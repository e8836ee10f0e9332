/** When to try again: pure functions of how often it failed. */
import { type ErrorCode, PhaseError } from '../../phase/errors.ts'

const busyMs = { first: 100, max: 2_000 }
const failedMs = { first: 1_000, max: 60_000 }
const discoverMs = { first: 250, max: 5_000 }

/** How long a peer is left alone after its `count`th refusal or failure in a row. */
export function exclusionMs(code: ErrorCode, count: number, retryAfterMs?: number): number {
  const { first, max } = code === 'busy' || code === 'rateLimited' ? busyMs : failedMs
  return Math.min(max, Math.max(retryAfterMs ?? 0, first * 2 ** Math.min(count - 1, 16)))
}

/** Whether the peer is gone, as far as this node can tell, rather than unwilling. */
export const isLoss = (code: ErrorCode): boolean => code === 'unavailable' || code === 'noPeer'

/** How long to wait before asking the DHT again, after `count` rounds that found nobody. `random` is 0 to 1. */
export const discoveryDelayMs = (count: number, random: number): number =>
  Math.min(discoverMs.max, discoverMs.first * 2 ** Math.min(count, 16)) * (0.75 + random / 2)

/** What a refusal means for the job: another peer, or the end because every peer would say the same. */
export function afterRefusal(error: PhaseError): 'elsewhere' | 'again' {
  return error.code === 'conflict' || error.code === 'unavailable' || error.code === 'protocol' ? 'again' : 'elsewhere'
}
