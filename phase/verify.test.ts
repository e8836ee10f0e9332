import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { nodeEd25519 } from '../server/identity.ts'
import { base64, concat, equal, hex, utf8, utf8Text } from './bytes.ts'
import { digestOf } from './digest.ts'
import { isPhaseError } from './errors.ts'
import { receiptPayloadBytesMax } from './limits.ts'
import { claimDigest, type Verification } from './receipt.ts'
import { readEnvelope } from './signature.ts'
import { everything, executor, payload, receipt, seal, signature, statement, stranger } from './vectors/material.ts'
import { explainReceipt, readReceipt, verifyReceipt } from './verify.ts'

const good = receipt.envelope
const verify = (bytes: Uint8Array, expected = {}): Verification => verifyReceipt(bytes, expected, nodeEd25519)
const signedParts = (bytes: Uint8Array) => {
  const { payloadType, payload: said, signatures, keyids } = readEnvelope(bytes, receiptPayloadBytesMax)
  return { payloadType, payload: hex(said), signatures: signatures.map(hex), keyids }
}

/**
 * What a mutation may leave valid: white space, spelling and unknown members of the envelope, and a keyid that is gone. Never other signed bytes.
 */
function assertNothingSignedChanged(mutated: Uint8Array): void {
  const [before, after] = [signedParts(good), signedParts(mutated)]
  assert.equal(after.payloadType, before.payloadType)
  assert.equal(after.payload, before.payload)
  assert.deepEqual(after.signatures, before.signatures)
  assert.ok(after.keyids[0] === undefined || after.keyids[0] === before.keyids[0])
}

test('no change of one byte anywhere in an envelope is valid, unless it changed nothing that is signed', () => {
  let still = 0
  for (let at = 0; at < good.length; at++) {
    for (const difference of [0x01, 0x20, 0x80]) {
      const mutated = Uint8Array.from(good, (byte, index) => (index === at ? byte ^ difference : byte))
      const { verdict } = verify(mutated)
      if (verdict !== 'valid') continue
      still++
      assertNothingSignedChanged(mutated)
    }
  }
  // The six letters of the name "keyid" and little else: a name that is misspelled is an unknown member.
  assert.ok(still <= 15, `${still} mutations stayed valid`)
})

test('no change of one character of payload, signature, payload type or keyid is valid, but for another spelling', () => {
  const text = utf8Text(good)
  const { payloadType, signatures } = JSON.parse(text) as {
    payloadType: string
    signatures: { keyid: string; sig: string }[]
  }
  const places = [payloadType, base64(payload), signatures[0]?.keyid as string, signatures[0]?.sig as string]
  fc.assert(
    fc.property(
      fc.constantFrom(...places),
      fc.nat(),
      fc.string({ minLength: 1, maxLength: 2 }),
      (place, at, letters) => {
        const index = text.indexOf(place) + (at % place.length)
        const mutated = text.slice(0, index) + letters + text.slice(index + 1)
        fc.pre(mutated !== text)
        // `\/` for `/` is another spelling only.
        if (verify(utf8(mutated)).verdict === 'valid') assert.deepEqual(signedParts(utf8(mutated)), signedParts(good))
      },
    ),
    { numRuns: 1000 },
  )
})

test('bytes inserted, cut out and overwritten make no receipt valid, unless nothing signed changed', () => {
  fc.assert(
    fc.property(fc.nat(good.length), fc.nat(8), fc.uint8Array({ maxLength: 8 }), (at, cut, put) => {
      const mutated = concat(good.subarray(0, at), put, good.subarray(at + cut))
      if (!equal(mutated, good) && verify(mutated).verdict === 'valid') assertNothingSignedChanged(mutated)
    }),
    { numRuns: 1000 },
  )
})

test('a receipt signed by one key is never valid for another, whatever it says', () => {
  fc.assert(
    fc.property(fc.json(), predicate => {
      const changed = { ...statement(), predicate: JSON.parse(predicate) as unknown }
      assert.notEqual(verify(utf8(seal(JSON.stringify(changed))), { executor: stranger.did }).verdict, 'valid')
    }),
    { numRuns: 200 },
  )
})

