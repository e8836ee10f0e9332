import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import request from 'supertest'
import { contentOf, digestOf } from '../../phase/digest.ts'
import { PhaseError } from '../../phase/errors.ts'
import { type Job, JobSchema, jobSchemas } from '../../phase/job.ts'
import { manifestSchemas } from '../../phase/manifest.ts'
import { ContentSchema, check } from '../../phase/schema.ts'
import { type Fixture, startApp } from './testing/fixture.ts'

let app: Fixture
before(async () => {
  app = await startApp()
})
after(() => app.stop())

const post = (manifest: unknown, headers: Record<string, string> = {}) =>
  request(app.url).post('/v1/jobs').set('content-type', 'application/json').set(headers).send(JSON.stringify(manifest))
const create = async (): Promise<Job> => (await post({ module: app.module })).body
const usage = { wallUs: 1, cpuUs: 1, compileUs: 1, memoryBytesPeak: 0 }

async function succeed(id: string, output = 'dlroW ,olleH'): Promise<void> {
  const bytes = new TextEncoder().encode(output)
  const stdout = contentOf(bytes)
  await app.store.blobs.put(bytes, { bytesMax: bytes.length })
  await app.store.blobs.put(new Uint8Array(0), { bytesMax: 0 })
  await app.scheduler.run(id)
  await app.scheduler.apply(id, {
    type: 'finished',
    reason: 'exited',
    exitCode: 0,
    stdout,
    stderr: contentOf(new Uint8Array(0)),
    usage,
  })
}

test('a job is accepted, found and listed', async () => {
  const response = await post({ module: app.module, stdin: { text: 'Hello, World' } })
  assert.equal(response.status, 202, response.text)
  const job = check(JobSchema, [...jobSchemas, ...manifestSchemas, ContentSchema], response.body, 'the job')
  assert.equal(response.headers['location'], `/v1/jobs/${job.id}`)
  assert.deepEqual((await request(app.url).get(`/v1/jobs/${job.id}`)).body, job)
  const listed = await request(app.url).get('/v1/jobs?state=queued&limit=500')
  assert.ok(listed.body.items.some((item: Job) => item.id === job.id))
  assert.equal((await request(app.url).get('/v1/jobs?state=cancelled')).body.items.length, 0)
})

test('pages follow one another', async () => {
  await create()
  await create()
  const first = await request(app.url).get('/v1/jobs?limit=1')
  const second = await request(app.url).get(`/v1/jobs?limit=1&cursor=${first.body.nextCursor}`)
  assert.equal(second.body.items.length, 1)
  assert.notEqual(first.body.items[0].id, second.body.items[0].id)
})

test('what a manifest may not say is refused with its place', async () => {
  const refused: [unknown, number, string, string][] = [
    [{ module: `sha256:${'a'.repeat(64)}` }, 422, 'unknownDigest', '/module'],
    [{ module: 'hello.wasm' }, 400, 'invalid', '/module'],
    [{ module: app.module, cpus: 1 }, 400, 'unknownField', '/cpus'],
    [{ module: app.module, resources: { gpu: 1 } }, 400, 'unknownField', '/resources/gpu'],
    [{ module: app.module, resources: { cpu: '1' } }, 400, 'invalid', '/resources/cpu'],
    [{ module: app.module, resources: { fuel: -1 } }, 400, 'invalid', '/resources/fuel'],
    [{ module: app.module, replicas: 2 }, 422, 'unsupported', '/replicas'],
    [{ module: app.module, stdin: { text: 'a', base64: 'YQ==' } }, 400, 'invalid', '/stdin'],
    [[], 400, 'invalid', ''],
  ]
  for (const [manifest, status, code, pointer] of refused) {
    const { body } = await post(manifest)
    assert.deepEqual([body.status, body.code, body.pointer], [status, code, pointer], body.detail)
    assert.ok(body.hint)
  }
})

test('a full queue says when to come back', async () => {
  app.scheduler.refusal = new PhaseError('busy', 'Cannot accept the job: the queue is full', { retryAfterMs: 1500 })
  const response = await post({ module: app.module })
  app.scheduler.refusal = undefined
  assert.equal(response.status, 503)
  assert.equal(response.body.code, 'busy')
  assert.equal(response.headers['retry-after'], '2')
})

test('the same key finds the same job, for the same manifest only', async () => {
  const key = { 'idempotency-key': 'one "key", with spaces' }
  const first = await post({ module: app.module }, key)
  const again = await post({ module: app.module }, key)
  assert.equal(first.body.id, again.body.id)
  const other = await post({ module: app.module, args: ['x'] }, key)
  assert.equal(other.status, 422)
  assert.equal(other.body.code, 'idempotencyConflict')
  assert.equal((await post({ module: app.module }, { 'idempotency-key': 'x'.repeat(256) })).body.code, 'invalid')
  assert.equal((await post({ module: app.module }, { 'idempotency-key': '\u00e9' })).body.code, 'invalid')
})

