import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { rejection } from './testing/errors.ts'
import { openStore } from './testing/open.ts'
import { assigned, finished, newJob } from './testing/samples.ts'

test('what is refused or undone counts nothing, beside what is kept in the same commit, now and after a restart', async t => {
  const { store } = await openStore(t, { bytesMax: 100_000 })
  const used = async () => (await store.statistics()).usedBytes
  await store.jobs.create(newJob())
  const oneJob = await used()
  await rejection(
    Promise.all(Array.from({ length: 3 }, () => store.jobs.create(newJob(), undefined, [randomBytes(60_000)]))),
    'quotaExceeded',
  )
  const afterCreation = await used()
  assert.equal(afterCreation, 2 * oneJob + 60_000 + 256)
  const job = newJob()
  const settled = await Promise.allSettled([
    store.jobs.create(job),
    store.jobs.apply(job.id, assigned, {}),
    store.jobs.apply(job.id, finished, { contents: [randomBytes(60_000)] }),
    store.jobs.apply(job.id, { ...assigned, attempt: 9 }, {}),
  ])
  assert.deepEqual(
    settled.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'rejected', 'rejected'],
  )
  const before = await used()
  assert.ok(before > afterCreation && before < afterCreation + 6_000, `${before} bytes are used`)
  await store.stop()
  await store.start()
  assert.equal(await used(), before)
})
