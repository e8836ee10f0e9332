/**
 * Frames (phase/wire.ts) over one libp2p stream: a pull reader with a bounded buffer, a writer that waits. The stream's own iterator
 * has no flow control, and its end says nothing: a killed peer ends it cleanly. So an end before the last frame is an error here.
 */
import type { Stream } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'
import { concat } from '../../phase/bytes.ts'
import { PhaseError } from '../../phase/errors.ts'
import {
  encodeFrameHead,
  type FrameOf,
  type FrameSet,
  framePrefixBytes,
  readFrameHeader,
  readFramePrefix,
} from '../../phase/wire.ts'
import { countReader } from './buffers.ts'
import { Bell } from './flow.ts'

/** Unread bytes beyond which the peer is told to stop. A frame larger than that still comes in whole. */
const highWaterBytes = 256 * 1024
/** How long a peer may refuse to take bytes before the stream is given up. */
const writeTimeoutMs = 30_000
/** How long a peer may leave a finished exchange half open. */
const closeTimeoutMs = 10_000
/** Smaller pieces are copied together: a stranger may send single bytes, and each would keep the whole buffer that it came in. */
const pieceBytesMin = 4096
const blockBytes = 2 * pieceBytesMin

export interface ReadLimits {
  /** How long the whole frame may take to arrive. */
  timeoutMs: number
  /** Raw bytes that the frame may bring. */
  bodyBytesMax?: number
}

export interface OutgoingFrame {
  header: { type: string; [member: string]: unknown }
  body?: Uint8Array
}

export class FrameStream {
  private readonly stream: Stream
  private readonly chunks: Uint8Array[] = []
  private block = new Uint8Array(0)
  private blockUsed = 0
  private buffered = 0
  private needed = 0
  private failure: PhaseError | undefined
  private readonly arrival = new Bell()
  private draining = 0
  private heardAtMs = performance.now()

  constructor(stream: Stream) {
    this.stream = stream
    countReader(stream, () => this.buffered)
    stream.addEventListener('message', event => this.append(event.data))
    stream.addEventListener('end', () => this.fail())
    stream.addEventListener('close', event => {
      if (event.error !== undefined || stream.readableEnded) this.fail(event.error)
    })
    // A peer that was quick may have said all while the protocol was negotiated: what it said is handed out before this.
    if (stream.readableEnded) queueMicrotask(() => this.fail())
  }

  /** Whether bytes wait for the peer to take them: a frame that may be skipped should be. */
  get isBlocked(): boolean {
    return this.draining > 0
  }

  /** How long nothing has come from the peer. */
  get silentMs(): number {
    return performance.now() - this.heardAtMs
  }

  /** Whether nothing can be said any more. */
  get isBroken(): boolean {
    return this.stream.writeStatus !== 'writable'
  }

  /**
   * The next frame, one reader at a time.
   * @throws {PhaseError} `unavailable` when the stream ends, `timedOut`, `protocol` for anything that is no frame of `set`.
   */
  async read<S extends FrameSet>(set: S, limits: ReadLimits): Promise<{ header: FrameOf<S>; body: Uint8Array }> {
    const deadlineMs = performance.now() + limits.timeoutMs
    const prefix = await this.take(framePrefixBytes, deadlineMs)
    const { headerBytes, bodyBytes } = readFramePrefix(prefix, limits.bodyBytesMax ?? 0)
    const bytes = await this.take(headerBytes + bodyBytes, deadlineMs)
    return { header: readFrameHeader(bytes.subarray(0, headerBytes), set), body: bytes.subarray(headerBytes) }
  }

  /**
   * Sends frames in one piece; resolves when the peer, or the connection, takes more.
   * @throws {PhaseError} `unavailable` when the stream is closed or the peer takes nothing for too long.
   */
  async write(...frames: OutgoingFrame[]): Promise<void> {
    const bytes = new Uint8ArrayList()
    for (const { header, body } of frames) {
      bytes.append(encodeFrameHead(header, body?.length ?? 0))
      if (body !== undefined && body.length > 0) bytes.append(body)
    }
    let takesMore: boolean
    try {
      takesMore = this.stream.send(bytes)
    } catch (cause) {
      throw broken(cause)
    }
    if (!takesMore) await this.drained()
  }

