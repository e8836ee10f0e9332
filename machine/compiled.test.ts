import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CompiledModule, ExactWanted, type RewrittenModule } from './compiled.ts'
import { compileFixture, compileText } from './fixtures/compile.ts'
import { meter } from './meter.ts'
import { PreparedModule, type RunOptions, type RunResult, runModule } from './run.ts'
import { admit, interfaceOf } from './validate.ts'

const options: RunOptions = {
  args: [],
  environ: [],
  stdin: new Uint8Array(0),
  seed: new Uint8Array(32),
  memoryBytesMax: 1 << 20,
  outputBytesMax: 1 << 20,
  fuelMax: 1e9,
}

function rewrite(bytes: Uint8Array): { rewritten: RewrittenModule; exact: Uint8Array } {
  const admitted = admit(bytes)
  const { memory } = interfaceOf(admitted)
  return { rewritten: { memory, differs: true, fast: meter(admitted, 'detect') }, exact: meter(admitted, 'repair') }
}

const without = (result: RunResult) => ({ ...result, memoryBytesPeak: 0 })

describe('a module that was rewritten elsewhere', async () => {
  const nan = await compileFixture('nan-payload')
  const { rewritten, exact } = rewrite(nan)

  test('says that it needs its exact form, and with it runs as one that was prepared here', () => {
    const compiled = new CompiledModule(rewritten)
    assert.throws(() => runModule(compiled, options), ExactWanted)
    assert.equal(compiled.met, false)
    compiled.addExact(exact)
    assert.ok(compiled.met)
    assert.deepEqual(without(runModule(compiled, options)), without(runModule(new PreparedModule(nan), options)))
  })

  test('runs without it where no NaN shows', async () => {
    const hello = await compileFixture('exit-3')
    const compiled = new CompiledModule({ ...rewrite(hello).rewritten, differs: false })
    assert.deepEqual(without(runModule(compiled, options)), without(runModule(new PreparedModule(hello), options)))
  })

  test('is refused where it is not what a rewriter of ours leaves', async () => {
    const raw = await compileFixture('exit-3')
    for (const fast of [raw, Buffer.from('#!/bin/sh'), await compileText('(module (import "env" "x" (func)))')]) {
      assert.throws(() => new CompiledModule({ ...rewritten, fast }))
    }
    assert.throws(() => new CompiledModule({ ...rewritten, exact: raw }))
    assert.throws(() => new CompiledModule({ ...rewritten, exact: rewrite(raw).exact }), /imports otherwise|null/)
  })

  test('that holds more memory than was said of it is a fault of the host', async () => {
    const { rewritten } = rewrite(await compileFixture('memory-initial-big'))
    const result = runModule(new CompiledModule({ ...rewritten, memory: { initialBytes: 65_536 } }), options)
    assert.equal(result.kind === 'faulted' && result.reason, 'internal')
  })
})
