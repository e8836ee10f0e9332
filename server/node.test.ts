/** One real node, alone: its door, what survives a crash, how it starts and stops. What strangers' modules do to it: guests.test.ts. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { compileFixture } from '../machine/fixtures/compile.ts'
import { Client } from './testing/client.ts'
import { type NodeProcess, startNodeProcess } from './testing/process.ts'

const directory = await mkdtemp(join(tmpdir(), 'plasm-node-'))
const mainFile = join(import.meta.dirname, 'main.ts')
const running = new Set<NodeProcess>()
let made = 0

async function start(flags: string[] = [], name = `node-${++made}`): Promise<NodeProcess> {
  const node = await startNodeProcess({ dataDir: join(directory, name), flags })
  running.add(node)
  return node
}

async function kill(node: NodeProcess): Promise<void> {
  running.delete(node)
  await node.kill()
}

after(async () => {
  await Promise.all([...running].map(node => node.stop()))
  await rm(directory, { recursive: true, force: true })
})

describe('jobs', () => {
  let node: NodeProcess
  let client: Client

  before(async () => {
    node = await start(['--slots', '2'])
    client = new Client(node.http)
  })

  test('a job that waits for a slot can be cancelled before it starts', async () => {
    const module = await client.upload(await compileFixture('loop'))
    const long = await Promise.all([1, 2].map(() => client.submit({ module, timeoutMs: 60_000 })))
    await Promise.all(long.map(({ id }) => client.event(id, ({ state }) => state === 'running')))
    const waiting = await client.submit({ module })
    assert.equal((await client.cancel(waiting.id)).state, 'cancelled')
    await Promise.all(long.map(({ id }) => client.cancel(id)))
    for (const { id } of long) assert.equal((await client.ended(id)).state, 'cancelled')
    await unaffected()
  })

  test('the same idempotency key gives the same job, however often and at the same time', async () => {
    const module = await client.uploadHello()
    const jobs = await Promise.all(
      Array.from({ length: 20 }, () => client.submit({ module }, { 'idempotency-key': 'one' })),
    )
    assert.equal(new Set(jobs.map(({ id }) => id)).size, 1)
    await assert.rejects(client.submit({ module, args: ['other'] }, { 'idempotency-key': 'one' }), /422/)
  })

  /** The same process answers, and still runs a job. */
  async function unaffected(): Promise<void> {
    assert.equal(node.child.exitCode, null)
    assert.equal(node.child.signalCode, null)
    const hello = await client.run({ module: await client.uploadHello() })
    assert.equal(hello.state, 'succeeded', String(hello.detail))
  }
})

