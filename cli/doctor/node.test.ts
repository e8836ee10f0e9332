import assert from 'node:assert/strict'
import { test } from 'node:test'
import { store } from './node.ts'

const said = (used: string, max: string) =>
  store(new Response(`plasm_store_bytes ${used}\nplasm_store_max_bytes ${max}\nplasm_slots 2\n`))

test('a store that is nearly full is doubtful, with what to do; one that does not say is skipped', async () => {
  assert.deepEqual(await said('1048576', '104857600'), { result: 'fine', detail: '1 MiB of 100 MiB, 1 %' })
  const nearly = await said('85', '100')
  assert.equal(nearly.result, 'doubtful')
  assert.match(nearly.fix ?? '', /--store-max/)
  for (const used of ['NaN', 'Nan']) assert.equal((await said(used, '100')).result, 'skipped')
  assert.equal((await store(new Response('{"code":"unauthorized"}', { status: 401 }))).result, 'skipped')
})
