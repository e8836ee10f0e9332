/**
 * DSSE v1 envelopes (https://github.com/secure-systems-lab/dsse/blob/master/envelope.md) signed with Ed25519 (RFC 8032).
 * The exact bytes are signed and carried: nobody re-serialises anything to check a signature.
 */
import { type Static, Type } from '@sinclair/typebox'
import { base64, concat, fromBase64, utf8, utf8Text } from './bytes.ts'
import { PhaseError } from './errors.ts'
import { didOf } from './identity.ts'
import { parseJson } from './json.ts'
import { envelopeBytesExtra, signaturesMax } from './limits.ts'
import { check, named, ref, Text } from './schema.ts'

/**
 * The primitive, passed in: `@noble/ed25519` where nothing else is, `node:crypto` in the node. `verify` is strict as SPEC.md, Ed25519 says.
 */
export interface Ed25519 {
  verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean
}

/** One identity's ability to sign: the key itself stays with whoever made this. */
export interface Signer {
  readonly publicKey: Uint8Array
  sign(message: Uint8Array): Uint8Array
}

export const EnvelopeSignatureSchema = named(
  'EnvelopeSignature',
  'One signature of an envelope',
  { keyid: Type.Optional(Text('did:key of the signer: a hint only', 256)), sig: Text('Ed25519 signature, base64', 88) },
  { open: true },
)

export const EnvelopeSchema = named(
  'Envelope',
  'A DSSE v1 envelope: signed bytes and who signed them',
  {
    payloadType: Text('What the payload is', 128),
    payload: Text('The exact bytes that were signed, base64', 1_000_000),
    signatures: Type.Array(ref(EnvelopeSignatureSchema), { minItems: 1, maxItems: signaturesMax }),
  },
  { open: true },
)
export type Envelope = Static<typeof EnvelopeSchema>

export const envelopeSchemas = [EnvelopeSignatureSchema, EnvelopeSchema]

/** `payload` signed, as an envelope's bytes: what is stored, sent and hashed from then on. */
export function sealEnvelope(payloadType: string, payload: Uint8Array, signer: Signer): Uint8Array {
  const sig = signer.sign(preAuthEncoding(payloadType, payload))
  const envelope: Envelope = {
    payloadType,
    payload: base64(payload),
    signatures: [{ keyid: didOf(signer.publicKey), sig: base64(sig) }],
  }
  return utf8(JSON.stringify(envelope))
}

/**
 * The payload bytes of an envelope, once `publicKey` is shown to have signed them.
 * @throws {PhaseError} `invalid` for a malformed envelope, another payload type, a larger payload or a signature that does not hold.
 */
export function openEnvelope(
  bytes: Uint8Array,
  expected: { payloadType: string; publicKey: Uint8Array; payloadBytesMax: number },
  ed25519: Ed25519,
): Uint8Array {
  const envelope = readEnvelope(bytes, expected.payloadBytesMax)
  if (envelope.payloadType !== expected.payloadType) {
    throw new PhaseError(
      'invalid',
      `Cannot open the envelope: payload type "${envelope.payloadType.slice(0, 80)}" is not ${expected.payloadType}`,
    )
  }
  const message = preAuthEncoding(envelope.payloadType, envelope.payload)
  if (envelope.signatures.some(sig => ed25519.verify(sig, message, expected.publicKey))) return envelope.payload
  throw new PhaseError('invalid', `Cannot open the envelope: no signature of ${didOf(expected.publicKey)} holds`)
}

/** An envelope's parts, nothing verified. @throws {PhaseError} `invalid`. */
export function readEnvelope(
  bytes: Uint8Array,
  payloadBytesMax: number,
): { payloadType: string; payload: Uint8Array; signatures: Uint8Array[]; keyids: (string | undefined)[] } {
  if (bytes.length > payloadBytesMax * 2 + envelopeBytesExtra)
    throw new PhaseError('invalid', 'Cannot read the envelope: too large')
  const envelope = check(
    EnvelopeSchema,
    envelopeSchemas,
    parseJson(utf8Text(bytes), { integersOnly: true }),
    'the envelope',
  )
  const payload = fromBase64(envelope.payload)
  if (payload.length > payloadBytesMax)
    throw new PhaseError('invalid', `Cannot read the envelope: payload exceeds ${payloadBytesMax} bytes`)
  return {
    payloadType: envelope.payloadType,
    payload,
    signatures: envelope.signatures.map(({ sig }) => fromBase64(sig)),
    keyids: envelope.signatures.map(({ keyid }) => keyid),
  }
}

/** DSSE's PAE: `DSSEv1 SP len(type) SP type SP len(payload) SP payload`, lengths in bytes. */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = utf8(payloadType)
  return concat(utf8(`DSSEv1 ${type.length} `), type, utf8(` ${payload.length} `), payload)
}
