import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { ApiError, ArgumentError, BusyError, ProtocolError, TimeoutError, TransportError } from './errors.ts'
import { FetchTransport } from './fetch-transport.ts'
import { retryAfterMs, retryDelayMs } from './retry.ts'

const problem = (status: number, code: string) =>
  JSON.stringify({
    type: 'x',
    title: 'x',
    status,
    detail: 'Cannot do it',
    instance: 'urn:uuid:7',
    code,
    hint: 'Do that.',
  })
const get = { method: 'GET', path: '/x', accept: 'application/json', idempotent: true }

/** A server that answers each request with the next step, the last one for ever. */
async function against(
  steps: RequestListener[],
  work: (transport: FetchTransport, requests: string[]) => Promise<void>,
) {
  const requests: string[] = []
  const server = createServer((request, response) => {
    const { method, url, headers } = request
    requests.push([method, url, headers['last-event-id']].flat().join(' ').trim())
    const step = steps[Math.min(requests.length, steps.length) - 1] as RequestListener
    request.resume()
    step(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const { port } = server.address() as AddressInfo
    await work(new FetchTransport({ url: `http://127.0.0.1:${port}`, timeoutMs: 500 }), requests)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

const answer =
  (status: number, body: string, headers: Record<string, string> = {}): RequestListener =>
  (_request, response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)
const cut: RequestListener = (_request, response) => response.destroy()

test('a call that may be repeated is, after 503, 429 and a broken connection', async () => {
  await against([answer(503, problem(503, 'busy')), cut, answer(200, '{"ok":true}')], async (transport, requests) => {
    assert.deepEqual((await transport.send(get, {})).json(), { ok: true })
    assert.equal(requests.length, 3)
  })
})

test('what may not be repeated, and what would fail again, is tried once', async () => {
  await against([answer(503, problem(503, 'busy'), { 'retry-after': '7' })], async (transport, requests) => {
    await assert.rejects(transport.send({ ...get, method: 'POST', idempotent: false }, {}), (error: unknown) => {
      assert.ok(error instanceof BusyError)
      assert.deepEqual([error.status, error.hint, error.requestId, error.retryAfterMs], [503, 'Do that.', '7', 7000])
      return true
    })
    await assert.rejects(transport.send(get, { sink: () => undefined }), BusyError)
    assert.equal(requests.length, 2)
  })
  await against([answer(500, 'not JSON')], async (transport, requests) => {
    await assert.rejects(
      transport.send(get, {}),
      (error: unknown) => error instanceof ApiError && error.code === 'internal',
    )
    assert.equal(requests.length, 1)
  })
  await against([answer(302, '', { location: 'http://127.0.0.1:1/' })], async (transport, requests) => {
    await assert.rejects(transport.send(get, {}), ApiError)
    assert.equal(requests.length, 1)
  })
})

test('an answer that does not come ends in a TimeoutError, an aborted call in the reason of its signal', async () => {
  await against([() => undefined], async transport => {
    await assert.rejects(transport.send(get, { timeoutMs: 30, maxRetries: 0 }), TimeoutError)
    const reason = new Error('no longer wanted')
    const controller = new AbortController()
    const call = transport.send(get, { signal: controller.signal })
    controller.abort(reason)
    await assert.rejects(call, error => error === reason)
    await assert.rejects(transport.send(get, { signal: controller.signal }), error => error === reason)
  })
})

test('broken JSON is a ProtocolError', async () => {
  await against([answer(200, '{"id":')], async transport => {
    const reply = await transport.send(get, {})
    assert.throws(() => reply.json(), ProtocolError)
  })
})

test('a stream is taken up after its last event until it says that it has ended', async () => {
  const events =
    (text: string): RequestListener =>
    (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(`retry: 1\n\n${text}`, () => response.destroy())
    }
  const rest: RequestListener = (_request, response) => response.end('id: 3\ndata: 3\n\nevent: end\ndata: {}\n\n')
  const steps = [events('id: 1\ndata: 1\n\nid: 2\ndata: 2\n\nid: 3\nda'), answer(503, problem(503, 'busy')), rest]
  await against(steps, async (transport, requests) => {
    const seen: unknown[] = []
    for await (const data of transport.stream({ ...get, accept: 'text/event-stream' }, {})) seen.push(data)
    assert.deepEqual(seen, [1, 2, 3])
    assert.deepEqual(requests, ['GET /x', 'GET /x 2', 'GET /x 2'])
  })
  await against([() => undefined], async transport => {
    const late = transport.stream({ ...get, accept: 'text/event-stream' }, { timeoutMs: 30 })
    await assert.rejects(late.next(), TimeoutError)
  })
})

test('pauses grow, differ, and are never shorter than the node asks for', () => {
  const lost = new TransportError('x')
  const busy = (retryAfterMs?: number) => new BusyError({ status: 429, code: 'rateLimited', detail: 'x', retryAfterMs })
  assert.deepEqual([retryDelayMs(1, lost, 0), retryDelayMs(1, lost, 1), retryDelayMs(9, lost, 1)], [100, 200, 5000])
  assert.equal(retryDelayMs(1, busy(3000), 0), 3000)
  assert.equal(retryDelayMs(1, busy(60_000), 0), undefined)
  assert.equal(retryDelayMs(1, new ApiError({ status: 409, code: 'conflict', detail: 'x' }), 0), undefined)
  const nowMs = Date.parse('2026-01-01T00:00:00Z')
  assert.equal(retryAfterMs('Thu, 01 Jan 2026 00:00:09 GMT', nowMs), 9000)
  assert.deepEqual(
    [retryAfterMs('2', nowMs), retryAfterMs('soon', nowMs), retryAfterMs(null, nowMs)],
    [2000, undefined, undefined],
  )
})

test('only an address of a node is taken, and a token that can be sent', () => {
  for (const url of ['', 'ftp://x', 'http://', 'http://x/?a', 'http://user:secret@x', 'http://a b']) {
    assert.throws(() => new FetchTransport({ url }), ArgumentError, url)
  }
  for (const token of ['', 'a b', 'ä', 'a\r\nb'])
    assert.throws(() => new FetchTransport({ url: 'http://x', token }), ArgumentError)
})
