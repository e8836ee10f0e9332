/** Calls as wasmtime answered them (testing/recorded/), put to this implementation. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { test } from 'node:test'
import { type Answer, type Call, Guest } from './testing/guest.ts'

const file = process.env['WASI_RECORDED'] ?? new URL('./testing/recorded/calls.json', import.meta.url)
const sequences = JSON.parse(readFileSync(file, 'utf8')) as [Call, Answer][][]

test(`${sequences.length} sequences of calls are answered as wasmtime answered them`, () => {
  for (const [index, sequence] of sequences.entries()) {
    const guest = new Guest()
    const answers = sequence.map(([call]) => guest.call(call))
    for (const [step, [call, expected]] of sequence.entries()) {
      const trail = () => JSON.stringify(sequence.slice(0, step).map(([call, answer]) => [call, answer]))
      assert.deepEqual(answers[step], expected, `sequence ${index}, call ${JSON.stringify(call)} behind ${trail()}`)
    }
  }
})
