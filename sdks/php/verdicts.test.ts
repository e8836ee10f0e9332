/** The same receipts, good ones that were spoiled at random, get the same verdict from the PHP verifier and from the one of phase/. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { base64, utf8 } from '../../phase/bytes.ts'
import { canonicalDigest } from '../../phase/digest.ts'
import type { JsonObject } from '../../phase/json.ts'
import type { ReceiptExpected } from '../../phase/receipt.ts'
import { everything, payload, receipt, seal, statement } from '../../phase/vectors/material.ts'
import { verifyReceipt } from '../../phase/verify.ts'
import { nodeEd25519 } from '../../server/identity.ts'
import { sdkDirectory, without } from './testing/php.ts'

interface Case {
  bytes: Uint8Array
  expected: ReceiptExpected
}

const casesCount = 1000
const statementText = new TextDecoder().decode(payload)
/** Where a value or a name stands in the statement's text. */
const tokens = [...statementText.matchAll(/"(?:[^"\\]|\\.)*"|\d+|[[\]{}:,]/g)].map(found => [
  found.index,
  found.index + found[0].length,
])
const oddities = [
  'null true 0 -0 -1 1.5 1e2 9007199254740991 9007199254740992 4294967296 "" [] {} [{}] [[[[[[[[1]]]]]]]]'.split(' '),
  ['"\\u0000"', '"\\ud800"', '"\\ud83d\\ude00"', '"ü"', '"a\\"b"', '{"a":1,"a":1}', '"__proto__"', '"10"'],
  [
    '"exited"',
    '"stopped"',
    '"phase-wasm32-v9"',
    '"https://phasebased.com/execution-receipt/v2"',
    '"x":1,',
    ',"x":1',
    '',
  ],
].flat()

const token = fc.constantFrom(...tokens) as fc.Arbitrary<[number, number]>
const respelt = fc
  .array(fc.tuple(token, fc.oneof(fc.constantFrom(...oddities), fc.json({ maxDepth: 3 }))), {
    minLength: 1,
    maxLength: 2,
  })
  .map(changes =>
    changes
      .toSorted(([a], [b]) => b[0] - a[0])
      .reduce((text, [[from, to], put]) => text.slice(0, from) + put + text.slice(to), statementText),
  )
  .map(text => utf8(seal(text)))
const cut = fc
  .tuple(fc.nat(receipt.envelope.length), fc.nat(4), fc.uint8Array({ maxLength: 4 }))
  .map(([at, length, put]) =>
    Uint8Array.from([...receipt.envelope.subarray(0, at), ...put, ...receipt.envelope.subarray(at + length)]),
  )
/** Sound in itself: what the claim says has the digest that is stated. */
const consistent = fc
  .record({
    profile: fc.constantFrom('phase-wasm32-v1', 'phase-wasm32-v1', 'phase-wasm64-v7'),
    predicateType: fc.constantFrom(statement().predicateType, statement().predicateType, 'https://example.com/v2'),
    reason: fc.constantFrom('exited', 'stopped', 'slept'),
    more: fc.oneof(fc.constant(undefined), fc.nat(), fc.constantFrom('x', true, ['y', 1], { z: 1 }, '\u00fc', null)),
  })
  .map(({ profile, predicateType, reason, more }) => {
    const changed = statement() as unknown as {
      predicateType: string
      predicate: { claim: JsonObject; claimDigest: string }
    }
    changed.predicateType = predicateType
    const { claim } = changed.predicate
    claim['profile'] = profile
    claim['outcome'] = reason === 'exited' ? { reason, exitCode: 0 } : { reason }
    if (more !== undefined) claim['more'] = more
    try {
      changed.predicate.claimDigest = canonicalDigest(claim)
    } catch {
      // What has no canonical form keeps the digest of what it was.
    }
    return utf8(seal(JSON.stringify(changed)))
  })
const expected = fc.oneof(fc.constant({}), fc.subarray(Object.entries(everything)).map(Object.fromEntries<unknown>))
const cases = fc.record({
  bytes: fc.oneof(
    { weight: 3, arbitrary: respelt },
    { weight: 1, arbitrary: cut },
    { weight: 2, arbitrary: consistent },
  ),
  expected,
})

test('PHP and TypeScript judge alike', { skip: without('php') }, async t => {
  const sample = fc.sample(cases, casesCount)
  const found = await judgedByPhp(sample)
  const verdicts: Record<string, number> = {}
  for (const [index, { bytes, expected }] of sample.entries()) {
    const { verdict, assurance, receiptId, claimDigest, executor, checks } = verifyReceipt(bytes, expected, nodeEd25519)
    const row = [verdict, assurance, receiptId, claimDigest, executor].map(value => value ?? null)
    const names = checks.map(({ name, result }) => `${name} ${result}`)
    const text = new TextDecoder().decode(bytes)
    assert.deepEqual(found[index], [...row, names], `${text}\n${JSON.stringify(expected)}`)
    verdicts[verdict] = (verdicts[verdict] ?? 0) + 1
  }
  t.diagnostic(JSON.stringify(verdicts))
  for (const verdict of ['valid', 'invalid', 'unverifiable']) assert.ok((verdicts[verdict] ?? 0) > 20, verdict)
})

async function judgedByPhp(sample: readonly Case[]): Promise<unknown[]> {
  const child = spawn('php', [join(sdkDirectory, 'testing', 'verdicts.php')], {
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: 120_000,
    killSignal: 'SIGKILL',
  })
  child.stdin.end(
    sample.map(({ bytes, expected }) => `${JSON.stringify({ envelope: base64(bytes), expected })}\n`).join(''),
  )
  const lines = (await new Response(child.stdout as unknown as BodyInit).text()).trimEnd().split('\n')
  return lines.map(line => JSON.parse(line) as unknown)
}
