/** Receipts whose signature is sound, another's, or of a kind that loose libraries let pass. */
import { base64, fromBase64, utf8 } from '../bytes.ts'
import { didOf, peerIdOf } from '../identity.ts'
import { receiptPayloadType, type Statement } from '../receipt.ts'
import { preAuthEncoding } from '../signature.ts'
import {
  addOrder,
  everything,
  executor,
  fieldPrime,
  payload,
  receipt,
  seal,
  signature,
  statement,
  stranger,
  toLittleEndian,
} from './material.ts'
import { invalid, pinned, type Row, valid } from './row.ts'
import {
  holdingSignature,
  honestKey,
  identityKey,
  mixedOrderKey,
  mixedOrderSignature,
  smallOrderR,
  torsionInR,
} from './torsion.ts'

const good = new TextDecoder().decode(receipt.envelope)
const tampered = (from: string, to: string) =>
  seal(new TextDecoder().decode(payload).replace(from, to), { signatures: [ours] })
const theirs = signature(payload, stranger)
const ours = signature(payload, executor)
const { sig } = ours
const keyless = { sig }

/** The receipt of an executor with an odd key, signed by `sign` over the pre-authentication encoding. */
function ofKey(publicKey: Uint8Array, sign: (message: Uint8Array) => Uint8Array): string {
  const changed: Statement = statement()
  changed.predicate.measurement.executor = { did: didOf(publicKey), peerId: peerIdOf(publicKey) }
  const bytes = utf8(JSON.stringify(changed))
  const message = preAuthEncoding(receiptPayloadType, bytes)
  return seal(bytes, { signatures: [{ keyid: didOf(publicKey), sig: base64(sign(message)) }] })
}

export function signatureReceipts(): Row[] {
  const nonCanonical = toLittleEndian(fieldPrime + 1n)
  const signBit = Uint8Array.from(identityKey, (byte, index) => (index === 31 ? 0x80 : byte))
  return [
    valid('a good receipt', good),
    valid('a good receipt, the executor pinned by its did', good, pinned),
    valid('a good receipt, the executor pinned by its peer id', good, { executor: executor.peerId }),
    valid('a good receipt, held against everything that the client knows', good, everything),
    valid('no keyid', seal(payload, { signatures: [keyless] }), pinned),
    valid('a second signature, of somebody else', seal(payload, { signatures: [ours, theirs] }), pinned),
    valid('the executor signed second', seal(payload, { signatures: [theirs, ours] })),
    valid('eight signatures', seal(payload, { signatures: [...Array(7).fill(theirs), ours] }), pinned),
    valid(
      'another signature that is no Ed25519 signature',
      seal(payload, { signatures: [{ keyid: 'x', sig: 'AAAA' }, ours] }),
      pinned,
    ),
    valid(
      'another signature that does not hold',
      seal(payload, { signatures: [{ keyid: theirs.keyid, sig }, ours] }),
      pinned,
    ),
    invalid('signature', 'the payload was changed after signing: a time', tampered('4321', '4320')),
    invalid('signature', 'the payload was changed after signing: white space', tampered('{', '{ '), pinned),
    invalid('signature', 'the payload was changed after signing: no JSON any more', tampered('{', '['), pinned),
    invalid('signature', 'the signature was changed', seal(payload, { signatures: [{ ...ours, sig: flip(sig) }] })),
    invalid(
      'signature',
      'the signature of somebody else',
      seal(payload, { signatures: [{ ...ours, sig: theirs.sig }] }),
      pinned,
    ),
    invalid(
      'signature',
      'signed by somebody else in the name of the executor',
      seal(payload, { signatures: [theirs] }),
    ),
    invalid('signature', 'another executor was expected', good, { executor: stranger.did }),
    invalid('signature', 'another executor was expected, by peer id', good, { executor: stranger.peerId }),
    invalid(
      'signature',
      'signed for another payload type',
      seal(payload, { signedType: 'application/json', payloadType: receiptPayloadType }),
    ),
    invalid(
      'signature',
      'signed without the pre-authentication encoding',
      seal(payload, { signatures: [{ ...ours, sig: base64(executor.sign(payload)) }] }),
    ),
    invalid(
      'signature',
      'S + L: the second spelling of a signature',
      seal(payload, { signatures: [{ ...ours, sig: base64(addOrder(fromBase64(sig))) }] }),
    ),
    invalid(
      'signature',
      'a signature of 63 bytes',
      seal(payload, { signatures: [{ ...ours, sig: base64(fromBase64(sig).subarray(0, 63)) }] }),
    ),
    invalid(
      'signature',
      'a signature of 65 bytes',
      seal(payload, { signatures: [{ ...ours, sig: base64(Uint8Array.of(...fromBase64(sig), 0)) }] }),
    ),
    invalid('signature', 'an empty signature', seal(payload, { signatures: [{ ...ours, sig: '' }] })),
    invalid(
      'signature',
      'a key of small order: the identity',
      ofKey(identityKey, message => holdingSignature(identityKey, message)),
    ),
    invalid(
      'signature',
      'a key of small order, its sign bit set',
      ofKey(signBit, message => holdingSignature(signBit, message)),
    ),
    invalid(
      'signature',
      'a key whose y is not below p',
      ofKey(nonCanonical, message => holdingSignature(nonCanonical, message)),
    ),
    invalid(
      'signature',
      'a key of small order, pinned',
      ofKey(identityKey, message => holdingSignature(identityKey, message)),
      { executor: didOf(identityKey) },
    ),
    invalid(
      'signature',
      'a key of mixed order',
      ofKey(mixedOrderKey, message => mixedOrderSignature(message, false)),
    ),
    invalid('signature', 'torsion in R', ofKey(honestKey, torsionInR)),
    invalid('signature', 'R of small order, the equation holds', ofKey(honestKey, smallOrderR)),
    invalid('keyid', 'the keyid of somebody else', seal(payload, { signatures: [{ ...ours, keyid: stranger.did }] })),
    invalid(
      'keyid',
      'the keyid is the peer id',
      seal(payload, { signatures: [{ ...ours, keyid: executor.peerId }] }),
      pinned,
    ),
    invalid('keyid', 'an empty keyid', seal(payload, { signatures: [{ ...ours, keyid: '' }] }), pinned),
    valid(
      'the same signature twice, one with the keyid of somebody else',
      seal(payload, { signatures: [{ ...ours, keyid: stranger.did }, ours] }),
    ),
  ]
}

const flip = (text: string) => (text.startsWith('A') ? 'B' : 'A') + text.slice(1)
