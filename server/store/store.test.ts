/** The contract, and what is SQLite's own part of it: durability, groups of calls, one owner. */
import assert from 'node:assert/strict'
import { readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, test } from 'node:test'
import { storeContract } from './store.contract.ts'
import { Store } from './store.ts'
import { rejection } from './testing/errors.ts'
import { openStore, temporaryDirectory } from './testing/open.ts'
import { newJob, stream } from './testing/samples.ts'

// Each test has a store of its own; what takes time is a thread's start.
describe('the contract', { concurrency: 4 }, () =>
  storeContract(async (t, options) => {
    const { store } = await openStore(t, options)
    return {
      store,
      reopen: async () => {
        await store.stop()
        await store.start()
        return store
      },
    }
  }),
)

test('a commit waits for the disk: synchronous is FULL and the journal a write-ahead log', async t => {
  const { store, directory } = await openStore(t)
  assert.equal((await store.statistics()).synchronous, 2)
  await store.stop()
  const file = new DatabaseSync(join(directory, 'store.sqlite'))
  assert.equal(file.prepare('PRAGMA journal_mode').get()?.journal_mode, 'wal')
  assert.equal(
    file
      .prepare('SELECT count(*) AS open FROM pragma_table_list WHERE schema = ? AND name NOT LIKE ? AND NOT strict')
      .get('main', 'sqlite_%')?.open,
    0,
  )
  file.close()
})

test('calls of one turn share one commit, and one that fails is undone alone', async t => {
  const { store } = await openStore(t)
  const before = (await store.statistics()).commits
  const jobs = Array.from({ length: 200 }, () => newJob())
  const twice = jobs[100] as (typeof jobs)[0]
  const calls = [...jobs, twice].map(job => store.jobs.create(job))
  const settled = await Promise.allSettled(calls)
  assert.equal(settled.filter(({ status }) => status === 'fulfilled').length, 200)
  await rejection(calls[200] as Promise<unknown>, 'conflict')
  assert.equal(await store.jobs.countUnfinished(), 200)
  assert.equal((await store.statistics()).commits - before, 1)
})

test('callers that wait for their answers share commits too', async t => {
  const { store } = await openStore(t)
  const before = (await store.statistics()).commits
  const caller = async () => {
    for (let left = 20; left > 0; left--) await store.jobs.create(newJob())
  }
  await Promise.all(Array.from({ length: 32 }, caller))
  const { commits } = await store.statistics()
  assert.ok(commits - before <= 320, `${commits - before} commits for 640 calls`)
})

test('calls beyond the bound are refused as busy, and the others answered', async t => {
  const { store } = await openStore(t)
  const settled = await Promise.allSettled(Array.from({ length: 5000 }, () => store.jobs.get(newJob().id)))
  const refused = settled.filter(({ status }) => status === 'rejected')
  assert.equal(refused.length, 5000 - 4096)
  const error = await rejection(Promise.reject((refused[0] as PromiseRejectedResult).reason as Error), 'busy')
  assert.equal(error.retryAfterMs, 1000)
})

test('a second store cannot have the same directory, until the first has stopped', async t => {
  const { store, directory, bytesMax } = await openStore(t)
  const second = new Store({ directory, bytesMax })
  const error = await rejection(second.start(), 'conflict')
  assert.ok(error.message.includes(directory))
  await rejection(second.jobs.create(newJob()), 'unavailable')
  await store.stop()
  await second.start()
  await second.stop()
})

test('stop answers what was asked for before, and nothing after', async t => {
  const { store } = await openStore(t)
  const job = newJob()
  const created = store.jobs.create(job)
  const stopped = store.stop()
  await rejection(store.jobs.get(job.id), 'unavailable')
  await Promise.all([created, stopped])
  await store.start()
  assert.deepEqual(await store.jobs.get(job.id), job)
})

test('a directory that cannot be one is unavailable', async t => {
  const directory = join(await temporaryDirectory(t), 'file')
  await writeFile(directory, 'not a directory')
  const store = new Store({ directory, bytesMax: 1 })
  await assert.rejects(store.start(), { name: 'PhaseError' })
  await store.stop()
})

test('what a crash left half done is gone after a start, and what lost its file can be put again', async t => {
  const { store, directory } = await openStore(t)
  const { bytes, source } = stream(100_000)
  const { digest } = await store.blobs.put(source, { bytesMax: 100_000 })
  await store.stop()
  const [shard, rest] = [digest.slice(7, 9), digest.slice(9)]
  await rm(join(directory, 'blobs', shard, rest))
  await writeFile(join(directory, 'blobs', shard, 'f'.repeat(62)), 'of no row')
  await writeFile(join(directory, 'incoming', 'half'), 'half')
  await store.start()
  assert.deepEqual(await readdir(join(directory, 'incoming')), [])
  assert.deepEqual(await readdir(join(directory, 'blobs', shard)), [])
  assert.equal(await store.blobs.get(digest), undefined)
  assert.equal((await store.blobs.put(bytes, { bytesMax: 100_000 })).created, true)
  assert.equal((await store.statistics()).usedBytes, 100_000 + 256)
})

test('a file that is cut or removed under a running node is notFound, and can be put again', async t => {
  const { store, directory } = await openStore(t)
  const { bytes, source } = stream(100_000)
  const { digest } = await store.blobs.put(source, { bytesMax: 100_000 })
  const path = join(directory, 'blobs', digest.slice(7, 9), digest.slice(9))
  await truncate(path, 50)
  await rejection(store.blobs.bytes(digest), 'notFound')
  assert.equal((await store.blobs.put(bytes, { bytesMax: 100_000 })).created, true)
  await rm(path)
  await rejection(store.blobs.bytes(digest), 'notFound')
  assert.equal((await store.blobs.put(bytes, { bytesMax: 100_000 })).created, true)
  assert.deepEqual(Buffer.from(await store.blobs.bytes(digest)), Buffer.from(bytes))
})

test('refused uploads leave no file behind', async t => {
  const { store, directory } = await openStore(t, { bytesMax: 200_000 })
  await rejection(store.blobs.put(stream(300_000).source, { bytesMax: 1_000_000 }), 'quotaExceeded')
  await rejection(store.blobs.put(stream(100_000).source, { bytesMax: 70_000 }), 'tooLarge')
  assert.deepEqual(await readdir(join(directory, 'incoming')), [])
  assert.deepEqual(await readdir(join(directory, 'blobs')), [])
})
