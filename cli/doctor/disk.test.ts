import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, statfs, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { disk, diskFinding } from './disk.ts'

const mebibyte = 2 ** 20

test('a disk is doubtful only where the store could outgrow it, and wrong where the node takes nothing any more', () => {
  const result = (free: number, held: number, storeMax: number) =>
    diskFinding({ free: free * mebibyte, held: held * mebibyte, storeMax: storeMax * mebibyte }).result
  assert.equal(result(200, 0, 100), 'fine')
  assert.equal(result(200, 20_000, 20_100), 'fine', 'most of the quota is on the disk already')
  assert.equal(result(200, 0, 20_000), 'doubtful')
  assert.equal(result(7, 20_000, 20_000), 'wrong')
})

test('what the store holds already need not be free', async t => {
  const there = await mkdtemp(join(tmpdir(), 'plasm-doctor-'))
  t.after(() => rm(there, { recursive: true }))
  const { bavail, bsize } = await statfs(there)
  // So much that what others write to the disk meanwhile changes nothing.
  const storeMax = bavail * bsize + 1024 * mebibyte
  assert.equal((await disk(there, storeMax)).result, 'doubtful')
  await mkdir(join(there, 'store', 'contents'), { recursive: true })
  await writeFile(join(there, 'store', 'contents', 'one'), '')
  await truncate(join(there, 'store', 'contents', 'one'), 2048 * mebibyte)
  assert.equal((await disk(there, storeMax)).result, 'fine')
})
