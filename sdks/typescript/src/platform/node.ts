/** Node, and what has its modules (Deno, Bun). */
import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto'
import { openAsBlob } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { acceptablePublicKey, acceptableSignature } from '../../../../phase/ed25519.ts'
import { ArgumentError } from '../errors.ts'
import { version } from '../version.ts'
import { fetchOverHttp } from './node-fetch.ts'
import type { Platform } from './platform.ts'

/** What precedes the 32 bytes of a public key in their DER form (RFC 8410). */
const spkiPrefix = new Uint8Array([0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00])

export const platform: Platform = {
  userAgent: `plasm-typescript/${version} node/${process.versions.node}`,
  streamsUploads: true,
  fetch: fetchOverHttp,
  // Node's `crypto` of the web is as good, but takes as long to load as the rest of this file.
  random: randomBytes,
  environment: name => process.env[name],
  openFile,
  digester: () => {
    const hash = createHash('sha256')
    return { update: bytes => void hash.update(bytes), digest: () => `sha256:${hash.digest('hex')}` }
  },
  ed25519: {
    // The verdicts of nobleEd25519, about eight times as fast: OpenSSL behind our own encoding checks.
    verify(signature, message, publicKey) {
      if (!acceptableSignature(signature) || !acceptablePublicKey(publicKey)) return false
      const key = createPublicKey({ key: Buffer.concat([spkiPrefix, publicKey]), format: 'der', type: 'spki' })
      return verify(null, message, key, signature)
    },
  },
}

/** What is larger is not read before it is sent, and never all of it in memory. */
const readAtOnceBytesMax = 1024 * 1024

async function openFile(path: string | URL): Promise<Blob | Uint8Array<ArrayBuffer>> {
  const name = path instanceof URL ? fileURLToPath(path) : path
  const wrong = (why: string, cause?: unknown) =>
    new ArgumentError(`Cannot read "${name.slice(0, 200)}": ${why}`, { cause })
  const found = await stat(name).catch((cause: NodeJS.ErrnoException) => {
    throw wrong(cause.code === 'ENOENT' ? 'no such file' : cause.message, cause)
  })
  if (!found.isFile()) throw wrong('not a file')
  try {
    return found.size <= readAtOnceBytesMax ? await readFile(name) : await openAsBlob(name)
  } catch (cause) {
    throw wrong('it cannot be opened', cause)
  }
}