describe('the door', () => {
  let node: NodeProcess
  let client: Client
  let module: string

  before(async () => {
    node = await start(['--slots', '1', '--store-max', '64MiB', '--queue-max', '2'])
    client = new Client(node.http)
    module = await client.uploadHello()
  })

  interface Problem {
    status: number
    code: string
    hint: string
    retryAfter: string | null
  }

  /** One request as its bytes say, over a socket: fetch would mend paths and forbids headers. */
  async function ask(request: string, headers: Record<string, string> = {}, body = ''): Promise<Problem> {
    const { hostname, port } = new URL(node.http)
    const socket = connect(Number(port), hostname)
    const lines = Object.entries({
      host: '127.0.0.1',
      connection: 'close',
      'content-length': String(Buffer.byteLength(body)),
      ...headers,
    }).map(([name, value]) => `${name}: ${value}`)
    socket.write(`${request} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`)
    const answer = await text(socket)
    const [head = '', json = ''] = answer.split('\r\n\r\n')
    const { code, hint } = JSON.parse(/\{.*\}/s.exec(json)?.[0] ?? '{}') as { code: string; hint: string }
    const retryAfter = /^retry-after: (.*)$/im.exec(head)?.[1] ?? null
    return { status: Number(head.split(' ')[1]), code, hint, retryAfter }
  }

  const json = { 'content-type': 'application/json' }
  const absent = `sha256:${'a'.repeat(64)}`
  const refusals: [what: string, status: number, code: string, ask: () => Promise<Problem>][] = [
    ['an unknown digest', 422, 'unknownDigest', () => ask('POST /v1/jobs', json, `{"module":"${absent}"}`)],
    ['bad JSON', 400, 'invalid', () => ask('POST /v1/jobs', json, '{"module":')],
    [
      'a form',
      415,
      'mediaType',
      () => ask('POST /v1/jobs', { 'content-type': 'text/plain' }, `{"module":"${module}"}`),
    ],
    ['a path that climbs', 404, 'notFound', () => ask('GET /v1/modules/../../../../etc/passwd')],
    ['a coded path that climbs', 404, 'notFound', () => ask('GET /v1/blobs/..%2f..%2fidentity.key')],
    ['an id that is no job', 404, 'notFound', () => ask('GET /v1/jobs/01890a5d-ac96-774b-bcce-b302099a8057')],
    ['another name in Host', 421, 'misdirected', () => ask('GET /v1/node', { host: 'evil.example' })],
    ['another Origin', 403, 'forbidden', () => ask('GET /v1/node', { origin: 'https://evil.example' })],
    ['a cross-site fetch', 403, 'forbidden', () => ask('POST /v1/peers/discover', { 'sec-fetch-site': 'cross-site' })],
  ]
  for (const [what, status, code, make] of refusals) {
    test(`${what} is refused as ${code}, with the next step`, async () => {
      const problem = await make()
      assert.deepEqual([problem.status, problem.code], [status, code])
      assert.ok(problem.hint.length > 10)
    })
  }

  test('a module of 65 MiB is too large', async () => {
    const body = Buffer.alloc(65 * 2 ** 20)
    const response = await fetch(`${node.http}/v1/modules`, {
      method: 'PUT',
      headers: { 'content-type': 'application/wasm' },
      body,
    })
    assert.equal(response.status, 413)
    assert.equal(((await response.json()) as Problem).code, 'tooLarge')
  })

  test('beyond the quota an upload is 507 with a hint, a job says so too, and the node goes on', async () => {
    const put = (bytes: number) =>
      fetch(`${node.http}/v1/blobs`, {
        method: 'PUT',
        headers: { 'content-type': 'application/octet-stream' },
        body: Buffer.alloc(bytes, 1),
      })
    assert.equal((await put(62 * 2 ** 20)).status, 201)
    const full = await put(4 * 2 ** 20)
    const problem = (await full.json()) as Problem
    assert.deepEqual([full.status, problem.code], [507, 'quotaExceeded'])
    assert.match(problem.hint, /store-max/)
    const echo = await client.upload(await compileFixture('echo'))
    const stdin = { text: 'a'.repeat(200_000) }
    const jobs = await Promise.all(
      [1, 2].map(async seed => client.run({ module: echo, seed: `${seed}`.repeat(64), stdin })),
    )
    assert.deepEqual(
      jobs.map(({ state }) => state),
      ['succeeded', 'succeeded'],
    )
    assert.equal((await client.run({ module })).state, 'succeeded')
  })

  test('a full queue is 503 and says when to come back', async () => {
    const loop = await client.upload(await compileFixture('loop'))
    const jobs = await Promise.all([1, 2].map(async () => client.submit({ module: loop })))
    const problem = await ask('POST /v1/jobs', json, JSON.stringify({ module }))
    assert.deepEqual([problem.status, problem.code, problem.retryAfter], [503, 'busy', '1'])
    for (const { id } of jobs) await client.cancel(id)
    for (const { id } of jobs) assert.equal((await client.ended(id)).state, 'cancelled')
  })
})

