import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import request from 'supertest'
import { type Fixture, startApp } from './testing/fixture.ts'

const absent = '01890a5d-ac96-774b-bcce-b302099a8057'
const digest = `sha256:${'a'.repeat(64)}`

/** What every error has, whoever made it. */
function assertProblem(response: request.Response, status: number, code: string): void {
  assert.equal(response.status, status, response.text)
  assert.match(String(response.headers['content-type']), /^application\/problem\+json/)
  const problem = response.body as Record<string, unknown>
  assert.equal(problem['code'], code)
  assert.equal(problem['status'], status)
  assert.equal(problem['type'], `https://phasebased.com/problems/${code}`)
  assert.equal(problem['instance'], `urn:uuid:${response.headers['x-request-id']}`)
  for (const member of ['title', 'detail', 'hint']) assert.ok(String(problem[member]).length > 3, member)
}

/** Bytes as they are over one socket; resolves when the other side closes. */
function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    let answer = ''
    socket.on('data', chunk => (answer += chunk.toString('latin1')))
    socket.on('close', () => resolve(answer))
    socket.on('error', reject)
  })
}

describe('an app on loopback without tokens', () => {
  let app: Fixture
  before(async () => {
    app = await startApp()
  })
  after(() => app.stop())

  test('answers with a problem for whatever is not there', async () => {
    for (const path of ['/', '/v1', '/v1/nothing', '/v1/jobs/', '/%2e%2e/etc/passwd', '/v1/modules/../../etc/passwd']) {
      assertProblem(await request(app.url).get(path), 404, 'notFound')
    }
    assertProblem(await request(app.url).get(`/v1/jobs/${absent}`), 404, 'notFound')
    assertProblem(await request(app.url).get(`/v1/modules/${digest}`), 404, 'notFound')
    assertProblem(await request(app.url).get(`/v1/blobs/${digest}`), 404, 'notFound')
    assertProblem(await request(app.url).get(`/v1/jobs/${'x'.repeat(500)}`), 404, 'notFound')
  })

  test('lets no parameter through that cannot name anything', async () => {
    for (const name of [
      '%2e%2e%2f%2e%2e%2fetc%2fpasswd',
      '..%5c..',
      `${digest}%00`,
      digest.toUpperCase(),
      'a'.repeat(64),
    ]) {
      assertProblem(await request(app.url).get(`/v1/modules/${name}`), 404, 'notFound')
      assertProblem(await request(app.url).get(`/v1/modules/${name}/content`), 404, 'notFound')
      assertProblem(await request(app.url).get(`/v1/blobs/${name}`), 404, 'notFound')
      assertProblem(await request(app.url).get(`/v1/jobs/${name}`), 404, 'notFound')
    }
    const answer = await raw(
      app.port,
      `GET /v1/modules/../../etc/passwd HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n`,
    )
    assert.match(answer, /^HTTP\/1\.1 404 [\s\S]*"code":"notFound"/)
    assertProblem(await request(app.url).get('/v1/jobs/%ff%fe'), 400, 'invalid')
  })

  test('says which methods a path has', async () => {
    const response = await request(app.url).delete('/v1/jobs')
    assertProblem(response, 405, 'methodNotAllowed')
    assert.equal(response.headers['allow'], 'GET, HEAD, POST, OPTIONS')
    const options = await request(app.url).options(`/v1/jobs/${absent}`)
    assert.equal(options.status, 204)
    assert.equal(options.headers['allow'], 'GET, HEAD, OPTIONS')
    assert.equal(options.headers['access-control-allow-origin'], undefined)
    assertProblem(await request(app.url).options('/v1/nothing'), 404, 'notFound')
  })

  test('answers HEAD as GET without the body', async () => {
    const head = await request(app.url).head(`/v1/modules/${app.module}/content`)
    assert.equal(head.status, 200)
    assert.equal(head.headers['content-length'], '8')
    assert.equal((await request(app.url).head('/v1/peers')).status, 200)
    assert.equal((await request(app.url).head(`/v1/jobs/${absent}/events`)).status, 405)
  })

  test('refuses bodies that are not the JSON it asked for', async () => {
    const post = (type: string, body: string) => request(app.url).post('/v1/jobs').set('content-type', type).send(body)
    const manifest = `{"module":"${app.module}"}`
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=a',
      'application/xml',
    ]) {
      assertProblem(await post(type, manifest), 415, 'mediaType')
    }
    for (const body of [
      '',
      '{',
      '[]',
      'null',
      '{"module":1}',
      `{"module":"${app.module}","module":"${app.module}"}`,
      `\uFEFF${manifest}`,
    ]) {
      assertProblem(await post('application/json', body), 400, 'invalid')
    }
    assertProblem(await post('application/json', '['.repeat(100)), 400, 'invalid')
    assertProblem(
      await post('application/json', `{"module":"${app.module}","__proto__":{"module":1}}`),
      400,
      'unknownField',
    )
    assertProblem(await post('application/json', `"${'x'.repeat(1024 * 1024)}"`), 413, 'tooLarge')
    assertProblem(await request(app.url).post('/v1/jobs'), 400, 'invalid')
    assert.equal((await post('application/json; charset=utf-8', manifest)).status, 202)
  })

  test('does not let a crooked content type past the check of the body', async () => {
    // CVE-2025-32442, CVE-2026-25223, CVE-2026-3419, CVE-2026-33806
    for (const type of [
      'application/json\ta',
      'application/json garbage',
      ' application/json ;',
      'application/ json',
      'Application/JSON',
      'application/json;',
      'application/jsonx',
    ]) {
      const body = '{"module":"sha256:no","surprise":true}'
      const head = `POST /v1/jobs HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\ncontent-length: ${body.length}\r\n`
      const answer = await raw(app.port, `${head}content-type: ${type}\r\n\r\n${body}`)
      assert.match(
        answer,
        /^HTTP\/1\.1 (400|415) [\s\S]*application\/problem\+json[\s\S]*"code":"(unknownField|invalid|mediaType)"/,
        type,
      )
    }
  })

  test('refuses compressed bodies', async () => {
    const response = await request(app.url)
      .post('/v1/jobs')
      .set('content-type', 'application/json')
      .set('content-encoding', 'gzip')
      .send('{}')
    assertProblem(response, 415, 'mediaType')
  })

  test('answers only for its own names, on every path', async () => {
    const paths = [
      '/v1/node',
      '/v1/jobs',
      '/docs',
      '/docs/static/swagger-ui.css',
      '/openapi.json',
      '/metrics',
      '/livez',
      '/nothing',
    ]
    for (const path of paths) {
      for (const host of [
        'evil.example',
        'evil.example:7527',
        'localhost.evil.example',
        '127.0.0.1.evil.example',
        '127.0.0.1@evil.example',
        '192.0.2.1',
        '',
      ]) {
        assertProblem(await request(app.url).get(path).set('host', host), 421, 'misdirected')
      }
    }
    for (const host of ['localhost', 'LOCALHOST:1', '127.0.0.1:99', '[::1]:7527']) {
      assert.equal((await request(app.url).get('/livez').set('host', host)).status, 200)
    }
  })

  test('answers no page of another origin', async () => {
    const site = (headers: Record<string, string>) => request(app.url).get('/v1/peers').set(headers)
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: 'http://127.0.0.1:1' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ]) {
      assertProblem(await site(headers), 403, 'forbidden')
    }
    assert.equal((await site({ origin: app.url, 'sec-fetch-site': 'same-origin' })).status, 200)
    assert.equal((await site({ 'sec-fetch-site': 'none' })).status, 200)
    const post = await request(app.url).post('/v1/peers/discover').set('origin', 'https://evil.example')
    assertProblem(post, 403, 'forbidden')
    assert.equal(post.headers['access-control-allow-origin'], undefined)
  })

  test('says nothing of what broke inside, but in the log', async () => {
    const response = await request(app.url).get('/v1/node').set('authorization', 'Bearer canary')
    assertProblem(response, 500, 'internal')
    assert.doesNotMatch(response.text, /secret|fire|\.ts/)
    const line = app.logged.find(line => line.includes('on fire')) ?? ''
    assert.ok(line.includes(String(response.headers['x-request-id'])))
    assert.ok(!app.logged.join('').includes('canary'))
  })

  test('makes its own request ids and sends what browsers need to stay out', async () => {
    const { headers } = await request(app.url).get('/v1/peers').set('x-request-id', 'chosen')
    assert.match(String(headers['x-request-id']), /^[0-9a-f-]{36}$/)
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.equal(headers['x-frame-options'], 'DENY')
    assert.equal(headers['cross-origin-resource-policy'], 'same-origin')
    assert.match(String(headers['content-security-policy']), /default-src 'none'/)
  })

  test('refuses unknown and impossible query parameters', async () => {
    assertProblem(await request(app.url).get('/v1/jobs?stat=queued'), 400, 'unknownField')
    for (const query of ['limit=0', 'limit=501', 'limit=x', 'state=sleeping', 'limit=1&limit=2']) {
      assertProblem(await request(app.url).get(`/v1/jobs?${query}`), 400, 'invalid')
    }
    assert.equal((await request(app.url).get('/v1/jobs?limit=500&state=queued')).status, 200)
  })

  test('answers what is not HTTP with a problem too', async () => {
    const answer = await raw(app.port, 'NONSENSE\r\n\r\n')
    assert.match(answer, /^HTTP\/1\.1 400 [\s\S]*application\/problem\+json[\s\S]*"code":"invalid"/)
    assert.match(
      await raw(app.port, 'GET /livez HTTP/1.1\r\nconnection: close\r\n\r\n'),
      /^HTTP\/1\.1 400 [\s\S]*"code":"invalid"/,
    )
    assert.match(await raw(app.port, 'GET /livez HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 400 /)
    const expecting = 'GET /nothing HTTP/1.1\r\nhost: 127.0.0.1\r\nexpect: wonders\r\nconnection: close\r\n\r\n'
    assert.match(await raw(app.port, expecting), /^HTTP\/1\.1 404 [\s\S]*"code":"notFound"/)
    const long = await raw(app.port, `GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nx: ${'y'.repeat(70_000)}\r\n\r\n`)
    assert.match(long, /^HTTP\/1\.1 431 [\s\S]*"code":"tooLarge"/)
  })

  test('serves its document, the page over it, and its metrics', async () => {
    const document = await request(app.url).get('/openapi.json')
    assert.equal((document.body as { openapi: string }).openapi, '3.0.3')
    const page = await request(app.url).get('/docs')
    assert.match(page.text, /swagger-ui-bundle\.js/)
    assert.doesNotMatch(page.text, /https?:\/\/(?!127)/)
    assert.match(
      String(page.headers['content-security-policy']),
      /default-src 'none';.*script-src 'self';.*frame-ancestors 'none'/,
    )
    assert.equal((await request(app.url).get('/docs/static/swagger-ui-bundle.js')).status, 200)
    assertProblem(await request(app.url).get('/docs/static/nothing.js'), 404, 'notFound')
    const metrics = await request(app.url).get('/metrics')
    assert.match(
      metrics.text,
      /plasm_http_request_duration_seconds_count\{method="GET",route="\/v1\/jobs",status="200"\} \d/,
    )
    assert.equal((await request(app.url).get('/livez')).status, 200)
    assert.deepEqual((await request(app.url).get('/readyz')).body, { ready: true, reasons: [] })
    assert.equal((await request(app.url).get('/v1/peers')).body.items.length, 1)
    assert.equal((await request(app.url).post('/v1/peers/discover')).body.items.length, 1)
  })
})

