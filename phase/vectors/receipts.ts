/** Receipts, good ones and, more of them, bad ones: what a verifier has to say of each, and at which check. */
import { base64, utf8 } from '../bytes.ts'
import { digestOf } from '../digest.ts'
import { receiptPayloadBytesMax } from '../limits.ts'
import { readEnvelope } from '../signature.ts'
import { claimReceipts } from './receipts-claim.ts'
import { envelopeReceipts } from './receipts-envelope.ts'
import { expectedReceipts } from './receipts-expected.ts'
import { signatureReceipts } from './receipts-signature.ts'
import { statementReceipts } from './receipts-statement.ts'

export function receiptVectors() {
  const rows = [
    ...signatureReceipts(),
    ...envelopeReceipts(),
    ...statementReceipts(),
    ...claimReceipts(),
    ...expectedReceipts(),
  ]
  return {
    note: 'envelope: the exact bytes as UTF-8 text, or envelopeBase64. check: the first check that is not "passed". Test keys only.',
    vectors: rows.map(({ name, envelope, expected = {}, verdict, check }) => ({
      name,
      verdict,
      ...(verdict === 'valid'
        ? { assurance: 'executor' in expected ? 'pinned' : 'signed', receiptId: receiptId(envelope as string) }
        : { check }),
      expected,
      ...(typeof envelope === 'string' ? { envelope } : { envelopeBase64: base64(envelope) }),
    })),
  }
}

const receiptId = (envelope: string) => digestOf(readEnvelope(utf8(envelope), receiptPayloadBytesMax).payload)
