/** One real node, alone: what strangers' modules do to it, what survives a crash, how it starts and stops. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { compileFixture } from '../machine/fixtures/compile.ts'
import type { JobManifest } from '../phase/manifest.ts'
import { Client } from './testing/client.ts'
import { type NodeProcess, startNodeProcess } from './testing/process.ts'

const directory = await mkdtemp(join(tmpdir(), 'plasm-node-'))
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

interface Guest {
  fixture: string
  does: string
  manifest?: Partial<JobManifest>
  ends: { state: string; reason: string; exitCode?: number }
}

const mib = 2 ** 20
const exited = (exitCode: number) => ({ state: exitCode === 0 ? 'succeeded' : 'failed', reason: 'exited', exitCode })
const ended = (reason: string) => ({ state: 'failed', reason })

const guests: Guest[] = [
  { fixture: 'loop', does: 'loops for ever', manifest: { timeoutMs: 300 }, ends: ended('timedOut') },
  {
    fixture: 'loop-in-start',
    does: 'loops for ever before _start',
    manifest: { timeoutMs: 300 },
    ends: ended('timedOut'),
  },
  {
    fixture: 'bulk-memory-loop',
    does: 'loops inside bulk memory operations',
    manifest: { timeoutMs: 500, resources: { memoryBytes: 512 * mib } },
    ends: ended('timedOut'),
  },
  {
    fixture: 'memory-bomb',
    does: 'grows to its memory limit',
    manifest: { resources: { memoryBytes: 16 * mib } },
    ends: exited(256),
  },
  { fixture: 'output-flood', does: 'writes for ever', ends: ended('outputExceeded') },
  { fixture: 'deep-recursion', does: 'recurses without end', ends: ended('depthExhausted') },
  { fixture: 'trap-unreachable', does: 'traps', ends: ended('trapped') },
  { fixture: 'trap-divide', does: 'divides by zero', ends: ended('trapped') },
  { fixture: 'trap-memory', does: 'reads beyond its memory', ends: ended('trapped') },
  { fixture: 'exit-3', does: 'exits with 3', ends: exited(3) },
  { fixture: 'clock-and-random', does: 'reads clock and random', ends: exited(0) },
  { fixture: 'files', does: "tries the host's files", ends: exited(0) },
  { fixture: 'sleep', does: 'sleeps for ten virtual days', ends: exited(0) },
  { fixture: 'wild-pointers', does: 'hands wild pointers to the host', ends: exited(0) },
]

const refused = [
  'table-bomb',
  'unknown-import',
  'threads',
  'exceptions',
  'memory64',
  'several-memories',
  'relaxed-simd',
  'no-start',
]

describe('strangers of every kind', () => {
  let node: NodeProcess
  let client: Client

  before(async () => {
    node = await start(['--slots', '2'])
    client = new Client(node.http)
  })

  for (const { fixture, does, manifest, ends } of guests) {
    test(`a guest that ${does} ends as ${ends.reason}`, async () => {
      const module = await client.upload(await compileFixture(fixture))
      const job = await client.run({ module, ...manifest })
      const { state, reason, exitCode } = job
      assert.deepEqual({ state, reason, ...(exitCode === undefined ? {} : { exitCode }) }, ends, String(job.detail))
      await unaffected()
      const receipt = await fetch(`${node.http}/v1/jobs/${job.id}/receipt`)
      if (ends.reason === 'timedOut') {
        assert.equal(receipt.status, 404)
        assert.equal(((await receipt.json()) as { code: string }).code, 'noReceipt')
      } else {
        const verification = await client.verify(await receipt.json(), { jobId: job.id, module, executor: node.peerId })
        assert.equal(verification.verdict, 'valid')
      }
    })
  }

  for (const fixture of refused) {
    test(`a module of kind "${fixture}" is refused at the door`, async () => {
      const answer = await put(await compileFixture(fixture))
      assert.equal(answer.status, 422)
      assert.equal(answer.problem.code, 'moduleRejected')
      await unaffected()
    })
  }

  test('what is not WebAssembly at all is refused at the door', async () => {
    const answer = await put(new TextEncoder().encode('#!/bin/sh\necho hello\n'))
    assert.equal(answer.problem.code, 'moduleRejected')
  })

  test('a module that begins with more memory than the job allows is refused before the job is accepted', async () => {
    const module = await client.upload(await compileFixture('memory-initial-big'))
    await assert.rejects(client.submit({ module, resources: { memoryBytes: 64 * mib } }), /begins with 100663296 bytes/)
  })

  test('the output before a limit is kept, to the byte', async () => {
    const module = await client.upload(await compileFixture('output-flood'))
    const job = await client.run({ module, resources: { outputBytes: 100_000 } })
    assert.equal(job.reason, 'outputExceeded')
    assert.equal(await client.output(job.id), 'A'.repeat(65_536))
  })

  test('the same seed gives the same clock and random, another seed another random', async () => {
    const module = await client.upload(await compileFixture('clock-and-random'))
    const runs = await Promise.all(['a', 'a', 'b'].map(digit => client.run({ module, seed: digit.repeat(64) })))
    const [first, second, third] = runs.map(({ stdout }) => stdout?.digest)
    assert.equal(first, second)
    assert.notEqual(first, third)
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

  async function put(bytes: Uint8Array): Promise<{ status: number; problem: { code: string; detail: string } }> {
    const response = await fetch(`${node.http}/v1/modules`, {
      method: 'PUT',
      headers: { 'content-type': 'application/wasm' },
      body: bytes as BodyInit,
    })
    return { status: response.status, problem: (await response.json()) as { code: string; detail: string } }
  }
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
    const job = await client.submit({ module, timeoutMs: 7_000 })
    await client.event(job.id, ({ state }) => state === 'running')
    running.delete(first)
    assert.equal(await first.stop(), 0)
    const again = new Client((await start(['--slots', '1'], 'drain')).http)
    assert.equal((await again.ended(job.id)).reason, 'timedOut')
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

  test('a port that is taken ends the start with exit code 1 and its name', async () => {
    const taken = await start()
    const { port } = new URL(taken.http)
    const { code, stderr } = await serve([
      '--data-dir',
      join(directory, 'port'),
      '--http',
      `127.0.0.1:${port}`,
      '--p2p',
      '/ip4/127.0.0.1/tcp/0',
    ])
    assert.equal(code, 1)
    assert.match(stderr, new RegExp(port))
  })

  test('wrong settings end with exit code 2 and one line', async () => {
    const { code, stderr } = await serve(['--slots', 'many'])
    assert.equal(code, 2)
    assert.equal(stderr, 'plasm serve: Cannot use slots "many" (flag --slots): N was expected\n')
  })

  test('--help says what can be set and ends with 0', async () => {
    const { code, stdout } = await serve(['--help'])
    assert.equal(code, 0)
    assert.match(stdout, /--data-dir DIR/)
  })

  async function serve(flags: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), 'serve', ...flags], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', chunk => (stdout += chunk))
    child.stderr.on('data', chunk => (stderr += chunk))
    const [code] = (await once(child, 'close')) as [number | null]
    return { code, stdout, stderr }
  }
})