describe('start and stop', () => {
  test('jobs that were acknowledged before a SIGKILL end after the next start, a running one as its second attempt', async () => {
    const first = await start(['--slots', '1'], 'crash')
    const client = new Client(first.http)
    const slow = await client.upload(await compileFixture('slow'))
    const hello = await client.uploadHello()
    const running = await client.submit({ module: slow, timeoutMs: 120_000 })
    await client.event(running.id, ({ state }) => state === 'running')
    const waiting = await Promise.all(
      Array.from({ length: 30 }, (_, i) => client.submit({ module: hello, args: [`${i}`] })),
    )
    await kill(first)
    const again = new Client((await start(['--slots', '1'], 'crash')).http)
    const resumed = await again.ended(running.id)
    assert.equal(resumed.state, 'succeeded', String(resumed.detail))
    assert.equal(resumed.attempt, 2)
    for (const { id } of waiting) assert.equal((await again.ended(id)).state, 'succeeded')
  })

  test('SIGTERM ends a node cleanly while a job runs, and the job goes on after the next start', async () => {
    const first = await start(['--slots', '1'], 'drain')
    const client = new Client(first.http)
    const module = await client.upload(await compileFixture('loop'))
    const job = await client.submit({ module, timeoutMs: 60_000 })
    await client.event(job.id, ({ state }) => state === 'running')
    running.delete(first)
    assert.equal(await first.stop(), 0)
    const again = new Client((await start(['--slots', '1'], 'drain')).http)
    await again.event(job.id, ({ state, attempt }) => state === 'running' && attempt === 2)
    await again.cancel(job.id)
    assert.equal((await again.ended(job.id)).state, 'cancelled')
  })

  test('a second node cannot use the same data directory', async () => {
    await start([], 'shared')
    const { code, stderr } = await serve([
      '--data-dir',
      join(directory, 'shared'),
      '--http',
      '127.0.0.1:0',
      '--p2p',
      '/ip4/127.0.0.1/tcp/0',
    ])
    assert.equal(code, 1)
    assert.match(stderr, /another|open/)
  })

  test('a port that another process holds ends the start with exit code 1, its name and the next step', async t => {
    const holder = createServer().listen(0, '127.0.0.1')
    t.after(() => holder.close())
    await once(holder, 'listening')
    const { port } = holder.address() as AddressInfo
    const data = ['--data-dir', join(directory, 'port')]
    const free = ['--http', '127.0.0.1:0', '--p2p', '/ip4/127.0.0.1/tcp/0']
    const [http, p2p] = await Promise.all([
      serve([...data, ...free, '--http', `127.0.0.1:${port}`]),
      serve(['--data-dir', join(directory, 'port2'), '--http', '127.0.0.1:0', '--p2p', `/ip4/127.0.0.1/tcp/${port}`]),
    ])
    const held = (setting: string, address: string) =>
      `plasm serve: Cannot listen on ${setting} "${address}": another process holds the port\n` +
      `Stop that process (another node?), or choose another port with --${setting}; port 0 picks a free one.\n`
    assert.deepEqual([http.code, http.stderr], [1, held('http', `127.0.0.1:${port}`)])
    assert.deepEqual([p2p.code, p2p.stderr], [1, held('p2p', `/ip4/127.0.0.1/tcp/${port}`)])
  })

  test('wrong settings end with exit code 2 and a line with the setting, its value and its source', async () => {
    const bad = await serve(['--slots', 'many'])
    assert.deepEqual(
      [bad.code, bad.stderr],
      [2, 'plasm serve: Cannot use slots "many" (flag --slots): N was expected\n'],
    )
    const data = join(directory, 'wrong')
    const far = await serve(['--data-dir', data, '--bootstrap', '/ip4/192.0.2.1/tcp/1'])
    assert.equal(far.code, 2)
    assert.match(
      far.stderr,
      /^plasm serve: Cannot use bootstrap "\/ip4\/192.0.2.1\/tcp\/1" \(flag --bootstrap\): its scope is /,
    )
    assert.equal(existsSync(data), false)
  })

  test('on a terminal a start is one line with the addresses', async () => {
    const flags = ['--data-dir', join(directory, 'human'), '--http', '127.0.0.1:0', '--p2p', '/ip4/127.0.0.1/tcp/0']
    const child = spawn(process.execPath, [mainFile, 'serve', ...flags, '--log', 'human'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const [line] = (await once(child.stdout, 'data')) as [Buffer]
    child.kill('SIGINT')
    assert.match(
      line.toString(),
      /^Plasm \S+ serves http:\/\/127\.0\.0\.1:\d+ \(Swagger UI: http:.*\/docs\), peers reach it at \/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\/12D3Koo\w+, data in .*human\. Modules run behind process, \w+.*\. Stop with Ctrl-C\.\n$/,
    )
    assert.deepEqual(await once(child, 'exit'), [0, null])
  })

  test('--help says what can be set and ends with 0', async () => {
    const { code, stdout } = await serve(['--help'])
    assert.equal(code, 0)
    assert.match(stdout, /--data-dir DIR/)
  })

  async function serve(flags: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
    const child = spawn(process.execPath, [mainFile, 'serve', ...flags], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', chunk => (stdout += chunk))
    child.stderr.on('data', chunk => (stderr += chunk))
    const [code] = (await once(child, 'close')) as [number | null]
    return { code, stdout, stderr }
  }
})
