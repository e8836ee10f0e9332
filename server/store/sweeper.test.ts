/** What goes by age, and what stays: a real store, its clock in the test's hand. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import * as fc from 'fast-check'
import { contentOf } from '../../phase/digest.ts'
import type { Job } from '../../phase/job.ts'
import type { Store } from './store.ts'
import { Sweeper, type SweeperParts, type Swept } from './sweeper.ts'
import { rejection } from './testing/errors.ts'
import { openStore } from './testing/open.ts'
import { assigned, at, finished, newJob, newModule } from './testing/samples.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const keepMs = 30 * dayMs
const unbounded = new AbortController().signal

/** A store and its sweeper at a time that the test sets, beginning with that of the samples. */
async function begin(t: TestContext, options: { bytesMax?: number; spared?: SweeperParts['spared'] } = {}) {
  const clock = { ms: Date.parse(at) }
  const nowMs = () => clock.ms
  const opened = await openStore(t, { bytesMax: options.bytesMax ?? 2 ** 30, nowMs })
  const { store, bytesMax } = opened
  const { spared = () => [] } = options
  const said: Swept[] = []
  const log = {
    info: (swept: object) => void said.push(swept as Swept),
    warn: ({ error }: { error?: unknown }) => assert.fail(String(error)),
  }
  const sweeper = new Sweeper({ store, keepMs, bytesMax, spared, nowMs, log })
  const put = async (bytes: Uint8Array) => (await store.blobs.put(bytes, { bytesMax: 2 ** 20 })).digest
  /** Whether it is there, looked at long ago: so looking keeps nothing. */
  const has = async (digest: string) => {
    const { ms } = clock
    clock.ms = 0
    const content = await store.blobs.get(digest)
    clock.ms = ms
    return content !== undefined
  }
  return { ...opened, clock, sweeper, said, put, has, sweep: () => sweeper.sweep(unbounded) }
}

const time = (ms: number) => new Date(ms).toISOString()

async function create(store: Store, ms: number, needs: { module?: string; stdin?: string } = {}): Promise<Job> {
  const job = newJob(time(ms))
  const { module = job.manifest.module, stdin = job.manifest.stdin.digest } = needs
  const { job: created } = await store.jobs.create({
    ...job,
    manifest: { ...job.manifest, module, stdin: { digest: stdin, size: 1 } },
  })
  return created
}

async function finish(store: Store, job: Job, ms: number, stdout: Uint8Array = new Uint8Array(0)): Promise<Job> {
  const content = contentOf(stdout)
  const envelope = randomBytes(50)
  const { job: ended } = await store.jobs.apply(
    job.id,
    { ...finished, at: time(ms), stdout: content },
    { receipt: { id: content.digest, envelope }, contents: [stdout] },
  )
  return ended
}

test('a job goes with its receipt, its request, its events and its output when it has been over for longer than is kept', async t => {
  const { store, clock, sweep, said } = await begin(t)
  const job = await create(store, clock.ms)
  await store.jobs.apply(job.id, assigned, { request: { digest: job.taskDigest, envelope: randomBytes(40) } })
  const { stdout } = await finish(store, job, clock.ms, randomBytes(100))
  clock.ms += keepMs
  await sweep()
  assert.equal((await store.jobs.get(job.id))?.id, job.id)
  assert.deepEqual(said, [])
  clock.ms += 11 * 60_000
  await sweep()
  assert.equal(await store.jobs.get(job.id), undefined)
  assert.deepEqual(await store.jobs.listEvents(job.id, 0, 10), [])
  assert.deepEqual([await store.receipts.getByJob(job.id), await store.jobs.getRequest(job.id)], [undefined, undefined])
  assert.equal(await store.blobs.get(stdout?.digest as string), undefined)
  assert.deepEqual(said, [{ jobs: 1, contents: 1, bytes: 100 }])
  assert.equal((await store.statistics()).usedBytes, 0)
})

test('bytes that several jobs need go with the last of these jobs', async t => {
  const { store, clock, sweep, put, has } = await begin(t)
  const shared = randomBytes(100)
  const needs = { module: await put(randomBytes(100_000)), stdin: await put(randomBytes(10)) }
  const first = await finish(store, await create(store, clock.ms, needs), clock.ms, shared)
  clock.ms += 20 * dayMs
  const last = await finish(store, await create(store, clock.ms, needs), clock.ms, shared)
  clock.ms += 20 * dayMs
  await sweep()
  assert.deepEqual([await store.jobs.get(first.id), (await store.jobs.get(last.id))?.id], [undefined, last.id])
  const digests = [needs.module, needs.stdin, contentOf(shared).digest]
  for (const digest of digests) assert.ok(await has(digest))
  clock.ms += 10 * dayMs + 11 * 60_000
  await sweep()
  for (const digest of digests) assert.equal(await has(digest), false)
})