  /** Ends this side and lets go; the peer has a moment to end its own. */
  finish(): void {
    if (this.stream.status !== 'open') return
    const timer = setTimeout(() => this.abort(broken()), closeTimeoutMs)
    timer.unref()
    this.stream.addEventListener('close', () => clearTimeout(timer), { once: true })
    const signal = AbortSignal.timeout(closeTimeoutMs)
    this.stream.close({ signal }).catch(() => this.abort(broken()))
  }

  /** Ends both sides at once. The peer learns that, not why. */
  abort(error: Error): void {
    this.fail(error)
    this.stream.abort(error)
  }

  private append(data: Uint8Array | Uint8ArrayList): void {
    for (const bytes of data instanceof Uint8Array ? [data] : data) {
      if (bytes.byteLength < pieceBytesMin) this.keepCopy(bytes)
      // A Buffer's slice() would share memory where callers expect a copy.
      else this.chunks.push(new Uint8Array(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength))
    }
    this.buffered += data.byteLength
    this.heardAtMs = performance.now()
    // Not at once: resume() hands out its bytes before it is done, and would undo a pause from within.
    if (this.isFull) queueMicrotask(() => this.pauseWhenFull())
    this.arrival.ring()
  }

  private keepCopy(bytes: Uint8Array): void {
    if (this.block.length - this.blockUsed < bytes.byteLength) {
      this.block = new Uint8Array(blockBytes)
      this.blockUsed = 0
    }
    const end = this.blockUsed + bytes.byteLength
    this.block.set(bytes, this.blockUsed)
    const last = this.chunks.at(-1)
    const continues = last?.buffer === this.block.buffer && last.byteOffset + last.length === this.blockUsed
    if (continues) this.chunks[this.chunks.length - 1] = this.block.subarray(last.byteOffset, end)
    else this.chunks.push(this.block.subarray(this.blockUsed, end))
    this.blockUsed = end
  }

  private get isFull(): boolean {
    return this.buffered >= Math.max(highWaterBytes, this.needed)
  }

  private pauseWhenFull(): void {
    if (this.isFull && this.stream.readStatus === 'readable') this.stream.pause()
  }

  private resume(): void {
    if (this.stream.readStatus !== 'paused') return
    try {
      this.stream.resume()
    } catch (cause) {
      this.fail(cause)
    }
  }

  private async take(bytes: number, deadlineMs: number): Promise<Uint8Array> {
    this.needed = bytes
    while (this.buffered < bytes) {
      this.resume()
      if (this.buffered >= bytes) break
      if (this.failure !== undefined) throw this.failure
      await this.arrival.wait(deadlineMs, 'The peer sent nothing in time')
    }
    this.needed = 0
    const taken = this.cut(bytes)
    if (this.buffered < highWaterBytes / 2) this.resume()
    return taken
  }

  private cut(bytes: number): Uint8Array {
    this.buffered -= bytes
    const parts: Uint8Array[] = []
    for (let missing = bytes; missing > 0; ) {
      const chunk = this.chunks[0] as Uint8Array
      parts.push(chunk.subarray(0, missing))
      if (chunk.length > missing) this.chunks[0] = chunk.subarray(missing)
      else this.chunks.shift()
      missing -= Math.min(missing, chunk.length)
    }
    return parts.length === 1 ? (parts[0] as Uint8Array) : concat(...parts)
  }

  private async drained(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const go = () => resolve()
    const leave = () => reject(broken())
    const timer = setTimeout(leave, writeTimeoutMs)
    // Not stream.onDrain(): it holds the sender back once and never again.
    this.stream.addEventListener('drain', go, { once: true })
    this.stream.addEventListener('close', leave, { once: true })
    this.draining++
    try {
      await promise
    } finally {
      this.draining--
      clearTimeout(timer)
      this.stream.removeEventListener('drain', go)
      this.stream.removeEventListener('close', leave)
    }
  }

  private fail(cause?: unknown): void {
    this.failure ??= broken(cause)
    this.arrival.ring()
  }
}

export const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))

const broken = (cause?: unknown): PhaseError =>
  new PhaseError('unavailable', 'The stream ended before its last frame', { cause })
