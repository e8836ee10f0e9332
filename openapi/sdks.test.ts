import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { test } from 'node:test'
import { filesIn, generateSdk, sdks, stamp, stampFile, whyNoGenerator } from './sdks.ts'

const stale = 'The generated part of the SDKs is stale, or was edited. Run `make sdks` and commit what it writes.'
const reason = await whyNoGenerator()

test('the stamp says that the generated code in the repository is from this document, these templates and this generator', async () => {
  assert.equal(await readFile(stampFile, 'utf8').catch(() => ''), await stamp(), stale)
})

for (const { name, directory, needsJava } of sdks) {
  test(`generating the ${name} SDK again gives the same bytes`, async t => {
    if (needsJava && reason !== undefined)
      return t.diagnostic(`the generator cannot be had, only the stamp was compared: ${reason}`)
    const fresh = await mkdtemp(join(tmpdir(), 'plasm-sdk-'))
    try {
      await generateSdk(name, fresh)
      assert.deepEqual(await read(fresh), await read(directory), stale)
    } finally {
      await rm(fresh, { recursive: true, force: true })
    }
  })
}

test('what is generated stays small enough to read: 2,500 lines for all languages together', async () => {
  const files = (await Promise.all(sdks.map(({ directory }) => read(directory)))).flatMap(Object.values) as string[]
  const lines = files.reduce((sum, text) => sum + text.split('\n').length - 1, 0)
  assert.ok(lines <= 2500, `${lines} lines`)
})

async function read(directory: string): Promise<Record<string, string>> {
  const files = await filesIn(directory)
  return Object.fromEntries(
    await Promise.all(files.map(async file => [relative(directory, file), await readFile(file, 'utf8')] as const)),
  )
}
