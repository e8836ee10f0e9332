/** `/phase/blob/1`: bytes by digest from an offset on, served only over the connection of an open offer that names the digest. */
import type { Connection } from '@libp2p/interface'
import { isPhaseError, PhaseError } from '../../../phase/errors.ts'
import { creditBytes, frameBodyBytesMax } from '../../../phase/limits.ts'
import { blobAnswerFrames, blobRequestFrames, protocols } from '../../../phase/wire.ts'
import { Credit, Pace, Turns } from '../flow.ts'
import { asError, FrameStream } from '../framing.ts'
import { chunkBytes, refusalFrame, refusalOf, type WantedContent } from './job.ts'

/** How long one frame may take to arrive, and the reader to make room for another. */
const frameTimeoutMs = 30_000
/** Contents that are fetched over one connection at once; the others wait. */
export const fetchesMax = 4
/** Broken streams in a row, without one byte between them, after which a fetch is given up. */
const failuresMax = 4

/** Which digests may be fetched over which connection: those that open offers of this node name. */
export class OpenOffers {
  private readonly named = new Map<string, number>()

  /** Permits `names` over the connection until the returned function is called. */
  open(connectionId: string, names: readonly string[]): () => void {
    const keys = names.map(digest => `${connectionId} ${digest}`)
    for (const key of keys) this.named.set(key, (this.named.get(key) ?? 0) + 1)
    return () => {
      for (const key of keys.splice(0)) {
        const count = (this.named.get(key) ?? 1) - 1
        if (count === 0) this.named.delete(key)
        else this.named.set(key, count)
      }
    }
  }

  permits(connectionId: string, digest: string): boolean {
    return this.named.has(`${connectionId} ${digest}`)
  }
}

/** The serving side. */
export class BlobServer {
  private readonly blobs: BlobSource
  private readonly offers: OpenOffers

  constructor(blobs: BlobSource, offers: OpenOffers) {
    this.blobs = blobs
    this.offers = offers
  }

  async serve(frames: FrameStream, connection: Connection): Promise<void> {
    const { header } = await frames.read(blobRequestFrames, { timeoutMs: frameTimeoutMs })
    if (header.type !== 'get') throw new PhaseError('protocol', `Cannot serve a blob: "${header.type}" came first`)
    const credit = new Credit(creditBytes)
    const reading = readCredit(frames, credit)
    try {
      await this.send(frames, header, connection.id, credit)
    } catch (error) {
      await frames.write(refusalFrame(error))
    }
    frames.finish()
    await reading
  }

  private async send(
    frames: FrameStream,
    { digest, offset }: { digest: string; offset: number },
    connectionId: string,
    credit: Credit,
  ): Promise<void> {
    let at = offset
    this.check(connectionId, digest)
    for await (const piece of this.blobs.read(digest, { offset })) {
      for (let sent = 0; sent < piece.length; ) {
        const size = await credit.take(Math.min(chunkBytes, piece.length - sent), frameTimeoutMs)
        this.check(connectionId, digest)
        await frames.write({ header: { type: 'chunk', offset: at }, body: piece.subarray(sent, sent + size) })
        sent += size
        at += size
      }
    }
    await frames.write({ header: { type: 'end', size: at } })
  }

  private check(connectionId: string, digest: string): void {
    if (this.offers.permits(connectionId, digest)) return
    throw new PhaseError('forbidden', `Cannot serve "${digest}": no open offer to this peer names it`)
  }
}

export interface BlobSource {
  read(digest: string, options: { offset: number }): AsyncIterable<Uint8Array>
}

async function readCredit(frames: FrameStream, credit: Credit): Promise<void> {
  try {
    for (;;) {
      const { header } = await frames.read(blobRequestFrames, { timeoutMs: 2 * frameTimeoutMs })
      if (header.type !== 'credit') throw new PhaseError('protocol', `Cannot serve a blob: unexpected "${header.type}"`)
      credit.grant(header.bytes)
    }
  } catch (error) {
    credit.end(error)
  }
}

/** The receiving side: at most `fetchesMax` at once over one connection. */
export class BlobFetcher {
  private readonly turns = new Turns(fetchesMax)

  /**
   * The content's bytes, unverified, taken up again where a stream broke. `connect` gives the connection to use now, or waits for the next.
   * @throws {PhaseError} `tooLarge`, `protocol`, the submitter's refusal, or what `connect` throws.
   */
  async *fetch(
    wanted: WantedContent,
    connect: (signal: AbortSignal) => Promise<Connection>,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    const pace = new Pace(performance.now())
    let offset = 0
    for (let failures = 0; ; ) {
      const connection = await connect(signal)
      const leave = await this.turns.take(connection, signal)
      try {
        for await (const bytes of receive(connection, wanted.digest, { offset, bytesMax: wanted.sizeMax }, signal)) {
          pace.count(bytes.length, performance.now())
          offset += bytes.length
          failures = 0
          yield bytes
        }
        return
      } catch (error) {
        signal.throwIfAborted()
        if (!isBroken(error) || ++failures > failuresMax) throw error
      } finally {
        leave()
      }
    }
  }
}

/** libp2p's own errors are all about connections and streams. */
const isBroken = (error: unknown): boolean => !isPhaseError(error) || isPhaseError(error, 'unavailable', 'timedOut')

async function* receive(
  connection: Connection,
  digest: string,
  { offset, bytesMax }: { offset: number; bytesMax: number },
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const opening = AbortSignal.any([signal, AbortSignal.timeout(frameTimeoutMs)])
  const frames = new FrameStream(await connection.newStream(protocols.blob, { signal: opening }))
  const abort = () => frames.abort(asError(signal.reason))
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  let done = false
  try {
    await frames.write({ header: { type: 'get', digest, offset } })
    yield* chunks(frames, offset, bytesMax)
    done = true
  } finally {
    signal.removeEventListener('abort', abort)
    if (done) frames.finish()
    else frames.abort(new PhaseError('cancelled', 'The fetch was given up'))
  }
}

async function* chunks(frames: FrameStream, offset: number, bytesMax: number): AsyncGenerator<Uint8Array> {
  let at = offset
  for (let ungranted = 0; ; ) {
    const limits = { timeoutMs: frameTimeoutMs, bodyBytesMax: frameBodyBytesMax }
    const { header, body } = await frames.read(blobAnswerFrames, limits)
    if (header.type === 'refused') throw refusalOf(header)
    if (header.type === 'end') {
      if (header.size === at) return
      throw new PhaseError('protocol', `Cannot fetch: ${at} bytes came, the sender says ${header.size}`)
    }
    if (header.offset !== at || body.length === 0) {
      throw new PhaseError('protocol', `Cannot fetch: ${body.length} bytes at ${header.offset} do not go on at ${at}`)
    }
    at += body.length
    if (at > bytesMax) throw new PhaseError('tooLarge', `Cannot fetch: more than ${bytesMax} bytes came`)
    yield body
    ungranted += body.length
    if (ungranted < creditBytes / 2) continue
    await frames.write({ header: { type: 'credit', bytes: ungranted } })
    ungranted = 0
  }
}
