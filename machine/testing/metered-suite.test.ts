/**
 * The official core suite through the fast machine: its modules as commands (commands.ts), whose outcome, trap and fuel the interpreter must give
 * as well, and whose outcome and trap the engine alone gives. CORE_SUITE=all runs every script (`make core-suite`).
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { interpret } from '../interpreter.ts'
import { PreparedModule, type RunOptions, runModule } from '../run.ts'
import { trapOf } from '../traps.ts'
import { differencesOf } from './agreement.ts'
import { type Command, commandsOf } from './commands.ts'
import { coreSuite } from './core-suite.ts'
import { readScript } from './wast.ts'

const few =
  /v2\/(block|br_table|bulk|call|call_indirect|conversions|elem|f32|fac|float_exprs|global|i64|if|local_tee|memory_grow|memory_trap|return|select|stack|switch|table_grow|traps|unwind)\.wast|tail-call|extended-const|simd_(conversions|i16x8_arith|load|f64x2_rounding)\.wast/

const options: RunOptions = {
  args: [],
  environ: [],
  stdin: new Uint8Array(0),
  seed: new Uint8Array(32),
  memoryBytesMax: 2 ** 32,
  outputBytesMax: 0,
  fuelMax: Number.MAX_SAFE_INTEGER,
}

const all = process.env['CORE_SUITE'] === 'all'
const suite = await coreSuite()
const chosen = Object.keys(suite).filter(name => all || few.test(name))
const total = { commands: 0, actions: 0, failing: 0 }

describe('the fast machine agrees with the interpreter and with the engine alone on the official core suite, in fuel, too', () => {
  for (const name of chosen) {
    test(name, async () => {
      for (const command of commandsOf(await readScript(suite[name] as string))) {
        total.commands++
        total.actions += command.actions
        if (command.fails) total.failing++
        check(command)
      }
    })
  }

  test('in thousands of actions', t => {
    t.diagnostic(`${total.commands} modules, ${total.actions} actions, ${total.failing} that fail, 0 differences`)
    assert.ok(total.actions > (all ? 60_000 : 10_000), `${total.actions} actions`)
  })
})

function check({ line, bytes, fails }: Command): void {
  const interpreted = interpret(bytes, options)
  const run = runModule(new PreparedModule(bytes), options)
  assert.deepEqual(differencesOf(interpreted, run), [], `line ${line}`)
  assert.ok(run.kind === 'ended')
  // What the script expects is in the module itself: it traps where something else comes out.
  assert.equal(run.outcome.reason, fails ? 'stopped' : 'exited', `line ${line}`)
  assert.equal(rawEnding(bytes), run.stopped === 'depthExhausted' ? 'stack' : (run.trap ?? 'exited'), `line ${line}`)
}

function rawEnding(bytes: Uint8Array<ArrayBuffer>): string {
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes))
    ;(exports['_start'] as () => void)()
    return 'exited'
  } catch (error) {
    if (error instanceof RangeError) return 'stack'
    return error instanceof WebAssembly.RuntimeError ? trapOf(error) : String(error)
  }
}
