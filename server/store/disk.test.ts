import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { isPhaseError } from '../../phase/errors.ts'
import { smallDisk } from '../testing/disk.ts'
import { Store } from './store.ts'
import { rejection } from './testing/errors.ts'
import { newJob, stream } from './testing/samples.ts'

test('a full disk is quotaExceeded; what was answered stays, and room heals it without a restart', async t => {
  const disk = await smallDisk(t, '4m')
  if (disk === undefined) return
  await writeFile(join(disk, 'ballast'), randomBytes(1_500_000))
  const store = new Store({ directory: join(disk, 'store'), bytesMax: 2 ** 30 })
  t.after(() => store.stop())
  await store.start()
  const kept = await store.blobs.put(stream(100_000).source, { bytesMax: 100_000 })
  const { created, failure } = await createUntilRefused(store)
  assert.ok(isPhaseError(failure, 'quotaExceeded'), String(failure))
  assert.match(failure.hint ?? '', /room on the disk/)
  await rejection(store.blobs.put(stream(3_000_000).source, { bytesMax: 3_000_000 }), 'quotaExceeded')
  assert.deepEqual(await readdir(join(disk, 'store', 'incoming')), [])
  assert.equal((await store.blobs.bytes(kept.digest)).length, 100_000)

  assert.equal(await store.trouble(), 'the disk of the data directory is full')
  await rm(join(disk, 'ballast'))
  const late = newJob()
  await store.jobs.create(late)
  await store.stop()
  await store.start()
  for (const id of [...created, late.id]) assert.ok(await store.jobs.get(id), id)
})

async function createUntilRefused(store: Store): Promise<{ created: string[]; failure: unknown }> {
  const created: string[] = []
  for (;;) {
    const jobs = Array.from({ length: 20 }, () => newJob())
    const settled = await Promise.allSettled(jobs.map(job => store.jobs.create(job)))
    created.push(...jobs.filter((_, index) => settled[index]?.status === 'fulfilled').map(({ id }) => id))
    const refused = settled.find(result => result.status === 'rejected')
    if (refused !== undefined) return { created, failure: refused.reason }
  }
}