test('Prefer: wait answers with the finished job, or with the job as it stands', async () => {
  const awaited = new Promise<string>(resolve => {
    app.scheduler.onWait = resolve
  })
  const answer = post({ module: app.module }, { prefer: 'respond-async, wait="90"' }).then(response => response)
  await succeed(await awaited)
  const finished = await answer
  assert.equal(finished.status, 200)
  assert.equal(finished.body.state, 'succeeded')
  assert.equal(finished.headers['preference-applied'], 'wait=60')
  const pending = await post({ module: app.module }, { prefer: 'wait=0' })
  assert.equal(pending.status, 202)
  assert.equal(pending.body.state, 'queued')
  assert.equal((await post({ module: app.module }, { prefer: 'wait=soon' })).body.code, 'invalid')
  assert.equal((await post({ module: app.module }, { prefer: 'handling=lenient' })).status, 202)
})

test('a job that is asked for with Prefer: wait comes when it has ended', async () => {
  const { id } = await create()
  const get = (prefer: string) => request(app.url).get(`/v1/jobs/${id}`).set('prefer', prefer)
  const awaited = new Promise<string>(resolve => {
    app.scheduler.onWait = resolve
  })
  const answer = get('wait=30').then(response => response)
  await succeed(await awaited)
  const finished = await answer
  assert.equal(finished.status, 200)
  assert.equal(finished.body.state, 'succeeded')
  assert.equal(finished.headers['preference-applied'], 'wait=30')
  assert.equal((await get('wait=0')).body.state, 'succeeded')
  assert.equal((await get('wait=soon')).body.code, 'invalid')
})

test('output comes when the job has ended', async () => {
  const { id } = await create()
  for (const path of ['output', 'stderr', 'receipt']) {
    const early = await request(app.url).get(`/v1/jobs/${id}/${path}`)
    assert.equal(early.status, 409)
    assert.equal(early.body.code, 'notFinished')
    assert.equal(early.headers['retry-after'], '1')
  }
  const waiting = request(app.url).get(`/v1/jobs/${id}/output`).set('prefer', 'wait=30').buffer(true)
  const answer = waiting.then(response => response)
  await succeed(id)
  const output = await answer
  assert.equal(output.status, 200)
  assert.equal(output.body.toString(), 'dlroW ,olleH')
  assert.equal(output.headers['content-type'], 'application/octet-stream')
  assert.equal(output.headers['x-content-type-options'], 'nosniff')
  const stderr = await request(app.url).get(`/v1/jobs/${id}/stderr`).buffer(true)
  assert.deepEqual([stderr.status, stderr.body.length], [200, 0])
})

test('a job without a claim has no output and no receipt, and says why', async () => {
  const { id } = await create()
  await app.scheduler.run(id)
  await app.scheduler.apply(id, { type: 'finished', reason: 'timedOut', detail: 'it ran longer than 30000 ms' })
  const receipt = await request(app.url).get(`/v1/jobs/${id}/receipt`)
  assert.deepEqual([receipt.status, receipt.body.code], [404, 'noReceipt'])
  assert.match(receipt.body.detail, /timedOut/)
  const output = await request(app.url).get(`/v1/jobs/${id}/output`)
  assert.deepEqual([output.status, output.body.code], [404, 'notFound'])
  assert.match(output.body.detail, /timedOut/)
  assert.deepEqual((await request(app.url).get(`/v1/jobs/${id}/receipts`)).body, { items: [] })
})

test('envelopes are given byte for byte', async () => {
  const { id } = await create()
  const envelope = '{ "payloadType":"application/vnd.in-toto+json",\n"payload":"e30=", "signatures":[] }'
  assert.equal((await request(app.url).get(`/v1/jobs/${id}/request`)).body.code, 'notFound')
  const bytes = new TextEncoder().encode(envelope)
  const receiptId = digestOf(bytes)
  await app.scheduler.run(id, bytes)
  await app.scheduler.apply(
    id,
    { type: 'finished', reason: 'exited', exitCode: 0, receiptId },
    { receipt: { id: receiptId, envelope: bytes } },
  )
  for (const path of ['receipt', 'request']) {
    const response = await request(app.url).get(`/v1/jobs/${id}/${path}`)
    assert.equal(response.text, envelope)
    assert.match(String(response.headers['content-type']), /^application\/json/)
  }
  assert.equal((await request(app.url).get(`/v1/jobs/${id}/receipts`)).text, `{"items":[${envelope}]}`)
})

test('a job is cancelled once', async () => {
  const { id } = await create()
  const cancelled = await request(app.url).post(`/v1/jobs/${id}/cancel`)
  assert.equal(cancelled.status, 202)
  assert.equal(cancelled.body.state, 'cancelled')
  const again = await request(app.url).post(`/v1/jobs/${id}/cancel`)
  assert.deepEqual([again.status, again.body.code], [409, 'conflict'])
})

test('nobody waits for a node that stops', async () => {
  const stopped = await startApp()
  const { id } = (
    await request(stopped.url).post('/v1/jobs').set('content-type', 'application/json').send({ module: stopped.module })
  ).body
  const awaited = new Promise<string>(resolve => {
    stopped.scheduler.onWait = resolve
  })
  const answer = request(stopped.url)
    .get(`/v1/jobs/${id}/output`)
    .set('prefer', 'wait=60')
    .then(response => response)
  await awaited
  await stopped.stop()
  assert.equal((await answer).body.code, 'notFinished')
})
