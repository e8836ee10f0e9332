/** A data directory of the first version, with rows in it, under this one. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { contentOf } from '../../phase/digest.ts'
import { createdEvent, type Job, type JobTransition, transition } from '../../phase/job.ts'
import { migrate } from './migrate.ts'
import { first } from './migrations/0001-first.ts'
import { Store } from './store.ts'
import { Sweeper } from './sweeper.ts'
import { temporaryDirectory } from './testing/open.ts'
import { assigned, finished, newJob, newModule, started } from './testing/samples.ts'

const dayMs = 24 * 3_600_000
const [module, output, input, orphan] = [100_000, 70, 30, 90_000].map(size => randomBytes(size)) as [
  Buffer,
  Buffer,
  Buffer,
  Buffer,
]
const [receipt, request] = [randomBytes(500), randomBytes(300)]

/** Writes as the first version did: `finishedAt` for a job that has ended, `undefined` for one that runs. */
function writeJob(database: DatabaseSync, createdAt: string, finishedAt: string | undefined): Job {
  const fresh = newJob(createdAt)
  let job: Job = {
    ...fresh,
    manifest: { ...fresh.manifest, module: contentOf(module).digest, stdin: contentOf(input) },
  }
  const events = [createdEvent(job)]
  const end: JobTransition[] =
    finishedAt === undefined ? [] : [{ ...finished, at: finishedAt, stdout: contentOf(output) }]
  for (const change of [assigned, started, ...end]) {
    const after = transition(job, change)
    job = after.job
    events.push(after.event)
  }
  const { lastInsertRowid: number } = database
    .prepare('INSERT INTO jobs (id, state, job) VALUES (?, ?, ?)')
    .run(job.id, job.state, JSON.stringify(job))
  for (const event of events)
    database.prepare('INSERT INTO events VALUES (?, ?, ?)').run(number, event.sequence, JSON.stringify(event))
  database.prepare('INSERT INTO requests VALUES (?, 1, ?, ?)').run(number, job.taskDigest, request)
  if (finishedAt !== undefined)
    database.prepare('INSERT INTO receipts VALUES (?, 0, ?, ?)').run(number, job.taskDigest, receipt)
  return job
}

async function writeContent(database: DatabaseSync, directory: string, bytes: Buffer): Promise<string> {
  const { digest, size } = contentOf(bytes)
  const inFile = size > 65_536
  database
    .prepare('INSERT INTO contents (digest, size, bytes) VALUES (?, ?, ?)')
    .run(digest, size, inFile ? null : bytes)
  const shard = join(directory, 'blobs', digest.slice(7, 9))
  await mkdir(shard, { recursive: true })
  if (inFile) await writeFile(join(shard, digest.slice(9)), bytes)
  return digest
}

test('what the first version wrote is there, counted, and swept by its age', async t => {
  const directory = await temporaryDirectory(t)
  const database = new DatabaseSync(join(directory, 'store.sqlite'))
  migrate(database, directory, [first])
  const nowMs = Date.now()
  const time = (days: number) => new Date(nowMs - days * dayMs).toISOString()
  const old = writeJob(database, time(41), time(40))
  const young = writeJob(database, time(41), time(20))
  const running = writeJob(database, time(90), undefined)
  for (const bytes of [module, output, input, orphan]) await writeContent(database, directory, bytes)
  const info = { ...newModule(1), digest: contentOf(module).digest }
  database.prepare('INSERT INTO modules (digest, info) VALUES (?, ?)').run(info.digest, JSON.stringify(info))
  database.close()

  const clock = { ms: nowMs }
  const store = new Store({ directory, bytesMax: 2 ** 30, nowMs: () => clock.ms })
  t.after(() => store.stop())
  await store.start()
  const { usedBytes } = await store.statistics()
  const contentBytes = [module, output, input, orphan].reduce((sum, { length }) => sum + length + 256, 0)
  assert.ok(usedBytes > contentBytes + 3 * 1_000 && usedBytes < contentBytes + 3 * 10_000, String(usedBytes))
  const jobs = await Promise.all([old, young, running].map(({ id }) => store.jobs.get(id)))
  assert.deepEqual(jobs, [old, young, running])

  const log = { info: () => {}, warn: ({ error }: { error?: unknown }) => assert.fail(String(error)) }
  const parts = { store, keepMs: 30 * dayMs, bytesMax: 2 ** 30, spared: () => [], nowMs: () => clock.ms, log }
  const sweep = () => new Sweeper(parts).sweep(new AbortController().signal)
  await sweep()
  assert.equal(await store.jobs.get(old.id), undefined)
  assert.deepEqual(await store.jobs.get(young.id), young)
  assert.deepEqual(await store.receipts.getByJob(young.id), new Uint8Array(receipt))
  assert.equal((await store.jobs.listEvents(young.id, 0, 10)).length, 4)

  clock.ms += 29 * dayMs
  await sweep()
  assert.equal(await store.jobs.get(young.id), undefined)
  assert.ok(await store.blobs.get(contentOf(orphan).digest), 'counts as used at the upgrade')
  clock.ms += 40 * dayMs
  await sweep()
  const left = [module, input, output, orphan].map(bytes => store.blobs.get(contentOf(bytes).digest))
  assert.deepEqual(
    (await Promise.all(left)).map(content => content !== undefined),
    [true, true, false, false],
  )
  const end = new Date(clock.ms).toISOString()
  await store.jobs.apply(running.id, { ...finished, at: end, reason: 'timedOut' })
  clock.ms += 31 * dayMs
  await sweep()
  assert.equal((await store.statistics()).usedBytes, 0)
  assert.equal(await store.modules.get(info.digest), undefined)
  const files = await Array.fromAsync(await readdir(join(directory, 'blobs')), shard =>
    readdir(join(directory, 'blobs', shard)),
  )
  assert.deepEqual(files.flat(), [])
})
