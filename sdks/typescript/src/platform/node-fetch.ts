/**
 * `fetch` over node:http, as far as this library uses it. Node's own takes longer to load than all the rest, half as much again for each call,
 * and sends a body apart from its head. Redirects are not followed, nothing is kept but the connection.
 */
import type { IncomingMessage } from 'node:http'
import type { Fetch, FetchAnswer } from '../transport.ts'

export const fetchOverHttp: Fetch = (url, { method, headers, body, signal }) =>
  new Promise((resolve, reject) => {
    signal.throwIfAborted()
    // An import would touch every member of the module, and one of them loads what is to be avoided.
    const { request } = process.getBuiltinModule(url.startsWith('https:') ? 'node:https' : 'node:http')
    const length = lengthOf(body)
    const outgoing = request(url, {
      method,
      headers: length === undefined ? headers : { ...headers, 'content-length': length },
      signal,
    })
    outgoing.once('error', reject)
    outgoing.once('response', incoming => resolve(answerOf(incoming)))
    if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) outgoing.end(body)
    else
      process
        .getBuiltinModule('node:stream')
        .Readable.fromWeb((body instanceof Blob ? body.stream() : body) as never)
        .once('error', error => outgoing.destroy(error))
        .pipe(outgoing)
  })

function lengthOf(body: Parameters<Fetch>[1]['body']): number | undefined {
  if (typeof body === 'string') return Buffer.byteLength(body)
  if (body instanceof Uint8Array) return body.length
  return body instanceof Blob ? body.size : undefined
}

function answerOf(incoming: IncomingMessage): FetchAnswer {
  const status = incoming.statusCode ?? 0
  return {
    ok: status >= 200 && status < 300,
    status,
    headers: { get: name => [incoming.headers[name] ?? []].flat().join(', ') || null },
    body: { getReader: () => readerOf(incoming) },
  }
}

/** One read at a time. */
function readerOf(incoming: IncomingMessage): ReturnType<NonNullable<FetchAnswer['body']>['getReader']> {
  let wake = (): void => undefined
  for (const event of ['readable', 'end', 'error', 'close']) incoming.on(event, () => wake())
  const read = async () => {
    for (;;) {
      const value = incoming.read() as Uint8Array | null
      if (value !== null) return { value, done: false as const }
      if (incoming.readableEnded) return { value: undefined, done: true as const }
      if (incoming.destroyed) throw incoming.errored ?? new Error('the connection was closed')
      await new Promise<void>(resolve => {
        wake = resolve
      })
    }
  }
  return { read, cancel: async () => void incoming.destroy() }
}
