import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { compileFixture, compileText } from './fixtures/compile.ts'
import { runBytes } from './fixtures/run.ts'
import { Interpreter, type InterpreterOptions, interpret } from './interpreter.ts'
import { instructionWeights, lengthWeights } from './weights.ts'

const usual: InterpreterOptions = {
  args: [],
  environ: [],
  stdin: new Uint8Array(0),
  seed: new Uint8Array(32),
  memoryBytesMax: 64 * 1024 * 1024,
  outputBytesMax: 1024 * 1024,
  fuelMax: 10_000_000_000,
}

const run = (bytes: Uint8Array, options: Partial<InterpreterOptions> = {}) => interpret(bytes, { ...usual, ...options })
const hello = readFileSync(new URL('../examples/hello/hello.wasm', import.meta.url))

describe('a guest ends, writes and traps in the interpreter as in the fast machine', () => {
  const endless = /^(loop|slow|bulk-memory-loop|loop-in-start)\.wat$/
  const refused =
    /^(exceptions|imported-memory|memory64|no-start|relaxed-simd|reserved-export|several-memories|table-bomb|threads|unknown-import|wrong-import-type)\.wat$/
  for (const file of readdirSync(new URL('fixtures', import.meta.url)).filter(name => name.endsWith('.wat'))) {
    if (refused.test(file)) continue
    test(file, async () => {
      const bytes = await compileFixture(file.replace('.wat', ''))
      const options = endless.test(file) ? { fuelMax: 1_000_000 } : {}
      assert.deepEqual(seen(run(bytes, options)), seen(runBytes(bytes, options)))
    })
  }

  test('hello', () => {
    const stdin = Buffer.from('Hello, World')
    const result = run(hello, { stdin })
    assert.deepEqual(seen(result), seen(runBytes(hello, { stdin })))
    assert.equal(result.kind === 'ended' && Buffer.from(result.stdout).toString(), 'dlroW ,olleH')
  })
})

/** What both say of a run, in one shape. */
function seen(result: ReturnType<typeof interpret> | ReturnType<typeof runBytes>) {
  if (result.kind === 'faulted') return { reason: result.reason }
  const { outcome, stopped, trap, fuel } = result
  return { outcome, stopped, trap, fuel, stdout: Buffer.from(result.stdout), stderr: Buffer.from(result.stderr) }
}

