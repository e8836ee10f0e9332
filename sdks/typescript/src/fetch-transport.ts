import { platform } from '#platform'
import { ApiError, ArgumentError, ProtocolError, TimeoutError, TransportError } from './errors.ts'
import { pause, retryAfterMs, retryDelayMs } from './retry.ts'
import { type ServerSentEvent, ServerSentEvents } from './server-sent-events.ts'
import {
  type Body,
  type Call,
  type Fetch,
  type FetchAnswer,
  parseAnswer,
  Reply,
  type RequestOptions,
  type Transport,
} from './transport.ts'

/** A stream that says nothing for so long is dead: the node says something every 10 s. */
const streamSilenceMs = 30_000
/** Broken connections in a row, without an event between them, before a stream is given up. */
const streamFailuresMax = 5
/** A slow line: an upload gets so much more time for each MiB, because nothing says how far it is. */
const uploadMsPerMebibyte = 16_000
/** A page of 500 jobs with the largest manifests that anybody writes by hand. */
const jsonBytesMax = 64 * 1024 * 1024
const problemBytesMax = 1024 * 1024

export interface FetchTransportOptions {
  /** http or https, where the node's API is. */
  url: string
  /** Sent as a bearer token, never logged. */
  token?: string | undefined
  /** Milliseconds for a call; for raw bytes: without progress. */
  timeoutMs?: number | undefined
  /** Further tries, only of calls that may be repeated. */
  maxRetries?: number | undefined
  fetch?: Fetch | undefined
}

/** Over `fetch`: the browser's in a page, node:http behind it in Node. Never follows redirects, sends no cookies. */
export class FetchTransport implements Transport {
  private readonly url: string
  private readonly token: string | undefined
  private readonly timeoutMs: number
  private readonly maxRetries: number
  private readonly fetch: Fetch

