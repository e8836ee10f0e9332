/** The hostile corpus in this very process: what is refused is refused in words, and what runs ends as it should, within its budget. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isPhaseError } from '../../phase/errors.ts'
import { interpret } from '../interpreter.ts'
import { meter } from '../meter.ts'
import { PreparedModule, type RunOptions, type RunResult, runModule } from '../run.ts'
import { admit } from '../validate.ts'
import { differencesOf } from './agreement.ts'
import { fullBodies } from './hostile/compilation.ts'
import { corpus, type Hostile, usual } from './hostile/corpus.ts'

/** Enough to show that only the budget ends them. */
const endlessFuel = 20_000_000
const smallBytes = 4_096
const comparedFuel = 300_000

test('the corpus has what it should', () => {
  const all = Object.values(corpus)
  assert.ok(all.length >= 200)
  assert.ok(all.filter(({ ends }) => typeof ends !== 'string').length >= 80)
  assert.ok(all.filter(({ endless }) => endless).length >= 50)
})

describe('a hostile module ends in its typed reason', () => {
  for (const [name, hostile] of Object.entries(corpus)) {
    const ends = typeof hostile.ends === 'string' ? hostile.ends : 'refused'
    // Only another process ends that one: server/hostile.test.ts.
    if (ends === 'timedOut') continue
    test(`${name}: ${ends}`, async () => {
      const bytes = await hostile.make()
      if (typeof hostile.ends === 'string') assert.equal(endOf(run(bytes, hostile)), hostile.ends)
      else assert.match(refusalOf(bytes), hostile.ends)
    })
  }
})

/** Of those that the interpreter has read in no time, a part. */
test('what runs does so as in the interpreter, fuel included', async t => {
  let compared = 0
  const differences: string[] = []
  for (const [name, hostile] of Object.entries(corpus)) {
    if (typeof hostile.ends !== 'string' || hostile.ends === 'timedOut' || hostile.capabilities !== undefined) continue
    const bytes = await hostile.make()
    if (bytes.length > smallBytes) continue
    const options = optionsOf(hostile, comparedFuel)
    const found = differencesOf(interpret(bytes, options), runModule(new PreparedModule(bytes), options))
    differences.push(...found.map(one => `${name}: ${one}`))
    compared++
  }
  t.diagnostic(`${compared} modules`)
  assert.deepEqual(differences, [])
  assert.ok(compared > 100)
})

const run = (bytes: Uint8Array<ArrayBuffer>, hostile: Hostile): RunResult =>
  runModule(new PreparedModule(bytes), optionsOf(hostile, hostile.endless ? endlessFuel : (hostile.fuel ?? usual.fuel)))

function optionsOf(hostile: Hostile, fuelMax: number): RunOptions {
  const { memoryBytes, outputBytes, stdinBytes } = { ...usual, ...hostile }
  return {
    args: hostile.args ?? [],
    environ: [],
    stdin: new Uint8Array(stdinBytes),
    seed: new Uint8Array(32),
    memoryBytesMax: memoryBytes,
    outputBytesMax: outputBytes,
    fuelMax,
  }
}

function endOf(result: RunResult): string {
  if (result.kind === 'faulted') return result.reason
  const { outcome, stopped, trap } = result
  if (outcome.reason === 'exited') return `exited ${outcome.exitCode}`
  return outcome.reason === 'stopped' ? [stopped, trap].filter(part => part !== undefined).join(' ') : outcome.reason
}

function refusalOf(bytes: Uint8Array): string {
  try {
    admit(bytes)
  } catch (error) {
    assert.ok(isPhaseError(error, 'moduleRejected'), String(error))
    return error.message
  }
  throw new Error('it was admitted')
}

describe('a body that is full of what asks for charges and repairs still compiles when it is metered', () => {
  for (const [name, make] of Object.entries(fullBodies)) {
    test(name, () => {
      const admitted = admit(make())
      for (const floats of ['detect', 'repair'] as const)
        assert.ok(WebAssembly.validate(meter(admitted, floats)), floats)
    })
  }
})