describe('fuel', () => {
  /** The weights of the opcodes with these bytes, those behind 0xfc with 0xfc before them. */
  const weights = (...opcodes: number[]) => opcodes.reduce((sum, opcode) => sum + weight(opcode), 0)
  const weight = (opcode: number) => {
    const [prefix, number] = opcode > 0xff ? [0xfc, opcode & 0xff] : [0, opcode]
    const row = instructionWeights.find(one => one.prefix === prefix && one.first <= number && number <= one.last)
    return row?.weight ?? Number.NaN
  }
  const [constant, drop, add] = [0x41, 0x1a, 0x6a]
  const { bytesPerUnit, page, tableEntry } = lengthWeights

  const sum = compileText('(module (func (export "_start") (drop (i32.add (i32.const 1) (i32.const 2)))))')
  const used = weights(constant, constant, add, drop)

  test('is the sum of the weights of what was executed', async () => {
    assert.deepEqual(fuelOf(run(await sum)), { reason: 'exited', stopped: undefined, fuel: used })
  })

  test('of exactly the budget is enough, and one less is used up whole', async () => {
    const bytes = await sum
    assert.deepEqual(fuelOf(run(bytes, { fuelMax: used })), { reason: 'exited', stopped: undefined, fuel: used })
    const less = { reason: 'stopped', stopped: 'fuelExhausted', fuel: used - 1 }
    assert.deepEqual(fuelOf(run(bytes, { fuelMax: used - 1 })), less)
  })

  test('of a trap is the budget', async () => {
    const bytes = await compileFixture('trap-divide')
    assert.deepEqual(fuelOf(run(bytes, { fuelMax: 1000 })), { reason: 'stopped', stopped: 'trapped', fuel: 1000 })
  })

  const three = weights(constant, constant, constant)
  const grow = weights(constant, 0x40, drop)
  const tableGrow = weights(0xd0, constant, 0xfc0f, drop)
  const lengths: [string, string, number][] = [
    ['memory.grow that is allowed', '(drop (memory.grow (i32.const 2)))', grow + 2 * page],
    ['memory.grow that is not', '(drop (memory.grow (i32.const 4)))', grow],
    [
      'memory.fill',
      '(memory.fill (i32.const 0) (i32.const 0) (i32.const 17))',
      three + weights(0xfc0b) + Math.ceil(17 / bytesPerUnit),
    ],
    [
      'memory.copy',
      '(memory.copy (i32.const 0) (i32.const 0) (i32.const 16))',
      three + weights(0xfc0a) + Math.ceil(16 / bytesPerUnit),
    ],
    ['memory.init', '(memory.init $d (i32.const 0) (i32.const 0) (i32.const 1))', three + weights(0xfc08) + 1],
    ['table.grow that is allowed', '(drop (table.grow (ref.null func) (i32.const 3)))', tableGrow + 3 * tableEntry],
    ['table.grow that is not', '(drop (table.grow (ref.null func) (i32.const 9)))', tableGrow],
    [
      'table.fill',
      '(table.fill (i32.const 0) (ref.null func) (i32.const 2))',
      weights(constant, 0xd0, constant, 0xfc11) + 2 * tableEntry,
    ],
    ['table.copy', '(table.copy (i32.const 0) (i32.const 0) (i32.const 1))', three + weights(0xfc0e) + tableEntry],
    ['table.init', '(table.init $e (i32.const 0) (i32.const 0) (i32.const 0))', three + weights(0xfc0c)],
  ]
  for (const [name, text, expected] of lengths) {
    test(`of ${name} goes by its length`, async () => {
      const bytes = await compileText(`(module (memory 1 4) (table 2 9 funcref) (data $d "abc") (elem $e func $f)
        (func $f) (func (export "_start") ${text}))`)
      assert.deepEqual(fuelOf(run(bytes)), { reason: 'exited', stopped: undefined, fuel: expected })
    })
  }
})

function fuelOf(result: ReturnType<typeof interpret>) {
  assert.equal(result.kind, 'ended')
  return { reason: result.outcome.reason, stopped: result.stopped, fuel: result.fuel }
}

describe('depth', () => {
  /** `_start` has a frame of 128 + 8 x 1 bytes. */
  const counting = (count: number, functions: string) =>
    compileText(`(module ${functions} (func (export "_start") (call $down (i32.const ${count}))))`)
  const stops = async (bytes: Promise<Uint8Array>) => {
    const result = run(await bytes)
    assert.equal(result.kind, 'ended')
    return result.stopped
  }
  const again = '(call $down (i32.sub (local.get 0) (i32.const 1)))'

  test('is that of the frames: 128 bytes, 16 for a parameter, 8 for each operand at most', async () => {
    const down = `(func $down (param i32) (if (local.get 0) (then ${again})))`
    const most = Math.floor((393_216 - 136) / (128 + 16 + 16))
    assert.equal(await stops(counting(most - 1, down)), undefined)
    assert.equal(await stops(counting(most, down)), 'depthExhausted')
  })

  test('keeps room for the functions that a checkpoint may call', async () => {
    const down = `(func $leaf (result i64) (local i64 i64) (i64.const 1))
      (func $down (param i32) (if (local.get 0) (then (drop (call $leaf)) ${again})))`
    const most = Math.floor((393_216 - 136 - (128 + 16 + 16 + 0)) / (128 + 16 + 16))
    assert.equal(await stops(counting(most - 1, down)), undefined)
    assert.equal(await stops(counting(most, down)), 'depthExhausted')
  })

  test('counts a vector twice, and all operands of a function that has vectors', async () => {
    const down = `(func $down (param i32) (local v128) (if (local.get 0) (then ${again})))`
    const most = Math.floor((393_216 - 136) / (128 + 16 + 16 + 32))
    assert.equal(await stops(counting(most - 1, down)), undefined)
    assert.equal(await stops(counting(most, down)), 'depthExhausted')
  })

  test('does not grow by tail calls', async () => {
    const down = `(func $down (param i32)
      (if (local.get 0) (then (return_call $down (i32.sub (local.get 0) (i32.const 1))))))`
    assert.equal(await stops(counting(100_000, down)), undefined)
  })

  test('counts what goes through a table as well', async () => {
    const down = `(type $t (func (param i32))) (table funcref (elem $down))
      (func $down (type $t) (if (local.get 0)
        (then (call_indirect (type $t) (i32.sub (local.get 0) (i32.const 1)) (i32.const 0)))))`
    const most = Math.floor((393_216 - 136) / (128 + 16 + 16))
    assert.equal(await stops(counting(most - 1, down)), undefined)
    assert.equal(await stops(counting(most, down)), 'depthExhausted')
  })
})

