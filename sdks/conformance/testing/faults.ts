/** What lies are made of: problems, and envelopes that say something else than was signed. */
import { STATUS_CODES } from 'node:http'
import { base64, fromBase64, utf8 } from '../../../phase/bytes.ts'
import { canonicalDigest } from '../../../phase/digest.ts'
import { signerFromSeed } from '../../../phase/ed25519.ts'
import { didOf, peerIdOf } from '../../../phase/identity.ts'
import type { JsonValue } from '../../../phase/json.ts'
import { sealEnvelope } from '../../../phase/signature.ts'

/** Somebody else: `$other` in a scenario. */
const other = signerFromSeed(new Uint8Array(32).fill(7))
export const otherDid = didOf(other.publicKey)
export const otherPeerId = peerIdOf(other.publicKey)

/** A whole problem (RFC 9457) from what a scenario says of it. */
export const problemOf = (status: number, said: Record<string, unknown>): Record<string, unknown> => ({
  type: `https://phasebased.com/problems/${typeof said['code'] === 'string' ? said['code'] : 'internal'}`,
  title: STATUS_CODES[status],
  status,
  detail: 'Made up by the fault proxy',
  instance: 'urn:uuid:00000000-0000-4000-8000-000000000000',
  code: 'internal',
  hint: 'Look at the scenario.',
  ...said,
})

/**
 * The envelope with members of its payload set, by JSON pointer: under the signature that no longer holds, or signed by somebody else, who
 * then is its executor, and whose claim has the digest that it says.
 */
export function changeEnvelope(text: string, set: Record<string, unknown>, sign: boolean): string {
  const envelope = JSON.parse(text) as { payloadType: string; payload: string; signatures: unknown[] }
  const payload = JSON.parse(new TextDecoder().decode(fromBase64(envelope.payload))) as Record<string, unknown>
  const claim = (payload['predicate'] as { claim?: JsonValue } | undefined)?.claim
  if (sign && claim !== undefined) {
    setAt(payload, ['predicate', 'measurement', 'executor'], { did: otherDid, peerId: otherPeerId })
  }
  for (const [pointer, value] of Object.entries(set)) setAt(payload, pointer.split('/').slice(1), value)
  if (sign && claim !== undefined) setAt(payload, ['predicate', 'claimDigest'], canonicalDigest(claim))
  const bytes = utf8(JSON.stringify(payload))
  if (sign) return new TextDecoder().decode(sealEnvelope(envelope.payloadType, bytes, other))
  return JSON.stringify({ ...envelope, payload: base64(bytes) })
}

function setAt(target: Record<string, unknown>, path: string[], value: unknown): void {
  const [name = '', ...rest] = path
  if (rest.length === 0) target[name] = value
  else setAt(target[name] as Record<string, unknown>, rest, value)
}
