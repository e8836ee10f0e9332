import { ArgumentError, ProtocolError } from './errors.ts'

/** Bytes as they are sent: in memory, in a file, or as they come. */
export type Body = Uint8Array<ArrayBuffer> | Blob | ReadableStream<Uint8Array>

/** What a single call may do differently. */
export interface RequestOptions {
  /** Ends the call: it throws the signal's reason. */
  signal?: AbortSignal | undefined
  /** Milliseconds for the whole of a call or stream; where raw bytes come back, without progress. */
  timeoutMs?: number | undefined
  /** Further tries of a call that may be repeated. */
  maxRetries?: number | undefined
  /** Gets the bytes of the answer in pieces as they arrive, instead of the caller. */
  sink?: ((bytes: Uint8Array) => void | Promise<void>) | undefined
}

/** One call, before it is sent. */
export interface Call {
  method: string
  path: string
  accept: string
  /** Whether sending it again changes nothing. */
  idempotent?: boolean
  query?: Record<string, string | number | undefined>
  /** By lower-case name. */
  headers?: Record<string, string | number | undefined>
  /** A `Body`, or, where `contentType` is application/json, what becomes JSON. */
  body?: unknown
  contentType?: string
}

/** How calls reach the node. Give a client another one to use another HTTP library, or none. */
export interface Transport {
  /** Sends it, again where that is safe, and answers with a 2xx reply. @throws {PlasmError} */
  send(call: Call, options: RequestOptions): Promise<Reply>
  /** The data of a stream's events as they come, until the stream says that it has ended; broken connections are resumed. @throws {PlasmError} */
  stream(call: Call, options: RequestOptions): AsyncGenerator<unknown, void, void>
}

/** The part of `fetch` that is used: give another one to use another HTTP library. Both globals and undici's fit. */
export type Fetch = (url: string, init: FetchInit) => Promise<FetchAnswer>
export interface FetchInit {
  method: string
  headers: Record<string, string>
  body?: string | Body
  duplex?: 'half'
  signal: AbortSignal
  redirect: 'manual'
  credentials: 'omit'
  cache: 'no-store'
}
export interface FetchAnswer {
  ok: boolean
  status: number
  headers: Pick<Headers, 'get'>
  body: {
    getReader(): {
      read(): Promise<{ value: Uint8Array; done: false } | { value?: Uint8Array | undefined; done: true }>
      cancel(): Promise<void>
    }
  } | null
}

export class Reply {
  readonly status: number
  readonly headers: Pick<Headers, 'get'>
  /** Empty where a sink got them. */
  readonly bytes: Uint8Array<ArrayBuffer>

  constructor(status: number, headers: Pick<Headers, 'get'>, bytes: Uint8Array<ArrayBuffer>) {
    this.status = status
    this.headers = headers
    this.bytes = bytes
  }

  /** @throws {ProtocolError} */
  json(): unknown {
    const text = new TextDecoder().decode(this.bytes)
    return parseAnswer(text, 'JSON')
  }
}

/** @throws {ProtocolError} */
export function parseAnswer(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new ProtocolError(what, text)
  }
}

/** One segment of a path. A colon may stand in one (RFC 3986), and digests have one. @throws {ArgumentError} for what would name another path. */
export function segment(text: string): string {
  if (['', '.', '..'].includes(text))
    throw new ArgumentError(`Cannot use "${text}" in a path: an id or digest was expected`)
  return encodeURIComponent(text).replaceAll('%3A', ':')
}
