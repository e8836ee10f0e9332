/** A real node whose disk is full: it says so, keeps what it promised, and goes on by itself when there is room. */
import assert from 'node:assert/strict'
import { appendFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { compileFixture } from '../machine/fixtures/compile.ts'
import { Client } from './testing/client.ts'
import { smallDisk } from './testing/disk.ts'
import { startNodeProcess } from './testing/process.ts'

test('a job whose end finds the disk full ends when there is room again, without a restart', async t => {
  const disk = await smallDisk(t, '24m')
  if (disk === undefined) return t.skip('a file system could not be mounted')
  const node = await startNodeProcess({ dataDir: join(disk, 'data'), flags: ['--slots', '1'] })
  t.after(() => node.stop())
  const client = new Client(node.http)
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
  await rm(ballast)
  const ended = await client.ended(job.id)
  assert.deepEqual([ended.state, ended.reason, ended.attempt], ['failed', 'timedOut', 2])
  assert.equal((await client.run({ module: hello })).state, 'succeeded')
})

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