describe('the interpreter stops before any instruction', () => {
  test('and goes on to the same end through the same states', () => {
    const options = { ...usual, stdin: Buffer.from('abc') }
    const whole = new Interpreter(hello, options)
    const stepped = new Interpreter(hello, options)
    for (let instructions = 1; stepped.run(instructions) === undefined; instructions++) {
      assert.equal(stepped.instructions, instructions)
      if (instructions % 50 !== 0) continue
      whole.run(instructions)
      assert.deepEqual(whole.state(), stepped.state())
    }
    assert.deepEqual(whole.run(), stepped.run())
    assert.ok(stepped.instructions > 100)
    assert.deepEqual(whole.state(), stepped.state())
  })

  test('so two runs that part are told apart by bisection, at the instruction and in the part where they do', async () => {
    const text = (value: number) => `(module (memory 1) (global $g (mut i32) (i32.const 0))
      (func (export "_start") (local i32)
        (loop $again
          (local.set 0 (i32.add (local.get 0) (i32.const 1)))
          (if (i32.eq (local.get 0) (i32.const 700)) (then (i32.store8 (i32.const 9) (i32.const ${value}))))
          (br_if $again (i32.lt_u (local.get 0) (i32.const 1000))))))`
    const [mine, theirs] = [await compileText(text(1)), await compileText(text(2))]
    const at = (bytes: Uint8Array, instructions: number) => {
      const interpreter = new Interpreter(bytes, usual)
      interpreter.run(instructions)
      return interpreter.state()
    }
    let [same, different] = [0, 20_000]
    while (different - same > 1) {
      const middle = Math.floor((same + different) / 2)
      if (at(mine, middle).state === at(theirs, middle).state) same = middle
      else different = middle
    }
    // A loop of 13 instructions 699 times; then the constant on which they differ is the tenth.
    assert.equal(different, 1 + 699 * 13 + 10)
    const [a, b] = [at(mine, different), at(theirs, different)]
    assert.notEqual(a.operands, b.operands)
    assert.equal(a.memory, b.memory)
    const [c, d] = [at(mine, different + 1), at(theirs, different + 1)]
    assert.equal(c.operands, d.operands)
    assert.notEqual(c.memory, d.memory)
  })

  const parts = {
    memory: '(i32.store (i32.const 0) (i32.const 1))',
    globals: '(global.set 0 (i64.const 1))',
    tables: '(table.set (i32.const 1) (ref.func $f))',
    segments: '(data.drop 0)',
    frames: '(local.set 0 (f64.const 1))',
    operands: '(f32.const 0) (drop)',
  } as const
  for (const [part, text] of Object.entries(parts)) {
    test(`and each part of the state has its digest: ${part}`, async () => {
      const bytes = await compileText(`(module (memory 1) (data "abc") (global (mut i64) (i64.const 0))
        (table 2 funcref) (elem declare func $f) (func $f)
        (func (export "_start") (local f64) ${text}))`)
      const interpreter = new Interpreter(bytes, usual)
      interpreter.run(0)
      const seen = new Set([interpreter.state()[part as keyof typeof parts]])
      for (let instructions = 1; interpreter.run(instructions) === undefined; instructions++) {
        seen.add(interpreter.state()[part as keyof typeof parts])
      }
      assert.ok(seen.size > 1)
    })
  }
})

test('what is no module, and what is no command, is a fault of the run', async () => {
  for (const bytes of [
    new Uint8Array(0),
    hello.subarray(0, -1),
    await compileFixture('unknown-import'),
    await compileFixture('no-start'),
  ]) {
    const result = run(bytes)
    assert.equal(result.kind === 'faulted' && result.reason, 'moduleRejected')
  }
})
