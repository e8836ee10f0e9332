import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { isPhaseError } from './errors.ts'
import { didOf, didOfPeerId, peerIdOf, peerIdOfDid, publicKeyOfDid, publicKeyOfPeerId } from './identity.ts'
import { didPattern, peerIdPattern } from './schema.ts'

const keys = fc.uint8Array({ minLength: 32, maxLength: 32 })
const invalid = (error: unknown) => isPhaseError(error, 'invalid')

test('any 32 bytes have one peer id and one did, and come back from both', () => {
  fc.assert(
    fc.property(keys, key => {
      const [peerId, did] = [peerIdOf(key), didOf(key)]
      assert.match(peerId, new RegExp(peerIdPattern))
      assert.match(did, new RegExp(didPattern))
      assert.deepEqual(publicKeyOfPeerId(peerId), key)
      assert.deepEqual(publicKeyOfDid(did), key)
      assert.equal(didOfPeerId(peerId), did)
      assert.equal(peerIdOfDid(did), peerId)
    }),
  )
})

test('a text is a name of at most one key: what is read is spelled so again', () => {
  fc.assert(
    fc.property(keys, fc.nat(60), fc.string({ maxLength: 2 }), (key, at, letters) => {
      for (const [name, read, spell] of [
        [peerIdOf(key), publicKeyOfPeerId, peerIdOf],
        [didOf(key), publicKeyOfDid, didOf],
      ] as const) {
        const changed = name.slice(0, at) + letters + name.slice(at + 1)
        try {
          assert.equal(spell(read(changed)), changed)
        } catch (error) {
          assert.ok(invalid(error))
        }
      }
    }),
    { numRuns: 300 },
  )
})

test('a name of any length is refused at once', () => {
  for (const read of [publicKeyOfPeerId, publicKeyOfDid]) {
    assert.throws(() => read('z'.repeat(10_000_000)), invalid)
    assert.throws(() => read(`did:key:z${'1'.repeat(10_000_000)}`), invalid)
  }
})
