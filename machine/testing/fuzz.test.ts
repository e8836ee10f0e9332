/** A few seconds of what `make fuzz` does for ten minutes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { check } from './fuzz/check.ts'
import { fuzz } from './fuzz/fuzz.ts'
import { mutate } from './fuzz/mutations.ts'
import { generateModule } from './generate/module.ts'
import { Random } from './generate/random.ts'

test('mutated modules have one verdict and one run, and none ends the process or holds it up', async t => {
  const { modules, raw, kinds, failures } = await fuzz({ seconds: 15, seed: 1 })
  t.diagnostic(`${modules} modules, ${raw} in the engine alone, too: ${JSON.stringify(kinds)}`)
  assert.deepEqual(
    failures.map(({ seed, what }) => `seed ${seed}: ${what}`),
    [],
  )
  assert.ok(modules > 20)
})

test('a mutated module is the same from the same seed', () => {
  const made = () => mutate(generateModule(5), new Random(7), () => generateModule(6))
  assert.deepEqual(made(), made())
})

test('mutations give both modules that are refused and modules that run', () => {
  const kinds = new Set<string>()
  for (let seed = 0; seed < 60; seed++) {
    const { kind, failures } = check(mutate(generateModule(seed), new Random(seed), () => generateModule(seed + 1)))
    assert.deepEqual(failures, [], `seed ${seed}`)
    kinds.add(kind)
  }
  assert.ok(kinds.has('refused') && kinds.has('exited'), [...kinds].join())
})
