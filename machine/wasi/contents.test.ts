import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { FileContents } from './contents.ts'

const offset = fc.oneof(fc.nat(300), fc.integer({ min: 65_400, max: 65_700 }), fc.nat(300_000))
const data = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.nat(140_000).map(size => new Uint8Array(size).fill(7)),
)
const step = fc.oneof(
  fc.record({ do: fc.constant('write' as const), at: offset, buffers: fc.array(data, { maxLength: 3 }) }),
  fc.record({ do: fc.constant('resize' as const), size: offset }),
)

test('a file holds what a plain array would, whatever is written, cut off and made longer', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), steps => {
      const contents = new FileContents()
      let model: Uint8Array = new Uint8Array(0)
      for (const one of steps) {
        if (one.do === 'write') {
          contents.write(one.at, one.buffers)
          model = written(model, one.at, Buffer.concat(one.buffers))
        } else {
          contents.resize(one.size)
          model = resized(model, one.size)
        }
        assert.equal(contents.size, model.length)
      }
      const all = new Uint8Array(model.length + 10).fill(0xee)
      assert.equal(contents.read(0, [all]), model.length)
      assert.ok(Buffer.compare(all.subarray(0, model.length), model) === 0)
      assert.ok(all.subarray(model.length).every(byte => byte === 0xee))
    }),
  )
})

test('reading fills buffers in turn and stops at the end', () => {
  const contents = new FileContents()
  contents.write(0, [Buffer.from('hello')])
  const [first, second, third] = [new Uint8Array(2), new Uint8Array(0), new Uint8Array(9)]
  assert.equal(contents.read(1, [first, second, third]), 4)
  assert.equal(Buffer.from(first).toString() + Buffer.from(third).toString(), 'ello\0\0\0\0\0\0\0')
  assert.equal(contents.read(5, [first]), 0)
  assert.equal(contents.read(1000, [first]), 0)
})

test('a hole takes no room', () => {
  const contents = new FileContents()
  const before = process.memoryUsage().arrayBuffers
  contents.resize(64 * 1024 * 1024)
  contents.write(32 * 1024 * 1024, [Buffer.from('x')])
  assert.ok(process.memoryUsage().arrayBuffers - before < 1024 * 1024)
})

function resized(bytes: Uint8Array, size: number): Uint8Array {
  const next = new Uint8Array(size)
  next.set(bytes.subarray(0, size))
  return next
}

/** A write of nothing moves no end. */
function written(bytes: Uint8Array, at: number, data: Uint8Array): Uint8Array {
  if (data.length === 0) return bytes
  const next = resized(bytes, Math.max(bytes.length, at + data.length))
  next.set(data, at)
  return next
}
