import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Point } from '@noble/ed25519'
import * as fc from 'fast-check'
import { nodeEd25519 } from '../server/identity.ts'
import { concat, utf8 } from './bytes.ts'
import { acceptablePublicKey, acceptableScalar, nobleEd25519, signerFromSeed } from './ed25519.ts'
import { fieldPrime, littleEndian, order, toLittleEndian } from './vectors/material.ts'
import { challenge, mixedOrderKey, mixedOrderSignature, smallOrderPoints } from './vectors/torsion.ts'

const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 })
const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 })

test('both primitives accept what a signer signs, and nothing of it changed by one bit', () => {
  fc.assert(
    fc.property(seeds, fc.uint8Array({ maxLength: 100 }), fc.nat(64 * 8 - 1), (seed, message, bit) => {
      const signer = signerFromSeed(seed)
      const { publicKey } = signer
      const signature = signer.sign(message)
      const changed = Uint8Array.from(signature, (byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))
      for (const ed25519 of [nobleEd25519, nodeEd25519]) {
        assert.equal(ed25519.verify(signature, message, publicKey), true)
        assert.equal(ed25519.verify(changed, message, publicKey), false)
        assert.equal(ed25519.verify(signature, concat(message, Uint8Array.of(0)), publicKey), false)
      }
    }),
    { numRuns: 60 },
  )
})

test('both primitives agree about any 32 bytes as a key and any as R, where an honest S is used', () => {
  fc.assert(
    fc.property(bytes32, bytes32, fc.bigInt(0n, order), (key, r, s) => {
      const signature = concat(r, toLittleEndian(s))
      const found = nobleEd25519.verify(signature, utf8('x'), key)
      assert.equal(nodeEd25519.verify(signature, utf8('x'), key), found)
    }),
    { numRuns: 100 },
  )
})

test('both primitives accept a signature of a mixed-order key exactly where the cofactorless equation holds', () => {
  for (let i = 0; i < 16; i++) {
    for (const holds of [false, true]) {
      const message = utf8(`mixed ${i}`)
      const signature = mixedOrderSignature(message, holds)
      assert.equal(challenge(signature.subarray(0, 32), mixedOrderKey, message) % 8n === 0n, holds)
      assert.equal(nobleEd25519.verify(signature, message, mixedOrderKey), holds)
      assert.equal(nodeEd25519.verify(signature, message, mixedOrderKey), holds)
    }
  }
})

test('neither primitive throws, whatever the lengths are', () => {
  const any = fc.uint8Array({ maxLength: 80 })
  fc.assert(
    fc.property(any, any, any, (signature, message, key) => {
      assert.equal(nobleEd25519.verify(signature, message, key), false)
      assert.equal(nodeEd25519.verify(signature, message, key), false)
    }),
    { numRuns: 300 },
  )
})

test('an acceptable key is spelled with y below p and is not of small order', () => {
  assert.equal(smallOrderPoints.length, 8)
  for (const point of smallOrderPoints) {
    assert.equal(point.clearCofactor().is0(), true)
    const y = littleEndian(point.toBytes()) & (2n ** 255n - 1n)
    for (const sign of [0n, 2n ** 255n]) assert.equal(acceptablePublicKey(toLittleEndian(y + sign)), false)
  }
  for (let above = 0n; above < 19n; above++) {
    for (const sign of [0n, 2n ** 255n]) {
      assert.equal(acceptablePublicKey(toLittleEndian(fieldPrime + above + sign)), false)
    }
  }
  assert.equal(acceptablePublicKey(Point.BASE.toBytes()), true)
  assert.equal(acceptablePublicKey(toLittleEndian(fieldPrime - 2n)), true)
  for (const length of [0, 31, 33]) assert.equal(acceptablePublicKey(new Uint8Array(length).fill(3)), false)
})

test('an acceptable scalar is below L', () => {
  assert.equal(acceptableScalar(toLittleEndian(0n)), true)
  assert.equal(acceptableScalar(toLittleEndian(order - 1n)), true)
  assert.equal(acceptableScalar(toLittleEndian(order)), false)
  assert.equal(acceptableScalar(new Uint8Array(31)), false)
})