test('a store that is full with what is young is in trouble until that has grown old, and lets it go when asked', async t => {
  const { store, clock, sweeper, put, has } = await begin(t, { bytesMax: 2 ** 20 })
  t.after(() => sweeper.stop())
  sweeper.start()
  const first = await put(randomBytes(1_000_000))
  assert.equal(await store.trouble(), undefined)
  clock.ms += hourMs / 2
  const second = await put(randomBytes(44_500))
  assert.equal(await store.trouble(), 'the store is full with what is too young to be deleted')
  assert.ok(await has(first))
  clock.ms += hourMs / 2 + 11 * 60_000
  assert.equal(await store.trouble(), undefined)
  assert.deepEqual([await has(first), await has(second)], [false, true])
})

test('an unfinished job keeps its module and its stdin, however old they are, and so does who runs one for a peer', async t => {
  const spared: string[] = []
  const { store, clock, sweep, put } = await begin(t, { spared: () => spared })
  const needs = { module: await put(randomBytes(100_000)), stdin: await put(randomBytes(10)) }
  const [theirs, nobodys] = [await put(randomBytes(20)), await put(randomBytes(30))]
  spared.push(theirs)
  const job = await create(store, clock.ms, needs)
  clock.ms += 2 * keepMs
  await sweep()
  assert.equal((await store.blobs.bytes(needs.module)).length, 100_000)
  assert.equal((await store.blobs.bytes(needs.stdin)).length, 10)
  assert.equal((await store.blobs.bytes(theirs)).length, 20)
  await rejection(store.blobs.bytes(nobodys), 'notFound')
  assert.equal((await store.jobs.get(job.id))?.state, 'queued')
})

test('what is read or put again is used, and stays; a module is known for as long as its bytes are there', async t => {
  const { store, clock, sweep, put, directory } = await begin(t)
  const [read, again, asked, unused] = [100_000, 100_001, 100_002, 100_003].map(size => randomBytes(size)) as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
  ]
  for (const bytes of [read, again, asked, unused]) {
    await store.modules.put({ ...newModule(1), digest: await put(bytes) })
  }
  clock.ms += 20 * dayMs
  await store.blobs.bytes(contentOf(read).digest)
  await put(again)
  await store.modules.get(contentOf(asked).digest)
  clock.ms += 20 * dayMs
  await sweep()
  for (const bytes of [read, again, asked]) assert.ok(await store.modules.get(contentOf(bytes).digest))
  assert.equal(await store.modules.get(contentOf(unused).digest), undefined)
  assert.equal((await store.modules.list({ limit: 10 })).items.length, 3)
  const files = await Promise.all(
    (await readdir(join(directory, 'blobs'))).map(shard => readdir(join(directory, 'blobs', shard))),
  )
  assert.equal(files.flat().length, 3)
})

test('who reads what is swept reads on', async t => {
  const { store, clock, sweep, put } = await begin(t)
  const bytes = randomBytes(1_000_000)
  const digest = await put(bytes)
  const reader = store.blobs.read(digest)[Symbol.asyncIterator]()
  const chunks = [(await reader.next()).value as Uint8Array]
  clock.ms += 2 * keepMs
  await sweep()
  for (let next = await reader.next(); !next.done; next = await reader.next()) chunks.push(next.value)
  assert.ok(Buffer.concat(chunks).equals(bytes))
  await rejection(store.blobs.bytes(digest), 'notFound')
})

test('a store at its quota takes uploads and jobs again once something is an hour old: the oldest goes, and no more than has to', async t => {
  const { store, clock, sweeper, put, has, said } = await begin(t, { bytesMax: 1_000_000 })
  sweeper.start()
  t.after(() => sweeper.stop())
  const old: string[] = []
  for (let number = 0; number < 9; number++) old.push(await put(randomBytes(100_000)))
  await rejection(put(randomBytes(100_000)), 'quotaExceeded')
  clock.ms += 2 * hourMs
  assert.ok(await put(randomBytes(100_000)))
  const left = async () => (await Array.fromAsync(old, has)).filter(there => there).length
  assert.equal(await left(), 8)
  const job = newJob(time(clock.ms))
  const contents = [randomBytes(60_000), randomBytes(50_000)]
  assert.ok((await store.jobs.create(job, undefined, contents)).created)
  assert.equal(await left(), 7)
  const large = async function* () {
    for (let number = 0; number < 30; number++) yield randomBytes(10_000)
  }
  assert.ok((await store.blobs.put(large(), { bytesMax: 2 ** 20 })).created)
  assert.equal(await left(), 4)
  await sweeper.stop()
  assert.deepEqual(said, [{ jobs: 0, contents: 5, bytes: 500_000 }])
})