test('verification answers whatever comes: bytes, JSON, and statements with anything anywhere under a signature that holds', () => {
  const known = ['valid', 'invalid', 'unverifiable']
  const anything = fc.jsonValue({ maxDepth: 3 })
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => verify(bytes).verdict === 'invalid'),
    { numRuns: 200 },
  )
  fc.assert(
    fc.property(fc.json(), text => verify(utf8(text)).verdict === 'invalid'),
    { numRuns: 200 },
  )
  fc.assert(
    fc.property(anything, value => verify(utf8(seal(JSON.stringify(value)))).verdict === 'invalid'),
    { numRuns: 200 },
  )
  const paths = pathsOf(statement())
  fc.assert(
    fc.property(fc.constantFrom(...paths), anything, fc.boolean(), (path, value, pin) => {
      const changed = statement()
      put(changed, path, value)
      const written = JSON.stringify(changed)
      const found = verify(utf8(seal(written)), pin ? { executor: executor.did } : {})
      assert.ok(known.includes(found.verdict))
      for (const { detail } of found.checks) assert.ok(detail.length <= 1024)
      // Read again: -0 is written as 0.
      if (found.verdict === 'valid') assert.equal(found.claimDigest, claimDigest(JSON.parse(written).predicate.claim))
    }),
    { numRuns: 500 },
  )
})

test('what was verified can be read, with every member in its type', () => {
  const found = verify(good, everything)
  assert.deepEqual(
    { verdict: found.verdict, assurance: found.assurance, receiptId: found.receiptId, executor: found.executor },
    { verdict: 'valid', assurance: 'pinned', receiptId: receipt.receiptId, executor: executor.did },
  )
  assert.equal(found.receiptId, digestOf(payload))
  assert.equal(found.claimDigest, claimDigest(statement().predicate.claim))
  assert.deepEqual(readReceipt(good), statement())
})

test('what is no receipt cannot be read', () => {
  const refused = (error: unknown) => isPhaseError(error, 'invalid')
  const texts = ['', '{}', seal(''), seal('{}'), seal(JSON.stringify({ ...statement(), predicateType: 'x' }))]
  for (const text of [...texts, seal(JSON.stringify({ ...statement(), subject: [] }))]) {
    assert.throws(() => readReceipt(utf8(text)), refused)
  }
})

test('an expected executor that is no identity is the mistake of the caller', () => {
  for (const name of ['', 'x', 'did:key:z6Mk', 'did:web:example.com']) {
    assert.throws(
      () => verify(good, { executor: name }),
      (error: unknown) => isPhaseError(error, 'invalid'),
    )
  }
})

test('an envelope beyond 144 KiB is not read', () => {
  const filled = (size: number) => {
    const text = seal(payload, { filler: '' })
    return utf8(text.replace('"filler":""', `"filler":"${'x'.repeat(size - text.length)}"`))
  }
  assert.equal(verify(filled(147_456)).verdict, 'valid')
  assert.equal(verify(filled(147_457)).verdict, 'invalid')
})

test('a receipt is explained to a person, with what it does not show', () => {
  const lines = explainReceipt(verify(good), readReceipt(good))
  assert.match(lines.join('\n'), /exited 0: 12 bytes of stdout/)
  assert.match(lines.join('\n'), /gateway is trusted/)
  assert.match(lines.join('\n'), /4\.3 ms/)
  assert.doesNotMatch(explainReceipt(verify(good, everything), readReceipt(good)).join('\n'), /gateway is trusted/)
  const bad = explainReceipt(verify(good, { nonce: '00'.repeat(16) }), readReceipt(good))
  assert.equal(bad[0], 'The receipt is invalid.')
  assert.match(bad[1] ?? '', /^nonce failed/)
  assert.equal(explainReceipt(verify(utf8('x')))[0], 'The receipt is invalid.')
})

test('the last of eight signatures counts, a ninth makes the envelope unreadable', () => {
  const theirs = signature(payload, stranger)
  const of = (count: number) => [...Array<object>(count - 1).fill(theirs), signature(payload, executor)]
  assert.equal(verify(utf8(seal(payload, { signatures: of(8) }))).verdict, 'valid')
  assert.equal(verify(utf8(seal(payload, { signatures: of(9) }))).verdict, 'invalid')
})

type Path = (string | number)[]
function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path]
  return [path, ...Object.entries(value).flatMap(([name, member]) => pathsOf(member, [...path, name]))]
}

function put(root: object, path: Path, value: unknown): void {
  const [last, ...rest] = path.toReversed()
  if (last === undefined) return
  let at = root as Record<string, unknown>
  for (const name of rest.toReversed()) at = at[name] as Record<string, unknown>
  at[last] = value
}
