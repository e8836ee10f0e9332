/**
 * The depth at which both machines stop, to the slot: behind a ballast of frames that is chosen by bisection stands a random graph of calls, and
 * what just fits in one must just fit in the other.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileText } from '../fixtures/compile.ts'
import { type Interpreted, interpret } from '../interpreter.ts'
import { PreparedModule, type RunOptions, type RunResult, runModule } from '../run.ts'
import { Random } from './generate/random.ts'

const options: RunOptions = {
  args: [],
  environ: [],
  stdin: new Uint8Array(0),
  seed: new Uint8Array(32),
  memoryBytesMax: 65_536,
  outputBytesMax: 0,
  fuelMax: 100_000_000,
}

/** A frame of the ballast, and the slots by which the last one of it is made larger. */
const ballastBytes = 160
const slotBytes = 8

test('what just fits the depth in the interpreter just fits it in the fast machine, whatever the graph of calls', async () => {
  let [graphs, limited] = [0, 0]
  for (let seed = 1; seed <= 40; seed++) {
    const graph = callGraph(new Random(seed))
    const at = async (bytes: number) => {
      const module = await compileText(withBallast(graph, bytes))
      return { module, stopped: isStopped(interpret(module, options)) }
    }
    graphs++
    let [fits, tooMuch] = [0, 393_216 / slotBytes]
    if ((await at(0)).stopped || !(await at(tooMuch * slotBytes)).stopped) continue
    while (tooMuch - fits > 1) {
      const middle = Math.floor((fits + tooMuch) / 2)
      if ((await at(middle * slotBytes)).stopped) tooMuch = middle
      else fits = middle
    }
    limited++
    for (const slots of [fits - 1, fits, tooMuch, tooMuch + 1]) {
      const { module, stopped } = await at(slots * slotBytes)
      const fast = runModule(new PreparedModule(module), options)
      assert.equal(
        isStopped(fast),
        stopped,
        `seed ${seed}, a ballast of ${slots} slots, of which ${fits} fit\n${graph}`,
      )
    }
  }
  assert.ok(limited > graphs / 2, `${limited} of ${graphs}`)
})

function isStopped(result: Interpreted | RunResult): boolean {
  assert.ok(result.kind === 'ended', 'detail' in result ? result.detail : '')
  return result.outcome.reason === 'stopped'
}

/** So many bytes of frames below the graph, in whole slots. */
function withBallast(graph: string, bytes: number): string {
  const frames = Math.floor(bytes / ballastBytes)
  const slots = (bytes % ballastBytes) / slotBytes
  return `(module ${graph}
    (func $last ${'(local i32)'.repeat(slots)} (call $f0 (i32.const 6)))
    (func $ballast (param i32)
      (if (local.get 0) (then (call $ballast (i32.sub (local.get 0) (i32.const 1)))) (else (call $last))))
    (func (export "_start") (call $ballast (i32.const ${frames}))))`
}

type Shape = 'one' | 'two' | 'wide'

/**
 * Functions that take how often they may still call, and more: with locals, operands, vectors and results of their own, calling each other directly,
 * through a table, in tail position, and where nothing ever comes.
 */
function callGraph(random: Random): string {
  const count = random.between(2, 7)
  const shapes = Array.from({ length: count }, () => random.pick<Shape>(['one', 'one', 'two', 'wide']))
  shapes[0] = 'one'
  const types = {
    one: { head: '(param i32)', more: '', result: '' },
    two: { head: '(param i32 i64) (result i64 i64)', more: '(i64.const 1)', result: '(i64.const 2) (i64.const 3)' },
    wide: { head: '(param i32 v128) (result v128)', more: '(v128.const i64x2 0 1)', result: '(v128.const i64x2 2 3)' },
  }
  const drops = { one: '', two: '(drop) (drop)', wide: '(drop)' }
  const left = '(i32.sub (local.get 0) (i32.const 1))'
  const call = (caller: Shape, tail: boolean): string => {
    const all = shapes.flatMap((shape, index) => (!tail || shape === caller ? [index] : []))
    const target = random.pick(all)
    const shape = shapes[target] as Shape
    const args = `${left} ${types[shape].more}`
    const word = tail ? 'return_call' : 'call'
    const how = random.chance(65)
      ? `(${word} $f${target} ${args})`
      : `(${word}_indirect (type $${shape}) ${args} (i32.const ${target}))`
    return tail ? how : `${how} ${drops[shape]}`
  }
  const height = () => {
    const values = random.below(4)
    return `${'(i32.const 1)'.repeat(values)} ${'(drop)'.repeat(values)}`
  }
  const body = (shape: Shape) => {
    const parts = [height(), ...Array.from({ length: random.between(1, 2) }, () => call(shape, false))]
    if (random.chance(30)) parts.push(call(shape, true))
    else if (random.chance(20)) parts.push(`(return ${types[shape].result}) ${call(shape, false)} ${height()}`)
    return parts.join(' ')
  }
  const end = (shape: Shape) => (random.chance(50) ? types[shape].result : `(return ${types[shape].result})`)
  const functions = shapes.map((shape, index) => {
    const locals = `${'(local i64)'.repeat(random.below(4))} ${random.chance(10) ? '(local v128)' : ''}`
    const guarded = `(if (i32.gt_s (local.get 0) (i32.const 0)) (then ${body(shape)}))`
    return `(func $f${index} ${types[shape].head} ${locals} ${guarded} ${end(shape)})`
  })
  const declared = Object.entries(types).map(([name, { head }]) => `(type $${name} (func ${head}))`)
  const named = Array.from({ length: count }, (_, index) => `$f${index}`)
  return `${declared.join(' ')} (table funcref (elem ${named.join(' ')})) ${functions.join('\n')}`
}