test('the rows of jobs count: a store that jobs alone have filled refuses the next, until the first of them are an hour over', async t => {
  const { store, clock, sweeper } = await begin(t, { bytesMax: 200_000 })
  sweeper.start()
  t.after(() => sweeper.stop())
  const jobs: Job[] = []
  const fill = async (): Promise<void> => {
    for (;;) jobs.push(await finish(store, await create(store, clock.ms), clock.ms))
  }
  await rejection(fill(), 'quotaExceeded')
  assert.ok(jobs.length > 20 && jobs.length < 200, String(jobs.length))
  clock.ms += hourMs + 1
  await create(store, clock.ms)
  assert.equal(await store.jobs.get(jobs[0]?.id as string), undefined)
})

test('what can have no room at all, sweeps nothing', async t => {
  const { store, clock, sweeper, put } = await begin(t, { bytesMax: 500_000 })
  const digest = await put(randomBytes(1_000))
  sweeper.start()
  t.after(() => sweeper.stop())
  clock.ms += 2 * dayMs
  await rejection(store.blobs.put(randomBytes(600_000), { bytesMax: 2 ** 20 }), 'quotaExceeded')
  assert.equal((await store.blobs.bytes(digest)).length, 1_000)
})

test('many that come at once to a full store all find room', async t => {
  const { clock, sweeper, put } = await begin(t, { bytesMax: 4_000_000 })
  sweeper.start()
  t.after(() => sweeper.stop())
  for (let number = 0; number < 39; number++) await put(randomBytes(100_000))
  clock.ms += 2 * hourMs
  const puts = Array.from({ length: 30 }, () => put(randomBytes(100_000)))
  assert.equal(new Set(await Promise.all(puts)).size, 30)
})

type Step = { do: 'create' | 'finish' | 'pass'; of: number }

test('whatever comes in whatever order: what is young, unfinished, or needed by such a job is there, whole; the rest is gone', async t => {
  const { store, clock, sweep, put, has } = await begin(t)
  const files = [0, 1, 2].map(number => Buffer.alloc(70_000, number + 1))
  const small = [0, 1, 2].map(number => Buffer.alloc(30, number + 1))
  const step: fc.Arbitrary<Step> = fc.record({
    do: fc.constantFrom('create' as const, 'finish' as const, 'pass' as const),
    of: fc.nat(8),
  })
  /** Ended before `beforeMs` it is gone, else it is there with all that it needs. */
  const check = async (job: Job, beforeMs: number) => {
    const { module, stdin } = job.manifest
    const gone = job.finishedAt !== undefined && Date.parse(job.finishedAt) < beforeMs
    assert.equal((await store.jobs.get(job.id))?.state, gone ? undefined : job.state)
    const needed = [module, stdin.digest, ...(job.stdout === undefined ? [] : [job.stdout.digest])]
    if (!gone) for (const digest of needed) assert.ok(await has(digest), digest)
  }
  const perform = async (steps: Step[]) => {
    const jobs: Job[] = []
    for (const { do: what, of } of steps) {
      if (what === 'create') {
        const needs = { module: await put(files[of % 3] as Buffer), stdin: await put(small[of % 3] as Buffer) }
        jobs.push(await create(store, clock.ms, needs))
      } else if (what === 'finish') {
        const index = jobs.findIndex(job => job.finishedAt === undefined)
        if (index >= 0) jobs[index] = await finish(store, jobs[index] as Job, clock.ms, small[of % 3])
      } else {
        clock.ms += (of + 1) * 4 * dayMs
        await sweep()
        for (const job of jobs) await check(job, clock.ms - keepMs)
      }
    }
    for (const job of jobs) if (job.finishedAt === undefined) await finish(store, job, clock.ms)
    clock.ms += 2 * keepMs
    await sweep()
    assert.deepEqual((await store.jobs.list({ limit: 10 })).items, [])
    assert.equal((await store.statistics()).usedBytes, 0)
  }
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), perform), { numRuns: 25 })
})
