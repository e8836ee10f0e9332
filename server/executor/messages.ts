/**
 * What travels between the executor and a child: frames of u32-BE header length, u32-BE body length, a JSON header, raw bytes. The parent
 * reads them from any duplex stream; it believes neither lengths nor headers.
 */
import type { Duplex } from 'node:stream'
import type { FloatMode } from '../../machine/meter/floats.ts'
import { PhaseError } from '../../phase/errors.ts'
import type { Usage } from '../../phase/job.ts'
import type { ModuleInterface } from '../../phase/module.ts'
import type { Outcome } from '../../phase/receipt.ts'

export interface RunMessage {
  type: 'run'
  digest: string
  /** Where the child has not compiled it: what it is. Its bytes begin the body. */
  module?: { memory?: ModuleInterface['memory']; differs: boolean; fastBytes: number }
  /** Of its exact form, which comes next; 0 for none. Stdin follows. */
  exactBytes: number
  /** Modules to forget first. */
  drop: string[]
  args: readonly string[]
  environ: readonly string[]
  seed: string
  capabilities: readonly string[]
  memoryBytesMax: number
  outputBytesMax: number
  fuelMax: number
}
export type ToRunChild = RunMessage

/** The body is the module. */
export interface AdmitMessage {
  type: 'admit'
}
/** What was admitted last. */
export interface RewriteMessage {
  type: 'rewrite'
  mode: FloatMode
}
export type ToRewritingChild = AdmitMessage | RewriteMessage

export type ToChild = ToRunChild | ToRewritingChild

/** `cpuTotalUs`: of the process since its start, so that the parent can tell what a killed run took. */
export interface ReadyMessage {
  type: 'ready'
  cpuTotalUs: number
}
/** The body is stdout, then stderr. */
export interface EndedMessage {
  type: 'ended'
  outcome: Outcome
  stopped?: 'trapped' | 'fuelExhausted' | 'depthExhausted'
  trap?: string
  fuel: number
  stdoutBytes: number
  cpuTotalUs: number
  usage: Omit<Usage, 'wallUs'>
}
/** The run showed a NaN, or may not be repeated: it needs the module's exact form, which the child does not have. */
export interface ExactWantedMessage {
  type: 'exactWanted'
  cpuTotalUs: number
  usage: Omit<Usage, 'wallUs' | 'memoryBytesPeak'>
}
export interface FaultedMessage {
  type: 'faulted'
  reason: 'memoryExhausted' | 'moduleRejected' | 'internal'
  detail: string
}
/** The body is a ModuleInterface as JSON. */
export interface InspectedMessage {
  type: 'inspected'
}
/** The body is the rewritten module. `differs`: as RewrittenModule has it. */
export interface RewrittenMessage {
  type: 'rewritten'
  differs: boolean
}
export type FromChild =
  | ReadyMessage
  | EndedMessage
  | ExactWantedMessage
  | FaultedMessage
  | InspectedMessage
  | RewrittenMessage

export interface Frame<Header> {
  header: Header
  body: Uint8Array
}

export const prefixBytes = 8
/** args and env (64 KiB, six bytes for one at worst) and what else a run says. */
export const headerBytesMax = 1024 * 1024

/** Below this one copy is cheaper than one more system call. */
const joinBytesMax = 65_536

/** A frame in the pieces in which it is best written: one, unless its bodies are large. */
export function encodeFrame(header: object, bodies: readonly Uint8Array[] = []): Uint8Array[] {
  const text = JSON.stringify(header)
  const headerBytes = Buffer.byteLength(text)
  const bodyBytes = bodies.reduce((size, { length }) => size + length, 0)
  const joined = headerBytes + bodyBytes <= joinBytesMax
  const frame = Buffer.allocUnsafe(prefixBytes + headerBytes + (joined ? bodyBytes : 0))
  frame.writeUInt32BE(headerBytes, 0)
  frame.writeUInt32BE(bodyBytes, 4)
  frame.write(text, prefixBytes)
  if (!joined) return [frame, ...bodies.filter(({ length }) => length > 0)]
  let at = prefixBytes + headerBytes
  for (const body of bodies) {
    frame.set(body, at)
    at += body.length
  }
  return [frame]
}

/** Lengths of header and body. */
export function decodePrefix(bytes: Uint8Array): { headerBytes: number; bodyBytes: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, prefixBytes)
  return { headerBytes: view.getUint32(0), bodyBytes: view.getUint32(4) }
}

const decoder = new TextDecoder('utf-8', { fatal: true })

interface Pending {
  bodyBytesMax: number
  resolve(frame: Frame<unknown>): void
  reject(error: Error): void
}

