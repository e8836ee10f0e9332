/** Signatures, in hex: those of RFC 8032, section 7.1, and those on which libraries differ. */
import { Point } from '@noble/ed25519'
import { concat, fromHex, hex, utf8 } from '../bytes.ts'
import { addOrder, executor, fieldPrime, littleEndian, order, stranger, toLittleEndian } from './material.ts'
import {
  holdingSignature,
  honestKey,
  mixedOrderKey,
  mixedOrderSignature,
  smallOrderPoints,
  smallOrderR,
  torsionInR,
} from './torsion.ts'

/** Seed, public key, message, signature. */
const rfc8032 = [
  [
    '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    '',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  ],
  [
    '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    '72',
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ],
  [
    'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    'af82',
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  ],
] as const

const message = utf8('Hello, World')
const good = executor.sign(message)
const [r, s] = [good.subarray(0, 32), good.subarray(32)]
const identity = Point.ZERO.toBytes()

export function ed25519Vectors() {
  const row = (
    name: string,
    valid: boolean,
    signature: Uint8Array,
    publicKey: Uint8Array = executor.publicKey,
    text: Uint8Array = message,
  ) => ({
    name,
    valid,
    publicKey: hex(publicKey),
    message: hex(text),
    signature: hex(signature),
  })
  const refused = (name: string, signature: Uint8Array, publicKey?: Uint8Array, text?: Uint8Array) =>
    row(name, false, signature, publicKey, text)
  return {
    note: 'All in hex. With a seed: the signature is also what its holder makes of the message.',
    vectors: [
      ...rfc8032.map(([seed, publicKey, text, signature], index) => ({
        ...row(`RFC 8032, 7.1, test ${index + 1}`, true, fromHex(signature), fromHex(publicKey), fromHex(text)),
        seed,
      })),
      row('a good signature', true, good),
      refused('another message', good, executor.publicKey, utf8('Hello, world')),
      refused('another key', good, stranger.publicKey),
      refused(
        'a bit of R changed',
        Uint8Array.from(good, (byte, index) => (index === 3 ? byte ^ 1 : byte)),
      ),
      refused(
        'a bit of S changed',
        Uint8Array.from(good, (byte, index) => (index === 35 ? byte ^ 1 : byte)),
      ),
      refused('S + L', addOrder(good)),
      refused('S + 8 L', concat(r, toLittleEndian(littleEndian(s) + 8n * order))),
      refused('S negated', concat(r, toLittleEndian(order - littleEndian(s)))),
      refused('S = L', concat(r, toLittleEndian(order))),
      refused('S of all ones', concat(r, new Uint8Array(32).fill(255))),
      refused('all zeros', new Uint8Array(64)),
      refused('all zeros, a key of all zeros', new Uint8Array(64), new Uint8Array(32)),
      refused('R and S exchanged', concat(s, r)),
      refused('63 bytes', good.subarray(0, 63)),
      refused('65 bytes', concat(good, new Uint8Array(1))),
      refused('no bytes', new Uint8Array(0)),
      refused('a key of 31 bytes', good, executor.publicKey.subarray(0, 31)),
      refused('a key of 33 bytes', good, concat(executor.publicKey, new Uint8Array(1))),
      refused('a key of no bytes', good, new Uint8Array(0)),
      refused('a key that is no point', good, toLittleEndian(2n)),
      refused('a key of all ones', good, new Uint8Array(32).fill(255)),
      ...smallOrderKeys().map(({ name, key }) =>
        refused(`a key of small order: ${name}`, holdingSignature(key, message), key),
      ),
      refused('a key of mixed order', mixedOrderSignature(message, false), mixedOrderKey),
      refused('torsion in R', torsionInR(message), honestKey),
      refused('R is the identity, the equation holds', smallOrderR(message), honestKey),
      refused(
        'R is the identity, spelled with y = p + 1',
        smallOrderR(message, toLittleEndian(fieldPrime + 1n)),
        honestKey,
      ),
      refused('R is the identity, its sign bit set', smallOrderR(message, withSign(identity)), honestKey),
    ],
  }
}

/** Every spelling, the canonical eight and those that only loose decoders read. */
function smallOrderKeys(): { name: string; key: Uint8Array }[] {
  const spellings = [
    { name: 'y = 1, its sign bit set', key: withSign(toLittleEndian(1n)) },
    { name: 'y = -1, its sign bit set', key: withSign(toLittleEndian(fieldPrime - 1n)) },
    { name: 'y = p', key: toLittleEndian(fieldPrime) },
    { name: 'y = p, its sign bit set', key: withSign(toLittleEndian(fieldPrime)) },
    { name: 'y = p + 1', key: toLittleEndian(fieldPrime + 1n) },
    { name: 'y = p + 1, its sign bit set', key: withSign(toLittleEndian(fieldPrime + 1n)) },
  ]
  return [...smallOrderPoints.map((point, index) => ({ name: `${index} T`, key: point.toBytes() })), ...spellings]
}

const withSign = (bytes: Uint8Array): Uint8Array =>
  Uint8Array.from(bytes, (byte, index) => (index === 31 ? byte | 0x80 : byte))
