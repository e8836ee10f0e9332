import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Store } from './store.ts'
import { Sweeper } from './sweeper.ts'
import { keepMs } from './testing/churner.ts'
import { rejection } from './testing/errors.ts'
import { temporaryDirectory } from './testing/open.ts'
import { finished } from './testing/samples.ts'

const writer = fileURLToPath(new URL('./testing/writer.ts', import.meta.url))
const churner = fileURLToPath(new URL('./testing/churner.ts', import.meta.url))
const rounds = 5

test('what was answered is there after SIGKILL, again and again', async t => {
  const directory = await temporaryDirectory(t)
  const promised = new Map<string, number>()
  for (let round = 1; round <= rounds; round++) {
    const store = new Store({ directory, bytesMax: 2 ** 30 })
    t.after(() => store.stop())
    await writeUntilKilled(t, directory, promised, 300 + round * 50)
    checkIntegrity(directory)
    await store.start()
    await checkPromises(store, promised)
    assert.deepEqual(await readdir(join(directory, 'incoming')), [])
    await store.stop()
  }
  assert.ok(promised.size > rounds * 50)
})

test('a SIGKILL amid sweeping leaves nothing dangling: jobs that are there are whole, and nothing is there of those that are not', async t => {
  const directory = await temporaryDirectory(t)
  let clockMs = Date.parse('2026-11-24T09:00:00.000Z')
  const ended = new Map<string, number>()
  for (let round = 1; round <= 3; round++) {
    const { child, lines } = startWriter(t, directory, churner, String(clockMs))
    let said = 0
    lines.on('line', line => {
      const [, job, ms = ''] = /^(?:ended (\S{36})|swept) (\d{13})$/.exec(line) ?? []
      if (job !== undefined) ended.set(job, Number(ms))
      if (ms !== '') clockMs = Math.max(clockMs, Number(ms))
      if (++said === 150 + round * 37) child.kill('SIGKILL')
    })
    await once(lines, 'close')
    await kill(child)
    checkIntegrity(directory)
    const store = new Store({ directory, bytesMax: 2 ** 30, nowMs: () => 0 })
    t.after(() => store.stop())
    await store.start()
    // Each of its four writers may have gone an hour further than it said.
    const sinceMs = clockMs + 4 * 3_600_000 - keepMs
    const young = [...ended].filter(([, ms]) => ms > sinceMs)
    assert.ok(young.length > 5)
    for (const [id] of young) assert.ok(await store.jobs.get(id), `job ${id} went too early`)
    await checkWhole(store)
    await store.stop()
    await checkFiles(directory)
  }
  const store = new Store({ directory, bytesMax: 2 ** 30, nowMs: () => clockMs * 2 })
  t.after(() => store.stop())
  await store.start()
  const log = { info: () => {}, warn: () => assert.fail() }
  const parts = { store, keepMs, bytesMax: 2 ** 30, spared: () => [], nowMs: () => clockMs * 2, log }
  for (const { id } of await store.jobs.listUnfinished()) await store.jobs.apply(id, finished)
  await new Sweeper(parts).sweep(new AbortController().signal)
  assert.equal((await store.statistics()).usedBytes, 0)
})

test('a directory that another process has is in conflict, and free when that process is killed', async t => {
  const directory = await temporaryDirectory(t)
  const store = new Store({ directory, bytesMax: 2 ** 30 })
  t.after(() => store.stop())
  const { child, lines } = startWriter(t, directory)
  await once(lines, 'line')
  await rejection(store.start(), 'conflict')
  await kill(child)
  await store.start()
  await store.stop()
})

/** Adds what the writer said, whole lines only, to `promised`; kills it after `count` of them. */
async function writeUntilKilled(t: TestContext, directory: string, promised: Map<string, number>, count: number) {
  const { child, lines } = startWriter(t, directory)
  let said = 0
  lines.on('line', line => {
    const [, name = '', number = ''] = /^(?:job|blob) (\S{36,71}) (\d+)$/.exec(line) ?? []
    if (name !== '') promised.set(name, Number(number))
    if (++said === count) child.kill('SIGKILL')
  })
  await once(lines, 'close')
  await kill(child)
}

function startWriter(t: TestContext, directory: string, file = writer, ...args: string[]) {
  const child = spawn(process.execPath, [file, directory, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => kill(child))
  return { child, lines: createInterface({ input: child.stdout }) }
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

function checkIntegrity(directory: string): void {
  const database = new DatabaseSync(join(directory, 'store.sqlite'))
  assert.equal(database.prepare('PRAGMA integrity_check').get()?.integrity_check, 'ok')
  assert.deepEqual(database.prepare('PRAGMA foreign_key_check').all(), [])
  const used = database.prepare('SELECT contents, usage.bytes, jobs FROM usage').get()
  const counted = database
    .prepare('SELECT count(*) AS contents, total(size) AS bytes, (SELECT total(bytes) FROM jobs) AS jobs FROM contents')
    .get()
  assert.deepEqual({ ...used }, { ...counted })
  database.close()
}

async function checkPromises(store: Store, promised: Map<string, number>): Promise<void> {
  for (const [name, number] of promised) {
    if (name.startsWith('sha256:')) assert.equal((await store.blobs.bytes(name)).length, number)
    else {
      const job = await store.jobs.get(name)
      assert.ok(job !== undefined && job.sequence >= number, `job ${name} has lost event ${number}`)
      assert.equal((await store.jobs.listEvents(name, 0, 10)).length, job.sequence)
    }
  }
}

/** Every job that is there has its events and all the bytes that it names, whole. */
async function checkWhole(store: Store): Promise<void> {
  const { items, nextCursor } = await store.jobs.list({ limit: 1000 })
  assert.equal(nextCursor, undefined)
  assert.ok(items.length > 0)
  for (const { id, sequence, manifest, stdout } of items) {
    assert.equal((await store.jobs.listEvents(id, 0, 10)).length, sequence)
    for (const digest of [manifest.module, ...(stdout === undefined ? [] : [stdout.digest])])
      assert.ok((await store.blobs.bytes(digest)).length > 0)
  }
}

/** Every row that says so has its file, and every file its row. */
async function checkFiles(directory: string): Promise<void> {
  const shards = await readdir(join(directory, 'blobs'))
  const files = await Array.fromAsync(shards, async shard =>
    (await readdir(join(directory, 'blobs', shard))).map(rest => `sha256:${shard}${rest}`),
  )
  const database = new DatabaseSync(join(directory, 'store.sqlite'))
  const rows = database.prepare('SELECT digest FROM contents WHERE bytes IS NULL').all()
  database.close()
  assert.deepEqual(files.flat().toSorted(), rows.map(({ digest }) => digest).toSorted())
}