/** One end of a stream: a frame back for each frame out, in that order. The parent's, unless it says otherwise. */
export class Channel<Out extends object = ToChild> {
  private readonly stream: Duplex
  private readonly peer: string
  /** Who waits for a frame, in turn. */
  private readonly pending: Pending[] = []
  private gather = new Gather(prefixBytes)
  private headerBytes = 0
  private broken: Error | undefined

  constructor(stream: Duplex, peer = 'the child') {
    this.stream = stream
    this.peer = peer
    stream.on('data', (chunk: Uint8Array) => this.take(chunk))
    // Which of them comes, and with what error, is chance where a process is killed.
    const closed = (cause?: Error) => {
      // An error costs its stack: most streams are closed when all has been said.
      if (this.broken === undefined) this.break(new PhaseError('internal', `${peer} closed its pipe`, { cause }))
    }
    stream.on('error', closed)
    for (const event of ['end', 'close']) stream.on(event, () => closed())
  }

  send(header: Out, bodies: readonly Uint8Array[] = []): void {
    const parts = encodeFrame(header, bodies)
    if (parts.length > 1) this.stream.cork()
    for (const part of parts) this.stream.write(part)
    if (parts.length > 1) this.stream.uncork()
  }

  /** The next frame that nobody waits for yet, its header not judged. Rejects when the stream ends or the frame's lengths pass a bound. */
  receive(bodyBytesMax: number): Promise<Frame<unknown>> {
    if (this.broken !== undefined) return Promise.reject(this.broken)
    return new Promise((resolve, reject) => {
      this.pending.push({ bodyBytesMax, resolve, reject })
    })
  }

  /** Ends the exchanges under way, and every later one, with `error`. */
  break(error: Error): void {
    this.broken ??= error
    for (const one of this.pending.splice(0)) one.reject(this.broken)
    this.stream.destroy()
  }

  private take(chunk: Uint8Array): void {
    for (let rest = chunk; rest.length > 0 && this.broken === undefined; ) {
      const whole = this.takeWhole(rest)
      rest = rest.subarray(whole > 0 ? whole : this.gather.take(rest))
      if (this.gather.full) this.advance()
    }
  }

  /** Most frames come whole, and need no copy. @returns how many bytes the one took that `bytes` begin with; 0 where it is not such. */
  private takeWhole(bytes: Uint8Array): number {
    if (this.headerBytes > 0 || !this.gather.empty || bytes.length < prefixBytes) return 0
    const { headerBytes, bodyBytes } = decodePrefix(bytes)
    const size = prefixBytes + headerBytes + bodyBytes
    if (size > bytes.length || !this.accepts(headerBytes, bodyBytes)) return 0
    this.deliver(bytes.subarray(prefixBytes, size), headerBytes)
    return size
  }

  private accepts(headerBytes: number, bodyBytes: number): boolean {
    const [next] = this.pending
    return next !== undefined && headerBytes > 0 && headerBytes <= headerBytesMax && bodyBytes <= next.bodyBytesMax
  }

  /** The prefix is complete, or the frame is. */
  private advance(): void {
    const { bytes } = this.gather
    if (this.headerBytes > 0) return this.finish(bytes)
    const { headerBytes, bodyBytes } = decodePrefix(bytes)
    if (!this.accepts(headerBytes, bodyBytes)) {
      return this.break(
        new PhaseError('internal', `${this.peer} sent a frame that nobody asked for, or beyond its bounds`),
      )
    }
    this.headerBytes = headerBytes
    this.gather = new Gather(headerBytes + bodyBytes)
  }

  private finish(bytes: Uint8Array): void {
    const { headerBytes } = this
    this.headerBytes = 0
    this.gather = new Gather(prefixBytes)
    this.deliver(bytes, headerBytes)
  }

  private deliver(bytes: Uint8Array, headerBytes: number): void {
    const pending = this.pending.shift()
    try {
      const header: unknown = JSON.parse(decoder.decode(bytes.subarray(0, headerBytes)))
      pending?.resolve({ header, body: bytes.subarray(headerBytes) })
    } catch (cause) {
      pending?.reject(new PhaseError('internal', `${this.peer} sent a header that is not JSON`, { cause }))
    }
  }
}

/** Bytes that come in pieces. */
class Gather {
  readonly bytes: Uint8Array
  private size = 0

  constructor(bytes: number) {
    this.bytes = new Uint8Array(bytes)
  }

  get empty(): boolean {
    return this.size === 0
  }

  get full(): boolean {
    return this.size === this.bytes.length
  }

  /** @returns how many bytes of `chunk` belong to it. */
  take(chunk: Uint8Array): number {
    const part = chunk.subarray(0, this.bytes.length - this.size)
    this.bytes.set(part, this.size)
    this.size += part.length
    return part.length
  }
}