test('what is not ready says why', async () => {
  const { stop, url } = await startApp({ readiness: { ready: false, reasons: ['no peer is known'] } })
  const response = await request(url).get('/readyz')
  assertProblem(response, 503, 'unavailable')
  assert.deepEqual(response.body.reasons, ['no peer is known'])
  await stop()
})

test('slow requests are closed', async () => {
  const { stop, port } = await startApp({ limits: { headMs: 200, bodyMs: 200, silenceMs: 5_000 } })
  assert.match(await raw(port, 'GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n'), /^HTTP\/1\.1 408 [\s\S]*"code":"timedOut"/)
  const head =
    'POST /v1/jobs HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{'
  assert.match(await raw(port, head), /^HTTP\/1\.1 408 [\s\S]*"code":"timedOut"/)
  await stop()
})

test('a connection may be silent while its answer is worked on', async () => {
  const { stop, url, module } = await startApp({ limits: { silenceMs: 100 } })
  const response = await request(url).post('/v1/jobs').set('prefer', 'wait=1').send({ module })
  assert.equal(response.status, 202)
  await stop()
})

test('silent connections are closed, while they ask and between', async () => {
  const { stop, port } = await startApp({ limits: { silenceMs: 200, keepAliveMs: 100 } })
  const upload =
    'PUT /v1/blobs HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/octet-stream\r\ncontent-length: 10\r\n\r\na'
  assert.equal(await raw(port, upload), '')
  assert.match(await raw(port, 'GET /livez HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n'), /^HTTP\/1\.1 200/)
  await stop()
})

