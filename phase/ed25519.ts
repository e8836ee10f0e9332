/**
 * Ed25519 (RFC 8032), verified strictly and the same in every language (SPEC.md, Ed25519): libraries differ in what they let pass, so
 * the equation and every encoding check stand here. The only user of @noble/ed25519.
 */
import { hashes, Point, getPublicKey as publicKeyOf, sign } from '@noble/ed25519'
import { sha512 } from '@noble/hashes/sha2.js'
import { concat, equal } from './bytes.ts'
import { publicKeyBytes } from './identity.ts'
import type { Ed25519, Signer } from './signature.ts'

hashes.sha512 = sha512

export const signatureBytes = 64
export const seedBytes = 32

/** The primitive where no faster one is at hand: in a browser, in an SDK. */
export const nobleEd25519: Ed25519 = {
  verify(signature, message, publicKey) {
    if (!acceptableSignature(signature) || !acceptablePublicKey(publicKey)) return false
    const a = decodePoint(publicKey)
    if (a === undefined) return false
    const r = signature.subarray(0, 32)
    const s = littleEndian(signature.subarray(32))
    const k = littleEndian(sha512(concat(r, publicKey, message))) % order
    // Cofactorless: [S]B - [k]A itself, not eight times it, has to have the encoding R.
    return equal(Point.BASE.multiplyUnsafe(s).subtract(a.multiplyUnsafe(k)).toBytes(), r)
  },
}

/** Signs as RFC 8032 says. `seed` is the 32-byte private key. */
export const signerFromSeed = (seed: Uint8Array): Signer => ({
  publicKey: publicKeyOf(seed),
  sign: message => sign(message, seed),
})

/** 32 bytes that spell a y below p, and not one of a point of small order. Whether the point is on the curve is not looked at. */
export const acceptablePublicKey = (bytes: Uint8Array): boolean => bytes.length === publicKeyBytes && acceptableY(bytes)

/** 32 bytes that spell a number below L, so that S + L is no second signature. */
export const acceptableScalar = (bytes: Uint8Array): boolean => bytes.length === 32 && littleEndian(bytes) < order

/** The same for a signature's two halves: R is held to the rule of A, because libsodium holds it so. */
export const acceptableSignature = (signature: Uint8Array): boolean =>
  signature.length === signatureBytes &&
  acceptableY(signature.subarray(0, 32)) &&
  acceptableScalar(signature.subarray(32))

const fieldPrime = 2n ** 255n - 19n
const order = 2n ** 252n + 27742317777372353535851937790883648493n

/** y of the eight points of small order: x is 0 or one of two roots, so the sign bit makes no difference. */
const smallOrderY: readonly bigint[] = [
  0n,
  1n,
  fieldPrime - 1n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
]

function acceptableY(bytes: Uint8Array): boolean {
  const y = littleEndian(bytes) & (2n ** 255n - 1n)
  return y < fieldPrime && !smallOrderY.includes(y)
}

function decodePoint(bytes: Uint8Array): Point | undefined {
  try {
    return Point.fromBytes(bytes, false)
  } catch {
    return undefined
  }
}

const littleEndian = (bytes: Uint8Array): bigint => bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
