/** Generated modules: GENERATED says how many (`make generated`: 10,000), GENERATED_FROM with which seed they begin. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareSeed, differencesOf } from './agreement.ts'
import { Coverage } from './coverage.ts'

const count = Number(process.env['GENERATED'] ?? 300)
const first = Number(process.env['GENERATED_FROM'] ?? 1)

test(`${count} generated modules end, write and cost the same in the interpreter and in the fast machine, whatever the budget`, t => {
  const coverage = new Coverage()
  const differences: string[] = []
  let [runs, raw] = [0, 0]
  for (let seed = first; seed < first + count && differences.length < 10; seed++) {
    const compared = compareSeed(seed, coverage)
    runs += compared.runs
    if (compared.raw) raw++
    differences.push(...compared.differences)
  }
  t.diagnostic(`${runs} runs of both, ${raw} modules in the engine alone, too; ${differences.length} differences`)
  for (const line of coverage.lines()) t.diagnostic(line)
  assert.deepEqual(differences, [])
  assert.ok(raw > count / 10)
  assertCovers(coverage)
})

/** A generator that no longer reaches something would agree about it for ever. */
function assertCovers(coverage: Coverage): void {
  const { missing, calls, endings, traps } = coverage
  if (count >= 5000) assert.deepEqual(missing, [], 'instructions that were never executed')
  const scalar = missing.filter(name => !/v128|x\d/.test(name))
  assert.ok(scalar.length < 10, `instructions that were never executed: ${scalar.join(' ')}`)
  const kinds = ['call', 'call of the host', 'call_indirect', 'return_call', 'return_call_indirect']
  for (const kind of kinds) assert.ok(calls.has(kind), `no ${kind}`)
  const ways = ['exited', 'trapped', 'fuelExhausted', 'depthExhausted', 'outputExceeded']
  for (const way of ways) assert.ok(endings.has(way), `none ended as ${way}`)
  const many = count >= 5000 ? ['integerOverflow', 'divideByZero', 'invalidConversion'] : []
  for (const trap of ['unreachable', 'memoryOutOfBounds', 'tableOutOfBounds', 'indirectCallMismatch', ...many]) {
    assert.ok(traps.has(trap), `no trap ${trap}`)
  }
}

test('a difference in fuel, outcome, output or trap is seen', () => {
  const nothing = new Uint8Array(0)
  const run = {
    kind: 'ended',
    outcome: { reason: 'exited', exitCode: 0 },
    fuel: 5,
    stdout: nothing,
    stderr: nothing,
  } as const
  const fast = { ...run, memoryBytesPeak: 0 }
  const stopped = { ...fast, outcome: { reason: 'stopped' }, stopped: 'trapped', trap: 'unreachable' } as const
  assert.deepEqual(differencesOf(run, fast), [])
  assert.equal(differencesOf(run, { ...fast, fuel: 6 }).length, 1)
  assert.equal(differencesOf(run, { ...fast, outcome: { reason: 'exited', exitCode: 1 } }).length, 1)
  assert.equal(differencesOf(run, { ...fast, stdout: new Uint8Array(1) }).length, 1)
  assert.equal(differencesOf(run, { ...fast, stderr: new Uint8Array(1) }).length, 1)
  assert.equal(differencesOf(run, stopped).length, 1)
  assert.deepEqual(differencesOf(stopped, { ...stopped, stopped: 'fuelExhausted' }), [])
  assert.equal(differencesOf(stopped, { ...stopped, trap: 'divideByZero' }).length, 1)
})