describe('an app with tokens, an allowed name and an allowed origin', () => {
  const token = 'correct-horse-battery-staple'
  let app: Fixture
  before(async () => {
    app = await startApp({
      http: {
        tokens: ['other', token].map(text => createHash('sha256').update(text).digest()),
        allowHosts: ['plasm.example'],
        allowOrigins: ['https://ui.example'],
      },
      limits: { requestsPerMinute: 20 },
    })
  })
  after(() => app.stop())

  test('asks for a token everywhere but where probes and people look first', async () => {
    for (const path of ['/v1/peers', '/metrics', '/nothing', '/docsx', '//v1/peers']) {
      const response = await request(app.url).get(path)
      assertProblem(response, 401, 'unauthorized')
      assert.match(String(response.headers['www-authenticate']), /^Bearer/)
    }
    for (const path of ['/livez', '/readyz', '/openapi.json', '/docs']) {
      assert.equal((await request(app.url).get(path)).status, 200)
    }
    for (const value of ['Bearer wrong', 'Basic abc', 'Bearer', `Bearer ${token} `.repeat(2)]) {
      assertProblem(await request(app.url).get('/v1/peers').set('authorization', value), 401, 'unauthorized')
    }
    assert.equal((await request(app.url).get('/v1/peers').set('authorization', `Bearer ${token}`)).status, 200)
  })

  test('answers for the allowed name', async () => {
    assert.equal((await request(app.url).get('/livez').set('host', 'plasm.example:443')).status, 200)
  })

  test('lets pages of the allowed origin in, and says so to the browser', async () => {
    const preflight = await request(app.url).options('/v1/jobs').set({
      origin: 'https://ui.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
    })
    assert.equal(preflight.status, 204)
    assert.equal(preflight.headers['access-control-allow-origin'], 'https://ui.example')
    assert.match(String(preflight.headers['access-control-allow-headers']), /content-type/)
    const answer = await request(app.url)
      .get('/v1/peers')
      .set({
        origin: 'https://ui.example',
        'sec-fetch-site': 'cross-site',
        authorization: `Bearer ${token}`,
      })
    assert.equal(answer.status, 200)
    assert.equal(answer.headers['access-control-allow-origin'], 'https://ui.example')
    const evil = await request(app.url)
      .options('/v1/jobs')
      .set({ origin: 'https://evil.example', 'access-control-request-method': 'POST' })
    assertProblem(evil, 403, 'forbidden')
  })

  test('counts the requests of each token', async () => {
    const ask = () => request(app.url).get('/v1/peers').set('authorization', 'Bearer other')
    for (let n = 0; n < 20; n++) assert.equal((await ask()).status, 200)
    const refused = await ask()
    assertProblem(refused, 429, 'rateLimited')
    assert.ok(Number(refused.headers['retry-after']) > 0)
  })
})
