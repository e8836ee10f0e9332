/** Every fixture guest as a stranger's job on one real node: how it ends, and that the node is the same afterwards. */
import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { compileFixture } from '../machine/fixtures/compile.ts'
import { errorCodes } from '../phase/errors.ts'
import { isTerminal, type Job } from '../phase/job.ts'
import type { JobManifest } from '../phase/manifest.ts'
import { Client } from './testing/client.ts'
import { type NodeProcess, startNodeProcess } from './testing/process.ts'

interface Expected {
  state: Job['state']
  reason: Job['reason']
  exitCode?: number
}
interface Guest extends Partial<JobManifest> {
  ends: Expected | { refused: string }
}

const mib = 2 ** 20
const exits = (exitCode: number): Expected => ({
  state: exitCode === 0 ? 'succeeded' : 'failed',
  reason: 'exited',
  exitCode,
})
const fails = (reason: NonNullable<Job['reason']>): Expected => ({ state: 'failed', reason })
const refused = { refused: 'moduleRejected' }

const guests: Record<string, Guest> = {
  'args-and-environ': { ends: exits(0), args: ['one', 'two'], env: { KEY: 'value' } },
  'bulk-memory-loop': { ends: fails('timedOut'), timeoutMs: 400, resources: { memoryBytes: 256 * mib } },
  'clock-and-random': { ends: exits(0) },
  'deep-recursion': { ends: fails('depthExhausted') },
  echo: { ends: exits(0), stdin: { text: 'there and back' } },
  exceptions: { ends: refused },
  'exit-3': { ends: exits(3) },
  'file-flood': { ends: exits(22) },
  files: { ends: exits(0) },
  'imported-memory': { ends: refused },
  loop: { ends: fails('timedOut'), timeoutMs: 200 },
  'loop-in-start': { ends: fails('timedOut'), timeoutMs: 200 },
  'memory-big': { ends: exits(0), resources: { memoryBytes: 96 * mib } },
  'memory-bomb': { ends: exits(256), resources: { memoryBytes: 16 * mib } },
  'memory-bomb-at-once': { ends: exits(0) },
  'memory-initial-big': { ends: exits(0), resources: { memoryBytes: 96 * mib } },
  memory64: { ends: refused },
  'no-memory': { ends: exits(0) },
  'no-start': { ends: refused },
  'output-flood': { ends: fails('outputExceeded') },
  'relaxed-simd': { ends: refused },
  'reserved-export': { ends: refused },
  'several-memories': { ends: refused },
  simd: { ends: exits(10) },
  sleep: { ends: exits(0) },
  slow: { ends: fails('timedOut'), timeoutMs: 200 },
  'start-function': { ends: exits(0) },
  'table-bomb': { ends: refused },
  'table-grow-bomb': { ends: exits(99_001) },
  threads: { ends: refused },
  'trap-data': { ends: fails('trapped') },
  'trap-divide': { ends: fails('trapped') },
  'trap-indirect': { ends: fails('trapped') },
  'trap-memory': { ends: fails('trapped') },
  'trap-unreachable': { ends: fails('trapped') },
  'unknown-import': { ends: refused },
  'wild-pointers': { ends: fails('trapped') },
  'wrong-import-type': { ends: refused },
}

const directory = await mkdtemp(join(tmpdir(), 'plasm-guests-'))
const fixtures = (await readdir(join(import.meta.dirname, '..', 'machine', 'fixtures')))
  .filter(name => name.endsWith('.wat'))
  .map(name => name.slice(0, -4))
let node: NodeProcess
let client: Client
let hello: string

before(async () => {
  node = await startNodeProcess({ dataDir: directory, flags: ['--slots', '2'] })
  client = new Client(node.http)
  hello = await client.uploadHello()
})

after(async () => {
  await node.stop()
  await rm(directory, { recursive: true, force: true })
})

for (const [name, { ends, ...manifest }] of Object.entries(guests)) {
  const how = 'refused' in ends ? `is refused at the door: ${ends.refused}` : `ends: ${ends.state}, ${words(ends)}`
  test(`${name} ${how}`, async () => {
    const upload = await put(await compileFixture(name))
    if ('refused' in ends) {
      assert.deepEqual([upload.status, upload.body.code], [422, ends.refused])
      assert.match(String(upload.body.detail), /^Cannot \S+ the module: /)
    } else {
      const job = await client.run({ module: String(upload.body.digest), ...manifest })
      const { state, reason, exitCode } = job
      assert.deepEqual({ state, reason, ...(exitCode === undefined ? {} : { exitCode }) }, ends, String(job.detail))
      await checkEvidence(job)
    }
    await checkNode()
  })
}

