/**
 * `fetch` over node:http, as far as the SDK uses it: Node's own takes longer to load than everything else that `plasm run` does. Redirects are
 * not followed, nothing is kept.
 */
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { Fetch } from '../sdks/typescript/src/index.ts'

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
      Readable.fromWeb((body instanceof Blob ? body.stream() : body) as never)
        .once('error', error => outgoing.destroy(error))
        .pipe(outgoing)
  })

function lengthOf(body: Parameters<Fetch>[1]['body']): number | undefined {
  if (typeof body === 'string') return Buffer.byteLength(body)
  if (body instanceof Uint8Array) return body.length
  return body instanceof Blob ? body.size : undefined
}

function answerOf(incoming: IncomingMessage): Awaited<ReturnType<Fetch>> {
  const status = incoming.statusCode ?? 0
  const chunks = incoming[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, undefined>
  const read = async () => {
    const { value, done } = await chunks.next()
    return done === true ? { value: undefined, done: true as const } : { value, done: false as const }
  }
  return {
    ok: status >= 200 && status < 300,
    status,
    headers: { get: name => [incoming.headers[name] ?? []].flat().join(', ') || null },
    body: { getReader: () => ({ read, cancel: async () => void incoming.destroy() }) },
  }
}
