/**
 * One Ed25519 key, three names: the 32 bytes, the libp2p peer id (`12D3KooW…`, an identity multihash of the protobuf-encoded key,
 * https://github.com/libp2p/specs/blob/master/peer-ids/peer-ids.md) and the `did:key:z6Mk…` (https://w3c-ccg.github.io/did-key-spec/).
 */
import { concat, equal } from './bytes.ts'
import { PhaseError } from './errors.ts'

export const publicKeyBytes = 32

const peerIdPrefix = new Uint8Array([0x00, 0x24, 0x08, 0x01, 0x12, 0x20])
const didKeyPrefix = new Uint8Array([0xed, 0x01])

export const peerIdOf = (publicKey: Uint8Array): string => base58(concat(peerIdPrefix, publicKey))
export const didOf = (publicKey: Uint8Array): string => `did:key:z${base58(concat(didKeyPrefix, publicKey))}`

/** @throws {PhaseError} `invalid` for anything but an Ed25519 peer id. */
export const publicKeyOfPeerId = (peerId: string): Uint8Array => keyAfter(peerIdPrefix, peerId, peerId)

/** @throws {PhaseError} `invalid` for anything but an Ed25519 did:key. */
export function publicKeyOfDid(did: string): Uint8Array {
  if (!did.startsWith('did:key:z')) throw notAName(did)
  return keyAfter(didKeyPrefix, did.slice('did:key:z'.length), did)
}

export const didOfPeerId = (peerId: string): string => didOf(publicKeyOfPeerId(peerId))
export const peerIdOfDid = (did: string): string => peerIdOf(publicKeyOfDid(did))

function keyAfter(prefix: Uint8Array, text: string, name: string): Uint8Array {
  const bytes = fromBase58(text, prefix.length + publicKeyBytes)
  if (bytes === undefined || !equal(bytes.subarray(0, prefix.length), prefix)) throw notAName(name)
  return bytes.slice(prefix.length)
}

const notAName = (name: string) =>
  new PhaseError('invalid', `Cannot read the identity "${name.slice(0, 80)}": not an Ed25519 peer id or did:key`)

const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

/** base58btc (https://datatracker.ietf.org/doc/html/draft-msporny-base58-03). */
function base58(bytes: Uint8Array): string {
  let value = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n)
  let text = ''
  for (; value > 0n; value /= 58n) text = alphabet.charAt(Number(value % 58n)) + text
  for (const byte of bytes) {
    if (byte !== 0) break
    text = `1${text}`
  }
  return text
}

/** `undefined` for text that is not base58btc of exactly `length` bytes: the text's length is bounded before any arithmetic. */
function fromBase58(text: string, length: number): Uint8Array | undefined {
  if (text.length > length * 2) return undefined
  let value = 0n
  for (const character of text) {
    const digit = alphabet.indexOf(character)
    if (digit < 0) return undefined
    value = value * 58n + BigInt(digit)
  }
  const bytes = new Uint8Array(length)
  for (let at = length - 1; at >= 0; at--, value >>= 8n) bytes[at] = Number(value & 255n)
  return value === 0n && base58(bytes) === text ? bytes : undefined
}
