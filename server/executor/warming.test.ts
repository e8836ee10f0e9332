import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileFixture } from '../../machine/fixtures/compile.ts'
import { PreparedModule, runModule } from '../../machine/run.ts'
import { everyShape, warm } from './warming.ts'

test('what a waiting process rewrites is the fixture, and a module like any other', async () => {
  assert.deepEqual(new Uint8Array(everyShape), new Uint8Array(await compileFixture('every-shape')))
  const ran = runModule(new PreparedModule(new Uint8Array(everyShape)), {
    args: [],
    environ: [],
    stdin: new Uint8Array(0),
    seed: new Uint8Array(32),
    memoryBytesMax: 65_536,
    outputBytesMax: 100,
    fuelMax: 1_000_000,
  })
  assert.ok(ran.kind === 'ended' && ran.outcome.reason === 'exited')
  assert.equal(new TextDecoder().decode(ran.stdout), 'text')
  warm()
})
