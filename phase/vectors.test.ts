/** Every vector on both primitives, and the files that they lie in. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { nodeEd25519 } from '../server/identity.ts'
import { fromBase64, utf8 } from './bytes.ts'
import { nobleEd25519 } from './ed25519.ts'
import type { ReceiptExpected } from './receipt.ts'
import { pathOf, vectorFiles } from './vectors/generate.ts'
import { readReceipt, verifyReceipt } from './verify.ts'

const files = vectorFiles()
const primitives = { nobleEd25519, nodeEd25519 }
const vectorsOf = (name: string) => JSON.parse(files[name] as string) as { vectors: unknown[] }

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
  check?: string
}

for (const [primitive, ed25519] of Object.entries(primitives)) {
  describe(`receipts, with ${primitive}`, () => {
    for (const vector of vectorsOf('receipts.json').vectors as ReceiptVector[]) {
      test(`${vector.name}: ${vector.verdict}`, () => {
        const bytes = vector.envelope === undefined ? fromBase64(vector.envelopeBase64 ?? '') : utf8(vector.envelope)
        const found = verifyReceipt(bytes, vector.expected, ed25519)
        const first = found.checks.find(({ result }) => result !== 'passed')
        assert.deepEqual(
          { verdict: found.verdict, assurance: found.assurance, check: first?.name },
          { verdict: vector.verdict, assurance: vector.assurance, check: vector.check },
          JSON.stringify(found, null, 1),
        )
        if (found.verdict === 'valid') assert.equal(readReceipt(bytes).predicate.claimDigest, found.claimDigest)
      })
    }
  })
}

function readOr(path: URL): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