for (const name of fixtures.filter(name => !(name in guests))) {
  test(`${name}, of which nothing is said here, ends in a typed way`, async () => {
    const { status, body } = await put(await compileFixture(name))
    if (status >= 400) assert.ok((errorCodes as readonly string[]).includes(String(body.code)))
    else {
      const job = await client.run({ module: String(body.digest), timeoutMs: 2_000 })
      assert.ok(isTerminal(job.state) && job.reason !== 'internal', `${job.reason}: ${job.detail}`)
      await checkEvidence(job)
    }
    await checkNode()
  })
}

test('what is not WebAssembly at all is refused at the door', async () => {
  for (const text of ['', '#!/bin/sh\necho hello\n', '\0asm', `\0asm${'\x01\0\0\0'.repeat(1000)}`]) {
    const { status, body } = await put(new TextEncoder().encode(text))
    assert.deepEqual([status, body.code], [422, 'moduleRejected'], text)
  }
  await checkNode()
})

test('a module that begins with more memory than the job allows is refused before the job is accepted', async () => {
  const module = await client.upload(await compileFixture('memory-initial-big'))
  const asked = { module, resources: { memoryBytes: 64 * mib } }
  await assert.rejects(client.submit(asked), /begins with 100663296 bytes/)
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

test('granted, clock and random are the real ones', async () => {
  const module = await client.upload(await compileFixture('clock-and-random'))
  const job = await client.run({ module, capabilities: ['clock', 'random'] })
  assert.equal(job.reason, 'exited', String(job.detail))
  const output = await fetch(`${node.http}/v1/jobs/${job.id}/output`)
  const bytes = Buffer.from(await output.arrayBuffer())
  assert.ok(Math.abs(Number(bytes.readBigUInt64LE() / 1_000_000n) - Date.now()) < 60_000)
})

test('twenty strangers at once end each in their own way', async () => {
  const names = ['loop', 'exit-3', 'trap-divide', 'output-flood'] as const
  const modules = await Promise.all(names.map(async name => client.upload(await compileFixture(name))))
  const jobs = await Promise.all(
    Array.from({ length: 20 }, (_, index) => {
      const { ends: _ends, ...manifest } = guests[names[index % 4] as string] as Guest
      return client.run({ module: modules[index % 4] as string, ...manifest })
    }),
  )
  const ends = jobs.map(({ reason, exitCode }) => [reason, exitCode])
  assert.deepEqual(ends.slice(0, 4), [
    ['timedOut', undefined],
    ['exited', 3],
    ['trapped', undefined],
    ['outputExceeded', undefined],
  ])
  for (const [index, end] of ends.entries()) assert.deepEqual(end, ends[index % 4])
  await checkNode()
})

test('every child that was killed was counted', async () => {
  const text = await (await fetch(`${node.http}/metrics`)).text()
  const killed = Number(/^plasm_executor_kills_total\{reason="timedOut"\} (\d+)$/m.exec(text)?.[1])
  const ended = Number(/^plasm_jobs_total\{state="failed",reason="timedOut"\} (\d+)$/m.exec(text)?.[1])
  assert.ok(ended > 0)
  assert.equal(killed, ended)
})

/** A claim has a receipt that holds; no claim has none, and the answer says why. */
async function checkEvidence({ id, reason, manifest }: Job): Promise<void> {
  const answer = await fetch(`${node.http}/v1/jobs/${id}/receipt`)
  const body = (await answer.json()) as { code?: string; detail?: string }
  if (reason === 'timedOut' || reason === 'memoryExhausted' || reason === 'moduleRejected') {
    assert.deepEqual([answer.status, body.code], [404, 'noReceipt'])
    assert.ok(body.detail?.includes(reason))
    return
  }
  const verification = await client.verify(body, { jobId: id, module: manifest.module, executor: node.peerId })
  assert.equal(verification.verdict, 'valid')
  assert.equal(verification.assurance, 'pinned')
}

/** The same process lives and answers, and the next job is served. */
async function checkNode(): Promise<void> {
  assert.equal(node.child.exitCode, null)
  assert.equal(node.child.signalCode, null)
  assert.equal((await fetch(`${node.http}/livez`)).status, 200)
  const { state, detail } = await client.run({ module: hello, stdin: { text: 'still here' } })
  assert.equal(state, 'succeeded', String(detail))
}

async function put(bytes: Uint8Array): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${node.http}/v1/modules`, {
    method: 'PUT',
    headers: { 'content-type': 'application/wasm' },
    body: bytes as BodyInit,
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

function words({ reason, exitCode }: Expected): string {
  return exitCode === undefined ? String(reason) : `${reason} ${exitCode}`
}
