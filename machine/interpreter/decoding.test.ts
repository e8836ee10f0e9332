import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { isPhaseError } from '../../phase/errors.ts'
import { compileFixture } from '../fixtures/compile.ts'
import { generateModule } from '../testing/generate/module.ts'
import { admit } from '../validate.ts'
import { loadModule } from './instantiation.ts'
import { ModuleError } from './reader.ts'

const taken = (bytes: Uint8Array): boolean => {
  try {
    loadModule(bytes)
    return true
  } catch (error) {
    assert.ok(error instanceof ModuleError, String(error))
    return false
  }
}

const admitted = (bytes: Uint8Array): boolean => {
  try {
    admit(bytes)
    return true
  } catch (error) {
    assert.ok(isPhaseError(error, 'moduleRejected'), String(error))
    return false
  }
}

test('whatever is changed in a module, it is decoded where it is admitted, and refused where the engine refuses it', async () => {
  const modules = [await readFile(new URL('../../examples/hello/hello.wasm', import.meta.url))]
  for (const name of ['files', 'simd', 'table-grow-bomb', 'start-function']) {
    modules.push(Buffer.from(await compileFixture(name)))
  }
  for (let seed = 1; seed <= 40; seed++) modules.push(Buffer.from(generateModule(seed)))
  const seen = { admitted: 0, invalid: 0, other: 0 }
  const change = fc.tuple(fc.nat(), fc.constantFrom('set', 'insert', 'delete', 'cut'), fc.integer({ min: 0, max: 255 }))
  fc.assert(
    fc.property(fc.constantFrom(...modules), fc.array(change, { minLength: 1, maxLength: 3 }), (module, changes) => {
      const bytes = changes.reduce(changed, new Uint8Array(module))
      if (admitted(bytes)) {
        seen.admitted++
        assert.ok(taken(bytes))
      } else if (!WebAssembly.validate(bytes)) {
        seen.invalid++
        assert.ok(!taken(bytes))
      } else {
        seen.other++
        taken(bytes)
      }
    }),
    { numRuns: 3000 },
  )
  assert.ok(
    Object.values(seen).every(count => count > 0),
    JSON.stringify(seen),
  )
})

function changed(bytes: Uint8Array<ArrayBuffer>, [at, kind, value]: [number, string, number]): Uint8Array<ArrayBuffer> {
  const index = at % (bytes.length + 1)
  if (kind === 'cut') return bytes.slice(0, index)
  const tail = bytes.subarray(index + (kind === 'insert' ? 0 : 1))
  return new Uint8Array([...bytes.subarray(0, index), ...(kind === 'delete' ? [] : [value]), ...tail])
}
