/** The modules that are checked in: one program in several languages, which say the same. docs/write-a-guest.test.ts builds them anew. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { runBytes } from '../machine/fixtures/run.ts'

const text = 'The quick brown fox; the LAZY dog.\nThe end, the-end -- dog\u00e9!\n'

for (const language of ['c', 'rust', 'assemblyscript']) {
  describe(`examples/${language}/words.wasm`, async () => {
    const module = await readFile(new URL(`./${language}/words.wasm`, import.meta.url))
    const run = (args: string[], stdin: string) => {
      const result = runBytes(module, { args, stdin: Buffer.from(stdin) })
      assert.ok(result.kind === 'ended' && result.outcome.reason === 'exited')
      const { exitCode } = result.outcome
      return { exitCode, out: Buffer.from(result.stdout).toString(), err: Buffer.from(result.stderr).toString() }
    }

    test('counts words, the most frequent first', () => {
      assert.deepEqual(run(['3'], text), { exitCode: 0, out: '4 the\n2 dog\n2 end\n', err: '' })
    })
    test('shows ten without an argument, and none of nothing', () => {
      const many = Array.from({ length: 12 }, (_, index) => String.fromCharCode(97 + index)).join(' ')
      assert.equal(run([], many).out, 'abcdefghij'.replaceAll(/./g, '1 $&\n'))
      assert.deepEqual(run([], ''), { exitCode: 0, out: '', err: '' })
      assert.deepEqual(run(['0'], text), { exitCode: 0, out: '', err: '' })
    })
    test('takes more words than it had room for at first, and longer ones', () => {
      const words = Array.from({ length: 3000 }, (_, index) =>
        index.toString(26).replaceAll(/\d/g, d => 'qrstuvwxyz'[Number(d)] ?? ''),
      )
      const long = 'y'.repeat(100_000)
      const { out } = run(['1'], `${words.join(' ')} ${long} ${long} ${long}`)
      assert.equal(out, `3 ${long}\n`)
    })
    test('refuses an argument that is no number', () => {
      assert.deepEqual(run(['3x'], text), { exitCode: 2, out: '', err: 'words: "3x" is no number of words\n' })
    })
  })
}
