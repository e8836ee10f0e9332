import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { generate } from './generate.ts'
import { type Document, reference, referenceFile } from './reference.ts'

test('docs/api.md says what the document says', async () => {
  const fresh = reference(JSON.parse(await generate()) as Document)
  const before = await readFile(referenceFile, 'utf8').catch(() => '')
  if (before === fresh) return
  await writeFile(referenceFile, fresh)
  assert.fail('docs/api.md was stale: it is rewritten, look at the difference and commit it')
})

test('every operation and every shape has its place on the page', async () => {
  const document = JSON.parse(await generate()) as Document
  const page = reference(document)
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const method of Object.keys(methods)) assert.ok(page.includes(`### ${method.toUpperCase()} ${path}\n`))
  }
  for (const name of Object.keys(document.components.schemas)) assert.ok(page.includes(`### ${name}\n`), name)
})
