import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fromBase64, fromHex, utf8 } from '../../../../phase/bytes.ts'
import { verifyReceipt } from '../../../../phase/verify.ts'
import { platform as browser } from './browser.ts'
import { platform as node } from './node.ts'

interface Vectors<T> {
  vectors: T[]
}
const vectors = <T>(name: string): T[] =>
  (JSON.parse(readFileSync(new URL(`../../../../phase/vectors/${name}`, import.meta.url), 'utf8')) as Vectors<T>)
    .vectors

for (const [name, platform] of Object.entries({ node, browser })) {
  const { ed25519 } = platform
  test(`every receipt vector has its verdict in a ${name}`, () => {
    const rows = vectors<{
      name: string
      envelope?: string
      envelopeBase64?: string
      expected: object
      verdict: string
      assurance?: string
    }>('receipts.json')
    assert.ok(rows.length > 50)
    for (const row of rows) {
      const bytes = row.envelope === undefined ? fromBase64(row.envelopeBase64 ?? '') : utf8(row.envelope)
      const { verdict, assurance } = verifyReceipt(bytes, row.expected, ed25519)
      assert.deepEqual([verdict, assurance], [row.verdict, row.assurance], row.name)
    }
  })

  test(`every signature vector has its verdict in a ${name}`, () => {
    const rows = vectors<{ name: string; publicKey: string; message: string; signature: string; valid: boolean }>(
      'ed25519.json',
    )
    assert.ok(rows.length > 20)
    for (const { name, publicKey, message, signature, valid } of rows) {
      assert.equal(ed25519.verify(fromHex(signature), fromHex(message), fromHex(publicKey)), valid, name)
    }
  })

  test(`bytes in pieces have the digest of the whole in a ${name}`, () => {
    const hash = platform.digester()
    for (const piece of ['a', '', 'bc']) hash.update(utf8(piece))
    assert.equal(hash.digest(), 'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  })
}
