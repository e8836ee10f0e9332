/** A real node whose disk is full: it says so, keeps what it promised, and goes on by itself when there is room. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { compileFixture } from '../machine/fixtures/compile.ts'
import { Client } from './testing/client.ts'
import { smallDisk } from './testing/disk.ts'
import { type NodeProcess, startNodeProcess } from './testing/process.ts'

test('a job whose end finds the disk full ends when there is room again, without a restart', async t => {
  const disk = await smallDisk(t, '24m')
  if (disk === undefined) return
  const node = await startNodeProcess({ dataDir: join(disk, 'data'), flags: ['--slots', '1'] })
  t.after(() => node.stop())
  const client = new Client(node.http)
  assert.equal((await ready(node)).status, 200)
  const hello = await client.uploadHello()
  const job = await client.submit({ module: await client.upload(await compileFixture('loop')), timeoutMs: 1_000 })
  await client.event(job.id, ({ state }) => state === 'running')
  const ballast = join(disk, 'ballast')
  fill(ballast)
  await logged(node.child.stdout as NodeJS.ReadableStream, 'cannot write what became of a job')
  const refused = await fetch(`${node.http}/v1/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ module: hello }),
  })
  const { code, hint } = (await refused.json()) as { code: string; hint: string }
  assert.deepEqual([refused.status, code], [507, 'quotaExceeded'])
  assert.match(hint, /Make room/)
  assert.equal((await client.job(job.id)).state, 'running')
  const red = await ready(node)
  assert.deepEqual(
    [red.status, red.code, red.reasons],
    [503, 'unavailable', ['the disk of the data directory is full']],
  )
  await rm(ballast)
  assert.deepEqual(await ready(node), { status: 200, ready: true, reasons: [] })
  const ended = await client.ended(job.id)
  assert.deepEqual([ended.state, ended.reason, ended.attempt], ['failed', 'timedOut', 2])
  assert.equal((await client.run({ module: hello })).state, 'succeeded')
})

test('a disk that takes no bytes though it has room makes a node unready once a write fails, and ready again by itself', async t => {
  const dataDir = await mkdtemp(join(tmpdir(), 'plasm-limit-'))
  t.after(() => rm(dataDir, { recursive: true }))
  const ignoring = ['sh', '-c', 'trap "" XFSZ; exec "$0" "$@"'] as const
  const command = [...ignoring, process.execPath, join(import.meta.dirname, 'main.ts')] as const
  const node = await startNodeProcess({ dataDir, command, flags: ['--slots', '1'] })
  t.after(() => node.stop())
  const client = new Client(node.http)
  const module = await client.uploadHello()
  const limitFiles = (bytes: string) => execFileSync('prlimit', ['--pid', String(node.child.pid), `--fsize=${bytes}:`])
  limitFiles('1')
  assert.equal((await ready(node)).status, 200)
  await assert.rejects(client.submit({ module }), /50[37]/)
  for (const _again of [1, 2]) {
    const red = await ready(node)
    assert.deepEqual([red.status, red.reasons], [503, ['nothing can be written to the data directory']])
  }
  limitFiles('unlimited')
  assert.deepEqual(await ready(node), { status: 200, ready: true, reasons: [] })
  assert.equal((await client.run({ module })).state, 'succeeded')
})

async function ready(node: NodeProcess) {
  const response = await fetch(`${node.http}/readyz`)
  const { code, ready, reasons } = (await response.json()) as { code?: string; ready: boolean; reasons: string[] }
  return response.ok ? { status: response.status, ready, reasons } : { status: response.status, code, reasons }
}

function fill(file: string): void {
  try {
    for (;;) appendFileSync(file, Buffer.alloc(4096))
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC')
  }
}

async function logged(stream: NodeJS.ReadableStream, message: string): Promise<void> {
  for await (const line of createInterface({ input: stream })) {
    if ((JSON.parse(line) as { msg: string }).msg === message) break
  }
  stream.resume()
}
