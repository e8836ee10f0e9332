/** Jobs, events, receipts, modules and pages. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Job } from '../../phase/job.ts'
import type { MakeStore } from './store.contract.ts'
import { rejection } from './testing/errors.ts'
import { assigned, at, digestLike, executor, finished, newJob, newModule, started } from './testing/samples.ts'

export function jobContract(makeStore: MakeStore): void {
  test('a created job is there, with its first event, also after reopening', async t => {
    const { store, reopen } = await makeStore(t)
    const job = newJob()
    assert.deepEqual(await store.jobs.create(job), { job, created: true })
    assert.deepEqual(await store.jobs.get(job.id), job)
    assert.equal(await store.jobs.get(newJob().id), undefined)
    const again = await reopen()
    assert.deepEqual(await again.jobs.get(job.id), job)
    const event = { jobId: job.id, sequence: 1, at, type: 'created', state: 'queued', attempt: 1 }
    assert.deepEqual(await again.jobs.listEvents(job.id, 0, 10), [event])
  })

  test('a known id is not created again', async t => {
    const { store } = await makeStore(t)
    const job = newJob()
    await store.jobs.create(job)
    await rejection(store.jobs.create(job), 'conflict')
  })

  test('one key, sent 200 times at once, creates one job', async t => {
    const { store } = await makeStore(t)
    const idempotency = { key: 'k', fingerprint: 'f', expiresAt: '2026-11-25T09:00:00.000Z' }
    const answers = await Promise.all(Array.from({ length: 200 }, () => store.jobs.create(newJob(), idempotency)))
    assert.equal(answers.filter(({ created }) => created).length, 1)
    assert.equal(new Set(answers.map(({ job }) => job.id)).size, 1)
    assert.equal((await store.jobs.list({ limit: 10 })).items.length, 1)
  })

  test('a key with another fingerprint is a conflict, with a hint, and creates nothing', async t => {
    const { store } = await makeStore(t)
    const expiresAt = '2026-11-25T09:00:00.000Z'
    await store.jobs.create(newJob(), { key: 'k', fingerprint: 'f', expiresAt })
    const error = await rejection(
      store.jobs.create(newJob(), { key: 'k', fingerprint: 'g', expiresAt }),
      'idempotencyConflict',
    )
    assert.match(error.hint ?? '', /new Idempotency-Key/)
    assert.equal(await store.jobs.countUnfinished(), 1)
  })

  test('a key answers the job as it stands now, until it expires', async t => {
    const { store, reopen } = await makeStore(t)
    const idempotency = { key: 'k', fingerprint: 'f', expiresAt: '2026-11-25T09:00:00.000Z' }
    const { job } = await store.jobs.create(newJob(), idempotency)
    await store.jobs.apply(job.id, assigned)
    const again = await reopen()
    const second = await again.jobs.create(newJob('2026-11-25T08:59:59.999Z'), idempotency)
    assert.deepEqual([second.job.id, second.job.state, second.created], [job.id, 'assigned', false])
    const later = { key: 'k', fingerprint: 'other', expiresAt: '2026-11-26T09:00:00.000Z' }
    assert.equal((await again.jobs.create(newJob('2026-11-25T09:00:00.000Z'), later)).created, true)
  })

  test('an end is stored with its receipt and its contents', async t => {
    const { store, reopen } = await makeStore(t)
    const job = newJob()
    await store.jobs.create(job)
    const envelope = new Uint8Array([1, 2, 3])
    await store.jobs.apply(job.id, assigned, { request: { digest: digestLike(2), envelope } })
    await store.jobs.apply(job.id, started)
    const contents = [new TextEncoder().encode('dlroW ,olleH')]
    const { job: ended, event } = await store.jobs.apply(
      job.id,
      { ...finished, receiptId: digestLike(3) },
      { receipt: { id: digestLike(3), envelope: new Uint8Array([4, 5]) }, contents },
    )
    assert.deepEqual([ended.state, ended.sequence, event.type, event.executor], ['succeeded', 4, 'finished', executor])
    const again = await reopen()
    assert.deepEqual(await again.jobs.get(job.id), ended)
    assert.deepEqual(await again.jobs.getRequest(job.id), envelope)
    assert.deepEqual(await again.receipts.getByJob(job.id), new Uint8Array([4, 5]))
    assert.equal((await again.receipts.listByJob(job.id)).length, 1)
    const { digest } = await again.blobs.put(contents[0] as Uint8Array, { bytesMax: 100 })
    assert.equal(Buffer.from(await again.blobs.bytes(digest)).toString(), 'dlroW ,olleH')
  })

  test('a transition that is refused leaves no trace, nor does its evidence', async t => {
    const { store } = await makeStore(t)
    const job = newJob()
    await store.jobs.create(job)
    await rejection(store.jobs.apply(newJob().id, assigned), 'notFound')
    await rejection(store.jobs.apply(job.id, started), 'conflict')
    const receipt = { id: digestLike(3), envelope: new Uint8Array([1]) }
    await rejection(store.jobs.apply(job.id, { ...finished, attempt: 2 }, { receipt }), 'stale')
    const contents = [new Uint8Array([9]), new Uint8Array(64 * 1024 + 1)]
    await rejection(store.jobs.apply(job.id, finished, { receipt, contents }), 'tooLarge')
    assert.deepEqual(await store.jobs.get(job.id), job)
    assert.equal((await store.jobs.listEvents(job.id, 0, 10)).length, 1)
    assert.equal(await store.receipts.getByJob(job.id), undefined)
    assert.equal((await store.blobs.put(new Uint8Array([9]), { bytesMax: 1 })).created, true)
  })

  test('of ends that arrive at once, one is accepted', async t => {
    const { store } = await makeStore(t)
    const job = newJob()
    await store.jobs.create(job)
    const ends = Array.from({ length: 20 }, (_, index) =>
      store.jobs.apply(job.id, finished, { receipt: { id: digestLike(index), envelope: new Uint8Array([index]) } }),
    )
    const settled = await Promise.allSettled(ends)
    assert.equal(settled.filter(({ status }) => status === 'fulfilled').length, 1)
    assert.equal((await store.receipts.listByJob(job.id)).length, 1)
  })

  test('the request of the newest attempt is the one that is given', async t => {
    const { store } = await makeStore(t)
    const job = newJob()
    await store.jobs.create(job)
    const back = { type: 'returned', attempt: 1, at, reason: 'noPeer', detail: 'lost' } as const
    const request = (byte: number) => ({ request: { digest: digestLike(byte), envelope: new Uint8Array([byte]) } })
    await store.jobs.apply(job.id, assigned, request(1))
    await store.jobs.apply(job.id, { ...back, counted: false })
    await store.jobs.apply(job.id, assigned, request(2))
    assert.deepEqual(await store.jobs.getRequest(job.id), new Uint8Array([2]))
    await store.jobs.apply(job.id, { ...back, counted: true })
    await store.jobs.apply(job.id, { ...assigned, attempt: 2 }, request(3))
    assert.deepEqual(await store.jobs.getRequest(job.id), new Uint8Array([3]))
    assert.equal(await store.jobs.getRequest(newJob().id), undefined)
  })

  test('events come after a sequence number, in order, up to a limit', async t => {
    const { store } = await makeStore(t)
    const job = newJob()
    await store.jobs.create(job)
    await store.jobs.apply(job.id, assigned)
    await store.jobs.apply(job.id, started)
    const sequences = async (after: number, limit: number) =>
      (await store.jobs.listEvents(job.id, after, limit)).map(({ sequence }) => sequence)
    assert.deepEqual(await sequences(0, 10), [1, 2, 3])
    assert.deepEqual(await sequences(1, 1), [2])
    assert.deepEqual(await sequences(3, 10), [])
    assert.deepEqual(await store.jobs.listEvents(newJob().id, 0, 10), [])
  })

  test('unfinished jobs are listed oldest first', async t => {
    const { store } = await makeStore(t)
    const jobs = [newJob(), newJob(), newJob()] as const
    for (const job of jobs) await store.jobs.create(job)
    await store.jobs.apply(jobs[1].id, finished)
    assert.deepEqual(idsOf(await store.jobs.listUnfinished()), [jobs[0].id, jobs[2].id])
    assert.equal(await store.jobs.countUnfinished(), 2)
  })

  test('pages go from the newest job to the oldest, each job once, while new ones arrive', async t => {
    const { store } = await makeStore(t)
    const jobs = Array.from({ length: 7 }, () => newJob())
    for (const job of jobs) await store.jobs.create(job)
    const first = await store.jobs.list({ limit: 3 })
    await store.jobs.create(newJob())
    const second = await store.jobs.list({ limit: 3, cursor: first.nextCursor as string })
    const third = await store.jobs.list({ limit: 3, cursor: second.nextCursor as string })
    assert.deepEqual(idsOf([...first.items, ...second.items, ...third.items]), idsOf(jobs).toReversed())
    assert.equal('nextCursor' in third, false)
    assert.equal('nextCursor' in (await store.jobs.list({ limit: 8 })), false)
  })

  test('pages can be of one state', async t => {
    const { store } = await makeStore(t)
    const jobs = Array.from({ length: 4 }, () => newJob())
    for (const job of jobs) await store.jobs.create(job)
    for (const job of jobs.slice(0, 2)) await store.jobs.apply(job.id, finished)
    const { items, nextCursor } = await store.jobs.list({ state: 'succeeded', limit: 1 })
    const rest = await store.jobs.list({ state: 'succeeded', limit: 5, cursor: nextCursor as string })
    assert.deepEqual(idsOf([...items, ...rest.items]), [jobs[1]?.id, jobs[0]?.id])
    assert.deepEqual(await store.jobs.list({ state: 'running', limit: 5 }), { items: [] })
  })

  test('a cursor that no page gave is invalid', async t => {
    const { store } = await makeStore(t)
    await store.modules.put(newModule(1))
    await store.modules.put(newModule(2))
    const { nextCursor } = await store.modules.list({ limit: 1 })
    const bad = ['', 'x', '7', nextCursor as string, Buffer.from('jobs:0').toString('base64url'), 'am9iczox=']
    for (const cursor of bad) await rejection(store.jobs.list({ cursor, limit: 1 }), 'invalid')
  })

  test('modules are kept as they first came, newest first', async t => {
    const { store, reopen } = await makeStore(t)
    for (const number of [1, 2, 3]) await store.modules.put(newModule(number))
    await store.modules.put({ ...newModule(1), createdAt: '2027-01-01T00:00:00Z' })
    const again = await reopen()
    assert.deepEqual(await again.modules.get(digestLike(1)), newModule(1))
    assert.equal(await again.modules.get(digestLike(9)), undefined)
    const { items, nextCursor } = await again.modules.list({ limit: 2 })
    const rest = await again.modules.list({ limit: 2, cursor: nextCursor as string })
    assert.deepEqual([...items, ...rest.items], [3, 2, 1].map(newModule))
  })
}

const idsOf = (jobs: Job[]): string[] => jobs.map(({ id }) => id)
