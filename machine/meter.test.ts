/** The meter against the interpreter, which charges before each instruction and shares only the numbers: same end, output and fuel. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Reader } from './binary.ts'
import { runBytes } from './fixtures/run.ts'
import { interpret } from './interpreter.ts'
import { meter } from './meter.ts'
import { PreparedModule, type RunOptions, runModule } from './run.ts'
import { generateModule } from './testing/generate/module.ts'
import { admit } from './validate.ts'

const options: RunOptions = {
  args: ['a'],
  environ: [],
  stdin: new Uint8Array(100),
  seed: new Uint8Array(32),
  memoryBytesMax: 4 * 1024 * 1024,
  outputBytesMax: 100_000,
  fuelMax: 1_000_000,
}

/** What a claim says, and nothing else. */
function claimed(result: ReturnType<typeof interpret> | ReturnType<typeof runBytes>) {
  if (result.kind === 'faulted') return { faulted: result.reason, detail: result.detail }
  const { outcome, fuel, stdout, stderr } = result
  return { outcome, fuel, stdout: Buffer.from(stdout).toString('hex'), stderr: Buffer.from(stderr).toString('hex') }
}

/** The whole budget, then those at which most can go wrong: just enough, one less, and in the middle. */
function compare(seed: number): number {
  const features = { floats: seed % 3 !== 0, vectors: seed % 3 === 2 }
  const bytes = generateModule(seed, features)
  const prepared = new PreparedModule(bytes)
  const whole = interpret(bytes, options)
  assert.deepEqual(claimed(runModule(prepared, options)), claimed(whole), `seed ${seed}`)
  if (whole.kind !== 'ended' || whole.outcome.reason !== 'exited') return 1
  const { fuel } = whole
  const budgets = [fuel, fuel - 1, Math.floor(fuel / 2), Math.floor(fuel / 7)]
  for (const fuelMax of budgets) {
    const limited = { ...options, fuelMax }
    const [fast, slow] = [runModule(prepared, limited), interpret(bytes, limited)]
    assert.deepEqual(claimed(fast), claimed(slow), `seed ${seed}, budget ${fuelMax}`)
  }
  return 1 + budgets.length
}

/** METER_SEEDS: how many modules (`make machine`), else those that are through in seconds. */
const seeds = Number(process.env['METER_SEEDS'] ?? 250)

describe('the metered module and the interpreter claim the same', () => {
  for (let first = 0; first < seeds; first += 250) {
    test(`of generated modules ${first} to ${first + 249}, whatever the budget`, t => {
      let runs = 0
      for (let seed = first; seed < first + 250; seed++) runs += compare(seed)
      t.diagnostic(`${runs} runs`)
    })
  }
})

test('a body whose marks were not kept is decoded again, to the same bytes', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const admitted = admit(generateModule(seed, { floats: true, vectors: seed % 2 === 0 }))
    const facts = admitted.facts.map((one, index) => (index % 3 === 0 ? one : { ...one, outline: undefined }))
    for (const mode of ['detect', 'repair'] as const) {
      assert.deepEqual(meter({ ...admitted, facts }, mode), meter(admitted, mode), `seed ${seed}`)
    }
  }
})

test('half of the functions of a rewritten module are small ones, whatever it had', () => {
  for (let seed = 0; seed < 20; seed++) {
    const sizes = bodySizes(meter(admit(generateModule(seed)), 'detect'))
    const small = sizes.filter(size => size < 50).length
    assert.ok(2 * small >= sizes.length, `seed ${seed}: ${small} of ${sizes.length}`)
  }
})

function bodySizes(bytes: Uint8Array): number[] {
  const reader = new Reader(bytes, 'module', 8, bytes.length)
  for (;;) {
    const id = reader.byte()
    const size = reader.u32()
    if (id === 10) break
    reader.at += size
  }
  return Array.from({ length: reader.u32() }, () => {
    const size = reader.u32()
    reader.at += size
    return size
  })
}
