import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { nodeEd25519 } from '../server/identity.ts'
import { utf8, utf8Text } from './bytes.ts'
import { signerFromSeed } from './ed25519.ts'
import { isPhaseError } from './errors.ts'
import { openEnvelope, preAuthEncoding, readEnvelope, sealEnvelope } from './signature.ts'
import { executor, stranger } from './vectors/material.ts'

const invalid = (error: unknown) => isPhaseError(error, 'invalid')
const expected = (payloadType: string, publicKey = executor.publicKey) => ({
  payloadType,
  publicKey,
  payloadBytesMax: 1000,
})

test('the pre-authentication encoding is that of the DSSE specification, lengths in bytes', () => {
  const encoded = preAuthEncoding('http://example.com/HelloWorld', utf8('hello world'))
  assert.equal(utf8Text(encoded), 'DSSEv1 29 http://example.com/HelloWorld 11 hello world')
  assert.equal(utf8Text(preAuthEncoding('ü', utf8('€'))), 'DSSEv1 2 ü 3 €')
})

test('any bytes under any type come back from an envelope, for their signer only', () => {
  const type = fc.string({ unit: 'binary', maxLength: 60 })
  fc.assert(
    fc.property(type, fc.uint8Array({ maxLength: 200 }), (payloadType, payload) => {
      const bytes = sealEnvelope(payloadType, payload, executor)
      assert.deepEqual(openEnvelope(bytes, expected(payloadType), nodeEd25519), payload)
      assert.throws(() => openEnvelope(bytes, expected(`${payloadType}x`), nodeEd25519), invalid)
      assert.throws(() => openEnvelope(bytes, expected(payloadType, stranger.publicKey), nodeEd25519), invalid)
    }),
    { numRuns: 50 },
  )
})

test('one of several signatures is enough, the keyid is a hint only', () => {
  const [ours, theirs] = [executor, stranger].map(
    signer => JSON.parse(utf8Text(sealEnvelope('t', utf8('x'), signer))) as { signatures: object[] },
  )
  const both = {
    ...ours,
    signatures: [...(theirs as { signatures: object[] }).signatures, { ...ours?.signatures[0], keyid: 'somebody' }],
  }
  assert.deepEqual(openEnvelope(utf8(JSON.stringify(both)), expected('t'), nodeEd25519), utf8('x'))
})

test('a payload beyond the limit of its kind is refused, however well it is signed', () => {
  const signer = signerFromSeed(new Uint8Array(32))
  const bytes = sealEnvelope('t', new Uint8Array(1001), signer)
  assert.throws(() => openEnvelope(bytes, expected('t', signer.publicKey), nodeEd25519), invalid)
  assert.equal(readEnvelope(sealEnvelope('t', new Uint8Array(1000), signer), 1000).payload.length, 1000)
})