  /** @throws {ArgumentError} */
  constructor({ url, token, timeoutMs = 30_000, maxRetries = 2, fetch }: FetchTransportOptions) {
    if (!/^https?:\/\/[^/?#\s@]+(\/[^?#\s]*)?$/i.test(url)) {
      throw new ArgumentError(`Cannot use the address "${url.slice(0, 200)}": http://HOST:PORT was expected`)
    }
    if (token !== undefined && !/^[\x21-\x7e]+$/.test(token)) {
      throw new ArgumentError('Cannot use the token: it is empty, or holds a space or a character that is not ASCII')
    }
    this.url = url.replace(/\/+$/, '')
    this.token = token
    this.timeoutMs = timeoutMs
    this.maxRetries = maxRetries
    this.fetch = fetch ?? platform.fetch
  }

  async send(call: Call, options: RequestOptions): Promise<Reply> {
    const retries = isRepeatable(call, options) ? (options.maxRetries ?? this.maxRetries) : 0
    for (let tried = 1; ; tried++) {
      try {
        return await this.attempt(call, options)
      } catch (error) {
        options.signal?.throwIfAborted()
        const delayMs = tried > retries ? undefined : retryDelayMs(tried, error, Math.random())
        if (delayMs === undefined) throw error
        await pause(delayMs, options.signal)
      }
    }
  }

  async *stream(call: Call, options: RequestOptions): AsyncGenerator<unknown, void, void> {
    const deadlineMs =
      options.timeoutMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + options.timeoutMs
    const events = new ServerSentEvents()
    for (let failures = 0; ; ) {
      let error: unknown
      try {
        for await (const { type, data } of this.connection(call, events, { ...options, deadlineMs })) {
          failures = 0
          if (type === 'end') return
          yield parseAnswer(data, 'an event')
        }
        error = new TransportError(`The stream of ${call.path} ended before its last event`)
      } catch (caught) {
        error = caught
      }
      options.signal?.throwIfAborted()
      const delayMs = retryDelayMs(++failures, error, Math.random())
      if (delayMs === undefined || failures > streamFailuresMax || error instanceof TimeoutError) throw error
      await pause(
        Math.min(Math.max(delayMs, events.retryMs ?? 0), Math.max(0, deadlineMs - performance.now())),
        options.signal,
      )
      events.reset()
    }
  }

  private async attempt(call: Call, options: RequestOptions): Promise<Reply> {
    const baseMs = (options.timeoutMs ?? this.timeoutMs) + waitMsOf(call) + uploadMsOf(call)
    const watch = new Watch(
      options.signal,
      baseMs,
      () => new TimeoutError(`Cannot ${call.method} ${this.url}${call.path}: no answer in ${baseMs} ms`),
    )
    try {
      const response = await this.open(call, watch, {})
      const isJson = call.accept === 'application/json'
      const { sink } = options
      const collected = new Collector(isJson ? jsonBytesMax : Number.POSITIVE_INFINITY)
      await this.read(response, call, watch, bytes => {
        if (!isJson) watch.restart(baseMs)
        return sink === undefined ? collected.add(bytes) : sink(bytes)
      })
      return new Reply(response.status, response.headers, collected.bytes())
    } finally {
      watch.end()
    }
  }

  /** One connection of a stream, until it closes. */
  private async *connection(
    call: Call,
    events: ServerSentEvents,
    { signal, deadlineMs }: RequestOptions & { deadlineMs: number },
  ): AsyncGenerator<ServerSentEvent, void, void> {
    const silence = () =>
      performance.now() >= deadlineMs - 1
        ? new TimeoutError(`The time for ${call.path} is over`)
        : new TransportError(`The stream of ${call.path} went silent`)
    const leftMs = () => Math.max(0, Math.min(streamSilenceMs, deadlineMs - performance.now()))
    const watch = new Watch(signal, leftMs(), silence)
    try {
      const response = await this.open(call, watch, events.lastId === '' ? {} : { 'last-event-id': events.lastId })
      const reader = response.body?.getReader()
      try {
        for (;;) {
          const bytes = await this.piece(reader, call, watch)
          if (bytes === undefined) return
          watch.restart(leftMs())
          yield* events.push(bytes)
        }
      } finally {
        reader?.cancel().catch(() => undefined)
      }
    } finally {
      watch.end()
    }
  }

  /** The answer's head. @throws {ApiError} unless it is 2xx. */
  private async open(call: Call, watch: Watch, more: Record<string, string>): Promise<FetchAnswer> {
    const isJson = call.contentType === 'application/json'
    const body = (isJson ? JSON.stringify(call.body) : call.body) as string | Body | undefined
    const response = await this.guarded(call, watch, () =>
      this.fetch(this.url + target(call), {
        method: call.method,
        headers: { ...this.headers(call), ...more },
        ...(body === undefined ? {} : { body }),
        ...(body instanceof ReadableStream ? { duplex: 'half' } : {}),
        signal: watch.signal,
        redirect: 'manual',
        credentials: 'omit',
        cache: 'no-store',
      }),
    )
    if (response.ok) return response
    const collected = new Collector(problemBytesMax)
    await this.read(response, call, watch, bytes => collected.add(bytes))
    throw refusal(response, new TextDecoder().decode(collected.bytes()), call)
  }

  private headers(call: Call): Record<string, string> {
    const given = Object.entries(call.headers ?? {}).filter(([, value]) => value !== undefined)
    return {
      accept: call.accept === 'application/problem+json' ? call.accept : `${call.accept}, application/problem+json`,
      ...Object.fromEntries(given.map(([name, value]) => [name, String(value)])),
      ...(call.contentType === undefined ? {} : { 'content-type': call.contentType }),
      ...(this.token === undefined ? {} : { authorization: `Bearer ${this.token}` }),
      ...(platform.userAgent === undefined ? {} : { 'user-agent': platform.userAgent }),
    }
  }

  /** The bytes of an answer, each piece when the one before has been taken. */
  private async read(
    response: FetchAnswer,
    call: Call,
    watch: Watch,
    take: (bytes: Uint8Array) => void | Promise<void>,
  ): Promise<void> {
    const reader = response.body?.getReader()
    try {
      for (;;) {
        const bytes = await this.piece(reader, call, watch)
        if (bytes === undefined) return
        await take(bytes)
      }
    } finally {
      reader?.cancel().catch(() => undefined)
    }
  }

  /** The next bytes; `undefined` at their end. */
  private async piece(reader: Reader | undefined, call: Call, watch: Watch): Promise<Uint8Array | undefined> {
    return reader === undefined ? undefined : (await this.guarded(call, watch, () => reader.read())).value
  }

  /** What breaks in `fetch` is told in our words, and what the watch ended by its reason. */
  private async guarded<T>(call: Call, watch: Watch, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      watch.signal.throwIfAborted()
      throw failure(`Cannot ${call.method} ${this.url}${call.path}`, error)
    }
  }
}

