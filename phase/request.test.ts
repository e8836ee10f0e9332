import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeEd25519 } from '../server/identity.ts'
import { utf8 } from './bytes.ts'
import { digestOf } from './digest.ts'
import { type ErrorCode, isPhaseError } from './errors.ts'
import { requestPayloadBytesMax } from './limits.ts'
import { completeManifest, readManifest } from './manifest.ts'
import { openRequest, readRequest, requestPayloadType, signRequest } from './request.ts'
import { readEnvelope, sealEnvelope } from './signature.ts'
import { executor, manifest, module, receipt, signed, stranger, submitter } from './vectors/material.ts'

const expected = { submitter: submitter.publicKey, executor: executor.did }
const open = (envelope: Uint8Array, who = expected) => openRequest(envelope, who, nodeEd25519)
const refused = (code: ErrorCode) => (error: unknown) => isPhaseError(error, code)
/** Signed by the submitter as it stands. */
const spoiled = (change: object) =>
  sealEnvelope(requestPayloadType, utf8(JSON.stringify({ ...signed.request, ...change })), submitter)

test('a request is opened by the executor that it names, from the peer that signed it', () => {
  const opened = open(signed.envelope)
  assert.deepEqual(opened.request, signed.request)
  assert.equal(opened.digest, signed.digest)
  assert.equal(opened.digest, digestOf(readEnvelope(signed.envelope, requestPayloadBytesMax).payload))
})

test('a request of another peer, or for another executor, is refused', () => {
  assert.throws(() => open(signed.envelope, { ...expected, submitter: stranger.publicKey }), refused('invalid'))
  assert.throws(() => open(signed.envelope, { ...expected, executor: stranger.did }), refused('invalid'))
  assert.throws(() => open(spoiled({ submitter: stranger.did })), refused('invalid'))
  assert.throws(() => open(spoiled({ executor: stranger.did })), refused('invalid'))
})

test('a receipt is no request, and a request of another nonce than its manifest is none', () => {
  assert.throws(() => open(receipt.envelope, { ...expected, submitter: executor.publicKey }), refused('invalid'))
  assert.throws(() => open(spoiled({ nonce: 'ff'.repeat(16) })), refused('invalid'))
  assert.throws(() => readRequest(receipt.envelope, nodeEd25519), {
    code: 'invalid',
    message: `Cannot read the job request: payload type "application/vnd.in-toto+json" is not ${requestPayloadType}`,
  })
})

test('a manifest inside that lacks a default, or asks for what is unknown, is refused', () => {
  const { seed: _, ...rest } = manifest
  assert.throws(() => open(spoiled({ manifest: rest })), refused('invalid'))
  assert.throws(() => open(spoiled({ manifest: { ...manifest, profile: 'other' } })), refused('unsupported'))
  assert.throws(() => open(spoiled({ manifest: { ...manifest, price: 5 } })), refused('unknownField'))
  assert.throws(() => open(spoiled({ attempt: 6 })), refused('invalid'))
  assert.throws(() => open(spoiled({ attempt: 1.5 })), refused('invalid'))
})

test('members that a reader does not know are ignored, but stay in the digest', () => {
  const opened = open(spoiled({ price: { perSecond: 5 } }))
  assert.notEqual(opened.digest, signed.digest)
})

test('the largest arguments fit into a request, escapes included', () => {
  const args = ['\u0001'.repeat(65_535)]
  const whole = completeManifest(readManifest({ module, args }), { stdin: manifest.stdin, nonce: manifest.nonce })
  const { jobId, replica, attempt, issuedAt } = signed.request
  const large = signRequest({ manifest: whole, jobId, replica, attempt, executor: executor.did, issuedAt }, submitter)
  assert.deepEqual(open(large.envelope).request.manifest.args, args)
})
