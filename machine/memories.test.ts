import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { compileText } from './fixtures/compile.ts'
import { Memories } from './memories.ts'
import { PreparedModule, type RunOptions, runModule } from './run.ts'

const page = 65_536

const options: RunOptions = {
  args: [],
  environ: [],
  stdin: new Uint8Array(0),
  seed: new Uint8Array(32),
  memoryBytesMax: 16 * page,
  outputBytesMax: 1 << 20,
  fuelMax: 1e9,
}

const isZero = ({ buffer }: WebAssembly.Memory) =>
  Buffer.compare(Buffer.from(buffer), Buffer.alloc(buffer.byteLength)) === 0

describe('memories that are used again', () => {
  test('are all zeros and of the size that was asked for, whatever was done with them', () => {
    const memories = new Memories()
    const type = fc.record({ initialBytes: fc.integer({ min: 0, max: 3 }).map(pages => pages * page) })
    const job = fc.record({ type, at: fc.nat(3 * page - 1), pages: fc.constantFrom(0, 0, 0, 1) })
    fc.assert(
      fc.property(fc.array(job, { maxLength: 20 }), jobs => {
        for (const { type, at, pages } of jobs) {
          const memory = memories.take(type)
          assert.equal(memory.buffer.byteLength, type.initialBytes)
          assert.ok(isZero(memory))
          memory.grow(pages)
          new Uint8Array(memory.buffer).fill(0xff, at)
          if (at % 3 > 0) memories.recycle()
        }
      }),
      { numRuns: 50 },
    )
  })

  test('are used again unless they grew, and never by two at a time', () => {
    const memories = new Memories()
    const type = { initialBytes: page }
    const [one, other] = [memories.take(type), memories.take(type)]
    assert.notEqual(one, other)
    other.grow(1)
    assert.equal(memories.recycle(), 1)
    assert.equal(memories.take(type), one)
    assert.notEqual(memories.take(type), other)
  })

  test('are told apart by their maximum', () => {
    const memories = new Memories()
    const one = memories.take({ initialBytes: page, maximumBytes: 2 * page })
    memories.recycle()
    const other = memories.take({ initialBytes: page })
    assert.notEqual(one, other)
    assert.throws(() => one.grow(2), RangeError)
    assert.equal(other.grow(2), 1)
  })

  test('are bounded, in number and in size', () => {
    const memories = new Memories()
    for (let count = 0; count < 20; count++) memories.take({ initialBytes: page })
    assert.equal(memories.recycle(), 12)
    memories.take({ initialBytes: 64 * page })
    assert.equal(memories.recycle(), 1)
  })

  test('show a guest nothing of the one before, and their data again', async () => {
    const text = `(module
      (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (memory (export "memory") 1)
      (data (i32.const 8) "\\07")
      (func (export "_start") (local i32)
        (local.set 0 (i32.add (i32.load (i32.const 40000)) (i32.load8_u (i32.const 8))))
        (i32.store (i32.const 40000) (i32.const 1000))
        (i32.store8 (i32.const 8) (i32.const 9))
        (call $exit (local.get 0))))`
    const prepared = new PreparedModule(await compileText(text))
    const memories = new Memories()
    const seen = new Set<WebAssembly.Memory>()
    for (let run = 0; run < 5; run++) {
      const result = runModule(prepared, { ...options, memories })
      assert.deepEqual(result.kind === 'ended' && result.outcome, { reason: 'exited', exitCode: 7 })
      memories.recycle()
      seen.add(memories.take({ initialBytes: page }))
      memories.recycle()
    }
    assert.equal(seen.size, 1)
  })
})