type Reader = ReturnType<NonNullable<FetchAnswer['body']>['getReader']>

/** Ends a call when its caller does, or when its time is over. */
class Watch {
  readonly signal: AbortSignal
  private readonly controller = new AbortController()
  private readonly late: () => Error
  private readonly caller: AbortSignal | undefined
  private readonly stop = (): void => this.controller.abort(this.caller?.reason)
  private timer: ReturnType<typeof setTimeout> | undefined

  constructor(caller: AbortSignal | undefined, ms: number, late: () => Error) {
    this.signal = this.controller.signal
    this.late = late
    this.caller = caller
    if (caller?.aborted) this.stop()
    else caller?.addEventListener('abort', this.stop, { once: true })
    this.restart(ms)
  }

  restart(ms: number): void {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.controller.abort(this.late()), ms)
  }

  end(): void {
    clearTimeout(this.timer)
    this.caller?.removeEventListener('abort', this.stop)
  }
}

/** Pieces, put together at the end. */
class Collector {
  private readonly parts: Uint8Array[] = []
  private readonly sizeMax: number
  private size = 0

  constructor(sizeMax: number) {
    this.sizeMax = sizeMax
  }

  add(bytes: Uint8Array): void {
    this.size += bytes.length
    if (this.size > this.sizeMax) throw new ProtocolError(`an answer of at most ${this.sizeMax} bytes`, 'more')
    this.parts.push(bytes)
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const whole = new Uint8Array(this.size)
    let at = 0
    for (const part of this.parts) {
      whole.set(part, at)
      at += part.length
    }
    return whole
  }
}

/** What a sink has got, or a stream has given, cannot be taken back. */
const isRepeatable = (call: Call, { sink }: RequestOptions): boolean =>
  sink === undefined &&
  !(call.body instanceof ReadableStream) &&
  (call.idempotent === true || call.headers?.['idempotency-key'] !== undefined)

function target({ path, query = {} }: Call): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined)
  return given.length === 0
    ? path
    : `${path}?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`
}

/** How long the node was asked to wait before it answers (`Prefer: wait`). */
const waitMsOf = ({ headers }: Call): number =>
  Number(/\bwait=(\d{1,4})/.exec(String(headers?.['prefer'] ?? ''))?.[1] ?? 0) * 1000

function uploadMsOf({ body }: Call): number {
  const size =
    body instanceof Blob
      ? body.size
      : body instanceof Uint8Array
        ? body.length
        : body instanceof ReadableStream
          ? 1024 ** 3
          : 0
  return (size / 1024 ** 2) * uploadMsPerMebibyte
}

function refusal({ status, headers }: FetchAnswer, text: string, call: Call): ApiError {
  const problem = problemIn(text)
  const said = (name: string): string | undefined => (typeof problem[name] === 'string' ? problem[name] : undefined)
  const requestId = headers.get('x-request-id') ?? said('instance')?.replace(/^urn:uuid:/, '')
  return ApiError.of({
    status,
    code: said('code') ?? codes[status] ?? 'internal',
    detail: said('detail') ?? `Cannot ${call.method} ${call.path}: the node answered with status ${status}`,
    hint: said('hint'),
    requestId,
    pointer: said('pointer'),
    retryAfterMs: retryAfterMs(headers.get('retry-after'), Date.now()),
  })
}

/** What answers without a problem, a proxy on the way for one, says at least that much. */
const codes: Readonly<Record<number, string>> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'notFound',
  413: 'tooLarge',
  429: 'rateLimited',
  502: 'unavailable',
  503: 'unavailable',
  504: 'unavailable',
}

function problemIn(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

function failure(what: string, error: unknown): Error {
  if (error instanceof ProtocolError) return error
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : (error as Error)
  const refused = (cause as { code?: string }).code === 'ECONNREFUSED'
  return new TransportError(`${what}: ${cause.message || (refused ? 'connection refused' : 'the connection broke')}`, {
    ...(refused ? { hint: 'Is a node running there? `plasm serve` starts one.' } : {}),
    cause: error,
  })
}
