/** Whether and when a call is tried again: exponential, with jitter so that clients do not come back together. */
import { ApiError, TransportError } from './errors.ts'

const firstMs = 200
const laterMsMax = 5_000
/** A node that wants a longer pause is believed: the caller hears of it instead of waiting here. */
const retryAfterMsMax = 30_000
const statuses = [408, 425, 429, 502, 503, 504]

/** Before try number `tried + 1`; `undefined`: never again. `chance` is from 0 to 1. */
export function retryDelayMs(tried: number, error: unknown, chance: number): number | undefined {
  const refused = error instanceof ApiError
  if (!refused && !(error instanceof TransportError)) return undefined
  if (refused && !statuses.includes(error.status)) return undefined
  const retryAfterMs = (refused ? error.retryAfterMs : undefined) ?? 0
  if (retryAfterMs > retryAfterMsMax) return undefined
  const backoffMs = Math.min(laterMsMax, firstMs * 2 ** (tried - 1))
  return Math.max(retryAfterMs, (backoffMs / 2) * (1 + chance))
}

/** From a number of seconds or a date (RFC 9110 section 10.2.3); `undefined` where the node does not say. */
export function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  const text = header?.trim() ?? ''
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000
  const atMs = text === '' ? Number.NaN : Date.parse(text)
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs)
}

/** @throws the signal's reason when it aborts first. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      reject(signal?.reason as Error)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    if (signal?.aborted) stop()
    else signal?.addEventListener('abort', stop, { once: true })
  })
}
