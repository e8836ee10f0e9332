/** Keys and signatures that no honest signer makes: points of small order, alone or added to good ones. Only vectors need such arithmetic. */
import { Point } from '@noble/ed25519'
import { sha512 } from '@noble/hashes/sha2.js'
import { concat, utf8 } from '../bytes.ts'
import { littleEndian, order, toLittleEndian } from './material.ts'

const generator8 = Point.fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05')

/** The eight points of small order. */
export const smallOrderPoints: readonly Point[] = [1, 2, 3, 4, 5, 6, 7].reduce<Point[]>(
  points => [...points, (points.at(-1) as Point).add(generator8)],
  [Point.ZERO],
)
const scalar = (label: string): bigint => littleEndian(sha512(utf8(label)).subarray(0, 32)) % order
const secret = scalar('phase test key')
export const challenge = (r: Uint8Array, key: Uint8Array, message: Uint8Array): bigint =>
  littleEndian(sha512(concat(r, key, message))) % order

/** A good public key plus a point of order 8. */
export const mixedOrderKey = Point.BASE.multiply(secret).add(generator8).toBytes()

/** A signature by the mixed-order key's secret: it holds for a cofactorless verifier only where 8 divides k. */
export function mixedOrderSignature(message: Uint8Array, holds: boolean): Uint8Array {
  for (let i = 0; ; i++) {
    const nonce = scalar(`mixed ${i}`)
    const r = Point.BASE.multiply(nonce).toBytes()
    const k = challenge(r, mixedOrderKey, message)
    if ((k % 8n === 0n) === holds) return concat(r, toLittleEndian((nonce + k * secret) % order))
  }
}

export const honestKey = Point.BASE.multiply(secret).toBytes()

/** By the honest key, with a point of order 8 added to R: it holds for a cofactored verifier only. */
export function torsionInR(message: Uint8Array): Uint8Array {
  const nonce = scalar('torsion')
  const r = Point.BASE.multiply(nonce).add(generator8).toBytes()
  return concat(r, toLittleEndian((nonce + challenge(r, honestKey, message) * secret) % order))
}

/** By the honest key, with R the identity, spelled in any way: the equation holds to the letter where the spelling is canonical. */
export function smallOrderR(message: Uint8Array, r: Uint8Array = Point.ZERO.toBytes()): Uint8Array {
  return concat(r, toLittleEndian((challenge(r, honestKey, message) * secret) % order))
}

/** Holds, to the letter of the equation, for a verifier that lets a key of small order pass: R = [S]B, and 8 divides k. */
export function holdingSignature(publicKey: Uint8Array, message: Uint8Array): Uint8Array {
  for (let i = 0; ; i++) {
    const s = scalar(`small ${i}`)
    const r = Point.BASE.multiply(s).toBytes()
    if (challenge(r, publicKey, message) % 8n === 0n) return concat(r, toLittleEndian(s))
  }
}

export const identityKey: Uint8Array = Point.ZERO.toBytes()
