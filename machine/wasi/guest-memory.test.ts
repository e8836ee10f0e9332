import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pathBytesMax } from '../limits.ts'
import { errno, Failure } from './errno.ts'
import { GuestMemory } from './guest-memory.ts'
import { isTooLong } from './paths.ts'

function memoryOf(bytes: Uint8Array<ArrayBuffer>): GuestMemory {
  const memory = new GuestMemory()
  memory.bind({ buffer: bytes.buffer })
  return memory
}

test('text is read as it lies there, a byte order mark too, and what is no UTF-8 is a failure', () => {
  const bytes = new TextEncoder().encode('\ufeffé/ü')
  assert.equal(memoryOf(bytes).text(0, bytes.length), '\ufeffé/ü')
  assert.throws(
    () => memoryOf(bytes).text(0, 4),
    (error: Failure) => error.errno === errno.illegalBytes,
  )
})

test('a text that is longer than an engine has strings is too long, and nothing else', () => {
  // V8 has none above 512 MiB.
  const bytes = new Uint8Array(600 * 1024 * 1024).fill(0x61)
  const memory = memoryOf(bytes)
  const text = memory.text(0, bytes.length)
  assert.ok(isTooLong(text, pathBytesMax))
  assert.ok(!text.includes('\0'))
  bytes[bytes.length - 1] = 0
  assert.ok(memory.text(0, bytes.length).includes('\0'))
  for (const [at, byte] of [
    [bytes.length - 1, 0xc3],
    [65_536 * 3, 0xff],
  ] as const) {
    bytes[at] = byte
    assert.throws(
      () => memory.text(0, bytes.length),
      (error: Failure) => error.errno === errno.illegalBytes,
    )
    bytes[at] = 0x61
  }
  // A letter of two bytes across the border of the parts.
  bytes.set([0xc3, 0xa9], 65_535)
  assert.ok(isTooLong(memory.text(0, 200_000), pathBytesMax))
})
