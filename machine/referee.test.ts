import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileFixture, compileText } from './fixtures/compile.ts'
import { Interpreter } from './interpreter.ts'
import { partingOf, type RefereedRun } from './referee.ts'
import { PreparedModule, runModule } from './run.ts'
import { generateModule } from './testing/generate/module.ts'

const base = {
  args: [],
  environ: [],
  stdin: Buffer.from('The quick brown fox'),
  seed: new Uint8Array(32),
  memoryBytesMax: 4 * 65_536,
  outputBytesMax: 10_000,
  fuelMax: 1_000_000,
}
const run = (module: Uint8Array, more: Partial<RefereedRun> = {}): RefereedRun => ({ module, ...base, ...more })

/** What a referee would say who looked at every instruction. */
function firstByAll(one: RefereedRun, other: RefereedRun): number {
  const [first, second] = [one, other].map(({ module, ...options }) => new Interpreter(module, options))
  assert.ok(first !== undefined && second !== undefined)
  for (let at = 0; ; at++) {
    first.run(at)
    second.run(at)
    if (first.state().state !== second.state().state) return at
    assert.ok(!first.state().ended || !second.state().ended, 'they never part')
  }
}

test('runs that differ in a byte of stdin part at the host call that reads it, in memory alone', async () => {
  const echo = await compileFixture('echo')
  const [one, other] = [run(echo), run(echo, { stdin: Buffer.from('The quick brown fix') })]
  const parting = partingOf(one, other)
  assert.ok(parting !== undefined)
  assert.deepEqual(parting.parts, ['memory'])
  assert.deepEqual(
    parting.steps.map(step => step?.name),
    ['call', 'call'],
  )
  assert.equal(parting.instructions, firstByAll(one, other))
})

test('a module of which one instruction is another parts at that instruction', async () => {
  const text = (operation: string) => `(module (memory (export "memory") 1)
    (func $step (param i32) (result i32) (${operation} (local.get 0) (i32.const 3)))
    (func (export "_start") (local $i i32)
      (loop (i32.store (i32.const 0) (call $step (local.get $i)))
        (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 200))))))`
  // 0 + 3 and 0 | 3 are the same, as 1 + 3 and 1 | 3 are not.
  const [one, other] = [run(await compileText(text('i32.add'))), run(await compileText(text('i32.or')))]
  const parting = partingOf(one, other)
  assert.ok(parting !== undefined)
  assert.deepEqual(
    parting.steps.map(step => step?.name),
    ['i32.add', 'i32.or'],
  )
  assert.deepEqual(parting.parts, ['operands'])
  assert.equal(parting.steps[0]?.at, parting.steps[1]?.at)
  const { module, ...options } = one
  const before = new Interpreter(module, options)
  before.run(parting.instructions - 1)
  const after = new Interpreter(other.module, options)
  after.run(parting.instructions - 1)
  assert.equal(before.state().state, after.state().state)
})

test('runs that end otherwise, and are alike but for that, part where they end', async () => {
  const exit = (code: number) =>
    compileText(`(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))) (memory (export "memory") 1)
      (func (export "_start") (call $exit (i32.const ${code}))))`)
  const parting = partingOf(run(await exit(3)), run(await exit(4)))
  assert.deepEqual(parting?.parts, ['operands'])
  const less = partingOf(run(await compileFixture('loop'), { fuelMax: 999 }), run(await compileFixture('loop')))
  assert.ok(less !== undefined && less.parts.includes('ended'))
  const data = (letter: string) =>
    compileText(`(module (memory 1) (data (i32.const 9) "${letter}") (func (export "_start")))`)
  const start = partingOf(run(await data('a')), run(await data('b')))
  assert.deepEqual([start?.instructions, start?.parts, start?.steps], [0, ['memory'], [undefined, undefined]])
})

test('runs of generated modules with another seed agree up to where they part', () => {
  let parted = 0
  for (let seed = 1; seed <= 120; seed++) {
    const module = generateModule(seed)
    const [one, other] = [
      run(module, { fuelMax: 30_000 }),
      run(module, { fuelMax: 30_000, seed: new Uint8Array(32).fill(1), stdin: Buffer.from('Another') }),
    ]
    const parting = partingOf(one, other)
    const results = [one, other].map(({ module: bytes, ...options }) => runModule(new PreparedModule(bytes), options))
    if (parting === undefined) {
      assert.deepEqual(results[0], results[1], `seed ${seed}`)
      continue
    }
    parted++
    const [before, after] = [one, other].map(({ module: bytes, ...options }) => new Interpreter(bytes, options))
    assert.ok(before !== undefined && after !== undefined)
    before.run(parting.instructions - 1)
    after.run(parting.instructions - 1)
    assert.equal(before.state().state, after.state().state, `seed ${seed}`)
    before.run(parting.instructions)
    after.run(parting.instructions)
    assert.deepEqual(
      [before.state().state, after.state().state],
      parting.states.map(({ state }) => state),
    )
  }
  assert.ok(parted >= 3, `${parted} parted`)
})

test('the same run parts from itself nowhere', async () => {
  assert.equal(partingOf(run(await compileFixture('files')), run(await compileFixture('files'))), undefined)
})
