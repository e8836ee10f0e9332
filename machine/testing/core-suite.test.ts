/** The official core suite. CORE_SUITE=all runs every script (`make core-suite`), else those that the interpreter is through with in seconds. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Comparison, compareOn, coreSuite } from './core-suite.ts'
import { InterpreterEngine } from './engine-interpreter.ts'
import { RawEngine } from './engine-raw.ts'
import type { Outcome } from './outcomes.ts'
import type { Engine } from './script.ts'

const engines = () => [new RawEngine(), new InterpreterEngine()] as unknown as Engine<never>[]

/** Modules of later versions, which the engine below takes and version 2 does not: a second memory, a memory index in several bytes. */
const newer: Record<string, number> = { 'wasm-v2/binary.wast': 8, 'wasm-v2/imports.wast': 3, 'wasm-v2/memory.wast': 2 }

const few =
  /v2\/(address|binary|block|br_table|call_indirect|conversions|data|elem|f64|float_misc|global|i32|i64|if|linking|loop|memory_init|select|table_grow|traps|unreached-invalid|unwind)\.wast|tail-call|extended-const|simd_(conversions|f32x4_pmin_pmax|i8x16_arith2|lane|store|i32x4_trunc_sat_f64x2)\.wast/

const all = process.env['CORE_SUITE'] === 'all'
const suite = await coreSuite()
const chosen = Object.keys(suite).filter(name => all || few.test(name))
const total: Omit<Comparison, 'differences'> = { directives: 0, compared: 0, newer: 0 }

describe('the interpreter agrees with the engine below and with the official core suite', () => {
  for (const name of chosen) {
    test(name, async () => {
      const comparison = await compareOn(suite[name] as string, engines())
      assert.deepEqual(comparison.differences, [])
      assert.equal(comparison.newer, newer[name] ?? 0)
      for (const key of ['directives', 'compared', 'newer'] as const) total[key] += comparison[key]
    })
  }

  test('in thousands of directives', t => {
    t.diagnostic(`${chosen.length} scripts, ${total.directives} directives, ${total.compared} compared, 0 differences`)
    assert.ok(total.compared > (all ? 50_000 : 10_000), `${total.compared} were compared`)
  })
})

test('an engine that computes, traps or accepts differently is found', async () => {
  const text = `
    (module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
            (func (export "fail") unreachable))
    (assert_return (invoke "add" (i32.const 2) (i32.const 3)) (i32.const 5))
    (assert_trap (invoke "fail") "unreachable")
    (assert_invalid (module (func (result i32))) "type mismatch")
    (assert_return (invoke "add" (i32.const 2) (i32.const 3)) (i32.const 6))`
  const wrong = new (class extends InterpreterEngine {
    override async invoke(...args: Parameters<InterpreterEngine['invoke']>): Promise<Outcome> {
      const outcome = await super.invoke(...args)
      return outcome.kind === 'trap'
        ? { kind: 'values', values: [] }
        : { kind: 'values', values: [{ type: 'i32', value: 4 }] }
    }
  })()
  const honest = await compareOn(text, engines())
  assert.equal(honest.differences.length, 1)
  assert.match(honest.differences[0] as string, /^line 7, return: i32 5 \| i32 5$/)
  const found = await compareOn(text, [new RawEngine(), wrong] as unknown as Engine<never>[])
  assert.deepEqual(
    found.differences.map(difference => difference.replace(/:.*/, '')),
    ['line 4, return', 'line 5, trap', 'line 7, return'],
  )
})
