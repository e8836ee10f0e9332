/** Every vector on both primitives, and the files that they lie in. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { nodeEd25519 } from '../server/identity.ts'
import { fromBase64, fromHex, hex, utf8 } from './bytes.ts'
import { argsDigest, canonicalDigest, contentOf, digestOf, envDigest, environOf, isDigest } from './digest.ts'
import { nobleEd25519, signerFromSeed } from './ed25519.ts'
import { isPhaseError } from './errors.ts'
import { didOf, peerIdOf, publicKeyOfDid, publicKeyOfPeerId } from './identity.ts'
import { canonical, type JsonValue, parseJson } from './json.ts'
import { completeManifest, defaultSeed, inlineStdin, readManifest } from './manifest.ts'
import type { ReceiptExpected } from './receipt.ts'
import { readEnvelope } from './signature.ts'
import { pathOf, vectorFiles } from './vectors/generate.ts'
import { readReceipt, verifyReceipt } from './verify.ts'

const files = vectorFiles()
const primitives = { nobleEd25519, nodeEd25519 }
const parsed = (name: string) => JSON.parse(files[name] as string) as unknown

for (const [name, text] of Object.entries(files)) {
  test(`${name} is what the generator writes`, () => {
    const found = readOr(pathOf(name))
    if (found !== text) writeFileSync(pathOf(name), text)
    assert.ok(found === text, `vectors/${name} was stale and has been rewritten: review it and commit it.`)
  })
}

interface ReceiptVector {
  name: string
  envelope?: string
  envelopeBase64?: string
  expected: ReceiptExpected
  verdict: string
  assurance?: string
  receiptId?: string
  check?: string
}

for (const [primitive, ed25519] of Object.entries(primitives)) {
  describe(`receipts, with ${primitive}`, () => {
    const { vectors } = parsed('receipts.json') as { vectors: ReceiptVector[] }
    for (const vector of vectors) {
      test(`${vector.name}: ${vector.verdict}`, () => {
        const bytes = vector.envelope === undefined ? fromBase64(vector.envelopeBase64 ?? '') : utf8(vector.envelope)
        const found = verifyReceipt(bytes, vector.expected, ed25519)
        const first = found.checks.find(({ result }) => result !== 'passed')
        assert.deepEqual(
          { verdict: found.verdict, assurance: found.assurance, check: first?.name },
          { verdict: vector.verdict, assurance: vector.assurance, check: vector.check },
          JSON.stringify(found, null, 1),
        )
        if (found.verdict !== 'valid') return
        assert.equal(readReceipt(bytes).predicate.claimDigest, found.claimDigest)
        assert.equal(found.receiptId, vector.receiptId)
      })
    }
  })
}

interface SignatureVector {
  name: string
  valid: boolean
  publicKey: string
  message: string
  signature: string
  seed?: string
}

for (const [primitive, ed25519] of Object.entries(primitives)) {
  describe(`signatures, with ${primitive}`, () => {
    for (const vector of (parsed('ed25519.json') as { vectors: SignatureVector[] }).vectors) {
      test(`${vector.name}: ${vector.valid ? 'valid' : 'invalid'}`, () => {
        const [signature, message, key] = [vector.signature, vector.message, vector.publicKey].map(fromHex)
        assert.equal(ed25519.verify(signature as Uint8Array, message as Uint8Array, key as Uint8Array), vector.valid)
        if (vector.seed === undefined) return
        const signer = signerFromSeed(fromHex(vector.seed))
        assert.equal(hex(signer.publicKey), vector.publicKey)
        assert.equal(hex(signer.sign(message as Uint8Array)), vector.signature)
      })
    }
  })
}

describe('canonical.json', () => {
  const { accepted, formless, refused } = parsed('canonical.json') as {
    accepted: { json: string; canonical: string; digest: string }[]
    formless: string[]
    refused: string[]
  }
  const read = (json: string) => parseJson(json, { integersOnly: true })
  for (const vector of accepted) {
    test(`${vector.json.slice(0, 80)} has a canonical form`, () => {
      assert.equal(canonical(read(vector.json)), vector.canonical)
      assert.equal(digestOf(utf8(vector.canonical)), vector.digest)
      assert.deepEqual(read(vector.canonical), read(vector.json))
    })
  }
  for (const json of formless) {
    test(`${json} has no canonical form`, () => {
      const value = read(json)
      assert.throws(
        () => canonical(value),
        (error: unknown) => isPhaseError(error, 'invalid'),
      )
    })
  }
  for (const json of refused) {
    test(`${JSON.stringify(json)} is refused`, () => {
      assert.throws(
        () => read(json),
        (error: unknown) => isPhaseError(error, 'invalid'),
      )
    })
  }
})

test('digests.json: contents, arguments, environments, tasks and requests', () => {
  const vectors = parsed('digests.json') as {
    content: { hex: string; digest: string; size: number }[]
    args: { args: string[]; digest: string }[]
    env: { env: Record<string, string>; environ: string[]; digest: string }[]
    tasks: { task: JsonValue; canonical: string; digest: string; seed: string }[]
    requests: { envelope: string; digest: string }[]
    wrong: string[]
  }
  for (const { hex: bytes, ...content } of vectors.content) assert.deepEqual(contentOf(fromHex(bytes)), content)
  for (const { args, digest } of vectors.args) assert.equal(argsDigest(args), digest)
  for (const { env, environ, digest } of vectors.env) {
    assert.deepEqual(environOf(env), environ)
    assert.equal(envDigest(env), digest)
  }
  for (const vector of vectors.tasks) {
    assert.equal(canonical(vector.task), vector.canonical)
    assert.equal(canonicalDigest(vector.task), vector.digest)
    assert.equal(defaultSeed(vector.digest), vector.seed)
  }
  for (const { envelope, digest } of vectors.requests) {
    assert.equal(digestOf(readEnvelope(utf8(envelope), 65_536).payload), digest)
  }
  for (const text of vectors.wrong) assert.equal(isDigest(text), false, text)
})

test('identity.json: keys and their names, and texts that are none', () => {
  const vectors = parsed('identity.json') as {
    seeds: { seed: string; publicKey: string }[]
    names: { publicKey: string; peerId: string; did: string }[]
    badPeerIds: string[]
    badDids: string[]
  }
  for (const { seed, publicKey } of vectors.seeds) assert.equal(hex(signerFromSeed(fromHex(seed)).publicKey), publicKey)
  for (const { publicKey, peerId, did } of vectors.names) {
    assert.equal(peerIdOf(fromHex(publicKey)), peerId)
    assert.equal(didOf(fromHex(publicKey)), did)
    assert.equal(hex(publicKeyOfPeerId(peerId)), publicKey)
    assert.equal(hex(publicKeyOfDid(did)), publicKey)
  }
  const refused = (error: unknown) => isPhaseError(error, 'invalid')
  for (const text of vectors.badPeerIds) assert.throws(() => publicKeyOfPeerId(text), refused, text)
  for (const text of vectors.badDids) assert.throws(() => publicKeyOfDid(text), refused, text)
})

describe('manifests.json', () => {
  const { accepted, refused, filledNonce } = parsed('manifests.json') as {
    accepted: { name: string; manifest: string; complete: object }[]
    refused: { name: string; manifest: string; code: string; pointer?: string }[]
    filledNonce: string
  }
  for (const { name, manifest, complete } of accepted) {
    test(`${name} is accepted, and completed`, () => {
      const asked = readManifest(JSON.parse(manifest))
      const stdin = contentOf(inlineStdin(asked.stdin) ?? new Uint8Array(0))
      assert.deepEqual(completeManifest(asked, { stdin, nonce: filledNonce }), complete)
    })
  }
  for (const { name, manifest, code, pointer } of refused) {
    test(`${name} is refused as ${code}`, () => {
      assert.throws(
        () => inlineStdin(readManifest(JSON.parse(manifest)).stdin),
        (error: unknown) => isPhaseError(error) && error.code === code && error.pointer === pointer,
      )
    })
  }
})

function readOr(path: URL): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
