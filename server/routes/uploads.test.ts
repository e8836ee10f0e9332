import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import request from 'supertest'
import { moduleBytesMax } from '../../phase/limits.ts'
import { type Fixture, startApp } from './testing/fixture.ts'

let app: Fixture
before(async () => {
  app = await startApp()
})
after(() => app.stop())

const wasm = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 0, 1, 0])
const named = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
const put = (path: string, type: string, body: Buffer) =>
  request(app.url).put(path).set('content-type', type).send(body)

interface Upload {
  headers: Record<string, string | number>
  chunk: Buffer
  chunks: number
}

/** An upload by hand: `chunk` so many times, as fast as the node takes it. Resolves with the answer and what was sent until then. */
function upload(
  path: string,
  { headers, chunk, chunks }: Upload,
): Promise<{ status: number; text: string; sent: number }> {
  return new Promise((resolve, reject) => {
    let sent = 0
    const outgoing = httpRequest(`${app.url}${path}`, { method: 'PUT', headers }, (answer: IncomingMessage) => {
      let text = ''
      answer.on('data', part => (text += part))
      answer.on('end', () => {
        // Node's own client stops sending once it has the answer, and would keep the connection open.
        outgoing.destroy()
        resolve({ status: answer.statusCode ?? 0, text, sent })
      })
    })
    outgoing.on('error', reject)
    const source = function* () {
      for (; sent < chunks; sent++) yield chunk
    }
    if (headers['expect'] === undefined) Readable.from(source()).pipe(outgoing)
    else {
      outgoing.on('continue', () => Readable.from(source()).pipe(outgoing))
      outgoing.flushHeaders()
    }
  })
}

test('a module is stored once, by its digest', async () => {
  const first = await put('/v1/modules', 'application/wasm', wasm)
  assert.equal(first.status, 201, first.text)
  assert.equal(first.body.digest, named(wasm))
  assert.equal(first.body.size, wasm.length)
  assert.deepEqual(first.body.exports, [{ name: '_start', kind: 'function' }])
  assert.equal(first.headers['location'], `/v1/modules/${named(wasm)}`)
  const again = await put('/v1/modules', 'application/wasm', wasm)
  assert.equal(again.status, 200)
  assert.deepEqual(again.body, first.body)
  assert.deepEqual((await request(app.url).get(`/v1/modules/${named(wasm)}`)).body, first.body)
  const listed = await request(app.url).get('/v1/modules')
  assert.ok(listed.body.items.some((item: { digest: string }) => item.digest === named(wasm)))
  const content = await fetch(`${app.url}/v1/modules/${named(wasm)}/content`)
  assert.deepEqual(Buffer.from(await content.arrayBuffer()), wasm)
  assert.equal(content.headers.get('content-type'), 'application/wasm')
  const cached = await request(app.url)
    .get(`/v1/modules/${named(wasm)}/content`)
    .set('if-none-match', `"${named(wasm)}"`)
  assert.equal(cached.status, 304)
})

test('a module that is not admitted is not kept', async () => {
  const bytes = Buffer.from('this is no module')
  const response = await put('/v1/modules', 'application/wasm', bytes)
  assert.equal(response.status, 422)
  assert.equal(response.body.code, 'moduleRejected')
  assert.match(response.body.detail, /no magic number/)
  assert.equal((await request(app.url).get(`/v1/modules/${named(bytes)}`)).status, 404)
  assert.equal(await app.store.blobs.get(named(bytes)), undefined)
})

test('a module that takes more memory than the node has is refused with what to do about it', async () => {
  const { status, body } = await put('/v1/modules', 'application/wasm', Buffer.from([2]))
  assert.deepEqual([status, body.code], [413, 'tooLarge'])
  assert.match(body.hint, /Build a smaller one/)
})

test('a module that takes too long to read is refused with what to do about it', async () => {
  const { status, body } = await put('/v1/modules', 'application/wasm', Buffer.from([1]))
  assert.deepEqual([status, body.code], [408, 'timedOut'])
  assert.match(body.hint, /build a smaller one/)
})

test('an upload says what it is', async () => {
  for (const type of ['application/json', 'text/plain', 'application/octet-stream']) {
    assert.equal((await put('/v1/modules', type, wasm)).body.code, 'mediaType')
  }
  assert.equal((await put('/v1/blobs', 'application/wasm', wasm)).body.code, 'mediaType')
  const bare = await request(app.url).put('/v1/modules')
  assert.equal(bare.status, 400)
  assert.equal(bare.body.code, 'invalid')
})

test('a module of 65 MiB is refused, announced or not, and the client gets to read why', async () => {
  const chunk = Buffer.alloc(1024 * 1024)
  const headers = { 'content-type': 'application/wasm' }
  const bodies = [
    { headers: { ...headers, 'content-length': 65 * chunk.length }, chunk, chunks: 65 },
    { headers, chunk, chunks: 65 },
  ]
  for (const body of bodies) {
    const { status, text } = await upload('/v1/modules', body)
    assert.equal(status, 413)
    assert.equal(JSON.parse(text).code, 'tooLarge')
    assert.match(JSON.parse(text).detail, new RegExp(String(moduleBytesMax)))
  }
})

test('a client that asks before it sends learns that a blob is too large without sending it', async () => {
  const headers = { 'content-type': 'application/octet-stream', expect: '100-continue' }
  const chunk = Buffer.alloc(1024)
  const refused = await upload('/v1/blobs', {
    headers: { ...headers, 'content-length': 2 ** 30 + 1 },
    chunk,
    chunks: 1,
  })
  assert.deepEqual([refused.status, refused.sent], [413, 0])
  const taken = await upload('/v1/blobs', { headers: { ...headers, 'content-length': 1024 }, chunk, chunks: 1 })
  assert.equal(taken.status, 201)
})

test('a blob is streamed in and out', async () => {
  const bytes = Buffer.alloc(3_000_000, 'plasm')
  const stored = await put('/v1/blobs', 'application/octet-stream', bytes)
  assert.equal(stored.status, 201)
  assert.deepEqual(stored.body, { digest: named(bytes), size: bytes.length })
  assert.equal((await put('/v1/blobs', 'application/octet-stream', bytes)).status, 200)
  const back = await request(app.url)
    .get(`/v1/blobs/${named(bytes)}`)
    .buffer(true)
  assert.ok(bytes.equals(back.body))
  assert.equal(back.headers['content-disposition'], 'attachment')
})

test('a full store is said as such', async () => {
  const full = await startApp({ storeBytesMax: 1000 })
  for (const [path, type] of [
    ['/v1/blobs', 'application/octet-stream'],
    ['/v1/modules', 'application/wasm'],
  ] as const) {
    const response = await request(full.url).put(path).set('content-type', type).send(Buffer.alloc(2000))
    assert.equal(response.status, 507, response.text)
    assert.equal(response.body.code, 'quotaExceeded')
    assert.ok(response.body.hint)
  }
  await full.stop()
})
