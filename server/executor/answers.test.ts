import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { isPhaseError } from '../../phase/errors.ts'
import { readEnded, readInterface } from './answers.ts'

const good = {
  type: 'ended',
  outcome: { reason: 'exited', exitCode: 0 },
  fuel: 5,
  stdoutBytes: 2,
  cpuTotalUs: 10,
  usage: { cpuUs: 5, compileUs: 1, memoryBytesPeak: 65_536 },
}
const body = Buffer.from('abc')

test('a good answer is split into stdout and stderr', () => {
  const ended = readEnded({ header: good, body })
  assert.ok(ended.kind === 'ended')
  assert.equal(Buffer.from(ended.stdout).toString(), 'ab')
  assert.equal(Buffer.from(ended.stderr).toString(), 'c')
})

test('an answer that is not of its shape is internal', () => {
  const wrong: object[] = [
    { ...good, type: 'ready' },
    { ...good, stdoutBytes: 4 },
    { ...good, stdoutBytes: -1 },
    { ...good, outcome: { reason: 'exited' } },
    { ...good, outcome: { reason: 'exited', exitCode: 2 ** 32 } },
    { ...good, outcome: { reason: 'stopped' } },
    { ...good, stopped: 'trapped' },
    { ...good, outcome: { reason: 'won' } },
    { ...good, usage: { ...good.usage, cpuUs: 0.5 } },
    { ...good, usage: null },
    { ...good, cpuTotalUs: '10' },
    { type: 'faulted', reason: 'timedOut', detail: '' },
    { type: 'faulted', reason: 'internal' },
  ]
  for (const header of wrong)
    assert.throws(() => readEnded({ header, body }), { code: 'internal' }, JSON.stringify(header))
})

test('no answer whatever makes the reader throw anything but its own error', () => {
  fc.assert(
    fc.property(fc.anything(), header => {
      for (const read of [readEnded, readInterface]) {
        try {
          read({ header, body })
        } catch (error) {
          assert.ok(isPhaseError(error), String(error))
        }
      }
    }),
  )
})
