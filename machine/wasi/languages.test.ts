/** Programs that use what their languages' standard libraries have for files, time and random, compiled here. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runBytes } from '../fixtures/run.ts'
import { compile, skipWithout } from './testing/toolchains.ts'

const directory = mkdtempSync(join(tmpdir(), 'plasm-languages-'))
after(() => rmSync(directory, { recursive: true }))

const expected = `last hello
hello
world
hello
Wor
two.txt has 9 bytes
one.txt is gone
through the link: hello
Wor
301 entries, the last is link
a is gone
slept an hour
random
`

for (const [language, extension] of [
  ['c', 'c'],
  ['cpp', 'cpp'],
  ['rust', 'rs'],
  ['go', 'go'],
] as const) {
  const skip = skipWithout(language)
  test(`a ${language} program has files, directories, links, sleep and random`, {
    skip,
    timeout: 290_000,
  }, async () => {
    const source = fileURLToPath(new URL(`./testing/programs/scratch.${extension}`, import.meta.url))
    const output = join(directory, `${language}.wasm`)
    await compile(language, source, output)
    const result = runBytes(readFileSync(output), { args: ['first', 'last'], environ: ['GREETING=hello'] })
    assert.ok(result.kind === 'ended')
    assert.equal(Buffer.from(result.stderr).toString(), '')
    assert.equal(Buffer.from(result.stdout).toString(), expected)
    assert.deepEqual(result.outcome, { reason: 'exited', exitCode: 7 })
  })
}
