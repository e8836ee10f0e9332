import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { base64, concat, equal, fromBase64, fromHex, hex, utf8, utf8Text } from './bytes.ts'
import { isPhaseError } from './errors.ts'

const invalid = (error: unknown) => isPhaseError(error, 'invalid')

test('bytes come back from base64 and hex, spelled as everybody spells them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), bytes => {
      assert.equal(base64(bytes), Buffer.from(bytes).toString('base64'))
      assert.deepEqual(fromBase64(base64(bytes)), bytes)
      assert.deepEqual(fromHex(hex(bytes)), bytes)
    }),
  )
  assert.equal(base64(new Uint8Array(100_000)).length, 133_336)
})

test('bytes have one spelling in base64: whatever else is refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20 }), fc.nat(30), fc.string({ maxLength: 2 }), (bytes, at, letters) => {
      const text = base64(bytes)
      const changed = text.slice(0, at) + letters + text.slice(at + 1)
      try {
        assert.equal(base64(fromBase64(changed)), changed)
      } catch (error) {
        assert.ok(invalid(error))
      }
    }),
    { numRuns: 1000 },
  )
})

test('text that is not UTF-8 is refused, and the next text is read all the same', () => {
  for (const bytes of [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf0, 0x9f], [0xf4, 0x90, 0x80, 0x80]]) {
    assert.throws(() => utf8Text(Uint8Array.from(bytes)), invalid)
    assert.equal(utf8Text(utf8('ü')), 'ü')
  }
  assert.equal(utf8Text(utf8('\ufeffx')), '\ufeffx')
})

test('equal and concat look at every byte', () => {
  assert.deepEqual(concat(Uint8Array.of(1), Uint8Array.of(), Uint8Array.of(2, 3)), Uint8Array.of(1, 2, 3))
  assert.ok(equal(Uint8Array.of(1, 2), Uint8Array.of(1, 2)))
  assert.ok(!equal(Uint8Array.of(1, 2), Uint8Array.of(1, 3)))
  assert.ok(!equal(Uint8Array.of(1), Uint8Array.of(1, 2)))
})
