/** Content addresses: `sha256:<64 lowercase hex>` (FIPS 180-4). */
import { sha256 } from '@noble/hashes/sha2.js'
import { concat, fromHex, hex, utf8 } from './bytes.ts'
import { canonical, type JsonValue } from './json.ts'
import type { Content } from './schema.ts'

export type Digest = string

export const digestOf = (bytes: Uint8Array): Digest => `sha256:${hex(sha256(bytes))}`
/** The same for bytes that come in pieces. */
export function digester(): { update(bytes: Uint8Array): void; digest(): Digest } {
  const hash = sha256.create()
  return { update: bytes => void hash.update(bytes), digest: () => `sha256:${hex(hash.digest())}` }
}
export const contentOf = (bytes: Uint8Array): Content => ({ digest: digestOf(bytes), size: bytes.length })
export const digestHex = (digest: Digest): string => digest.slice('sha256:'.length)
export const digestBytes = (digest: Digest): Uint8Array => fromHex(digestHex(digest))
export const isDigest = (text: string): boolean => /^sha256:[0-9a-f]{64}$/.test(text)

/** The empty content: what `stdin` is when nobody gave one. */
export const emptyContent: Content = contentOf(new Uint8Array(0))

/** The digest of the canonical form of `value` (SPEC.md, Canonical form). */
export const canonicalDigest = (value: JsonValue): Digest => digestOf(utf8(canonical(value)))

/** sha256 over each argument's UTF-8 bytes followed by one 0x00 (SPEC.md, Digests of inputs). */
export const argsDigest = (args: readonly string[]): Digest =>
  digestOf(concat(...args.flatMap(arg => [utf8(arg), zero])))

/** sha256 over each `K=V` followed by one 0x00, in `environOf` order. */
export const envDigest = (env: Readonly<Record<string, string>>): Digest => argsDigest(environOf(env))

/** `K=V` entries, sorted by their UTF-8 bytes: the digest's order and the guest's. */
export function environOf(env: Readonly<Record<string, string>>): string[] {
  const entries = Object.entries(env).map(([key, value]) => `${key}=${value}`)
  return entries
    .map(text => ({ text, bytes: utf8(text) }))
    .sort((a, b) => compareBytes(a.bytes, b.bytes))
    .map(({ text }) => text)
}

const zero = new Uint8Array(1)

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}
