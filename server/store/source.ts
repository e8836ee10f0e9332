/** Bytes on their way in, from whoever sends them. */
import { PhaseError } from '../../phase/errors.ts'

/** A large array is taken in parts of this size, so that hashing it leaves room for others. */
const partBytes = 256 * 1024

/**
 * The bytes of `source` in parts of a bounded size. Ends the waiting for a silent source when `signal` aborts.
 * @throws {PhaseError} `cancelled` after `signal`, `invalid` where the source breaks off, else what the source throws.
 */
export async function* partsOf(
  source: AsyncIterable<Uint8Array> | Uint8Array,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  if (source instanceof Uint8Array) {
    yield* cut(source)
    return
  }
  const iterator = source[Symbol.asyncIterator]()
  const aborted = Promise.withResolvers<never>()
  const abort = () => aborted.reject(cancelled(signal))
  aborted.promise.catch(() => {})
  signal?.addEventListener('abort', abort, { once: true })
  if (signal?.aborted) abort()
  try {
    for (;;) {
      const next = await Promise.race([aborted.promise, iterator.next().catch(brokenOff)])
      if (next.done) return
      yield* cut(next.value)
    }
  } finally {
    signal?.removeEventListener('abort', abort)
    // Not awaited: a source that is silent would not end before it speaks.
    iterator.return?.()?.catch(() => {})
  }
}

function* cut(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += partBytes) yield bytes.subarray(at, at + partBytes)
}

function brokenOff(cause: unknown): never {
  if (cause instanceof PhaseError) throw cause
  throw new PhaseError('invalid', 'Cannot store the bytes: their source broke off', { cause })
}

const cancelled = (signal: AbortSignal | undefined) =>
  signal?.reason instanceof PhaseError
    ? signal.reason
    : new PhaseError('cancelled', 'Cannot store the bytes: the caller left', { cause: signal?.reason })
