/** A real node forgets: what is too old at its start, and what has to make room. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { Client } from './testing/client.ts'
import { type NodeProcess, startNodeProcess } from './testing/process.ts'

const mebibyte = 2 ** 20
const hourMs = 3_600_000

test('a job that ended before `keep` is gone, and says for how long jobs are kept; a full store takes uploads again', async t => {
  const dataDir = await mkdtemp(join(tmpdir(), 'plasm-sweep-'))
  t.after(() => rm(dataDir, { recursive: true }))
  const flags = ['--slots', '1', '--store-max', '64MiB', '--keep', '30d']
  const first = await startNodeProcess({ dataDir, flags })
  t.after(() => first.stop())
  const client = new Client(first.http)
  const module = await client.uploadHello()
  const [old, young] = [await client.run({ module, args: ['old'] }), await client.run({ module, args: ['young'] })]
  const blob = await put(first, 40)
  assert.equal(await first.stop(), 0)

  age(dataDir, 'UPDATE jobs SET finishedAtMs = finishedAtMs - ? WHERE id = ?', 31 * 24 * hourMs, old.id)
  age(dataDir, 'UPDATE contents SET usedAtMs = usedAtMs - ? WHERE digest = ?', 2 * hourMs, blob.digest)

  const second = await startNodeProcess({ dataDir, flags })
  t.after(() => second.stop())
  const again = new Client(second.http)
  const log = logged(second, 'swept the store')
  assert.equal((await put(second, 30)).status, 201)
  await assert.rejects(again.json(`/v1/blobs/${blob.digest}`), /404/)
  assert.equal((await put(second, 40)).status, 507, 'what came just now is kept')
  for (const path of ['', '/output', '/receipt', '/receipts', '/request', '/events']) {
    const gone = await fetch(`${second.http}/v1/jobs/${old.id}${path}`)
    const { code, hint } = (await gone.json()) as { code: string; hint: string }
    assert.deepEqual([gone.status, code], [404, 'notFound'], path)
    assert.match(hint, /kept for 30 days after its end/, path)
  }
  assert.equal((await again.job(young.id)).state, 'succeeded')
  assert.match(await again.output(young.id), /dlroW/)
  assert.equal((await again.run({ module })).state, 'succeeded')
  const metrics = await (await fetch(`${second.http}/metrics`)).text()
  assert.match(metrics, /^plasm_store_swept_total\{kind="job"\} 1$/m)
  const bytes = Number(/^plasm_store_bytes (\d+)$/m.exec(metrics)?.[1])
  assert.ok(bytes > 30 * mebibyte && bytes < 31 * mebibyte, String(bytes))
  assert.match(metrics, new RegExp(`^plasm_store_max_bytes ${64 * mebibyte}$`, 'm'))
  assert.equal(await second.stop(), 0)
  // The start's own sweep, of the job, may have its line before the one that says ready.
  const swept = (await log).filter(({ contents }) => contents !== 0)
  assert.deepEqual(
    swept.map(({ jobs, contents, bytes }) => [jobs, contents, bytes]),
    [[0, 1, 40 * mebibyte]],
  )
})

async function put(node: NodeProcess, mebibytes: number): Promise<{ status: number; digest: string }> {
  const response = await fetch(`${node.http}/v1/blobs`, {
    method: 'PUT',
    headers: { 'content-type': 'application/octet-stream' },
    body: Buffer.alloc(mebibytes * mebibyte, mebibytes),
  })
  const { digest } = (await response.json()) as { digest: string }
  return { status: response.status, digest }
}

/** Moves one row back in time, in the store of a node that is stopped. */
function age(dataDir: string, sql: string, ms: number, name: string): void {
  const database = new DatabaseSync(join(dataDir, 'store', 'store.sqlite'))
  assert.equal(database.prepare(sql).run(ms, name).changes, 1)
  database.close()
}

/** The lines of `node` with this message, until it ends. */
async function logged(node: NodeProcess, message: string): Promise<Record<string, number>[]> {
  const lines = createInterface({ input: node.child.stdout as NodeJS.ReadableStream })
  const all = (await Array.fromAsync(lines)).map(line => JSON.parse(line) as { msg: string } & Record<string, number>)
  return all.filter(({ msg }) => msg === message)
}
