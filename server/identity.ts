/** The node's one Ed25519 key: a file that only its owner may read. From it come the peer id, the did and every signature (SPEC.md, Identity). */
import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, verify } from 'node:crypto'
import { link, mkdir, open, readFile, stat, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { acceptablePublicKey, acceptableSignature, seedBytes } from '../phase/ed25519.ts'
import { PhaseError } from '../phase/errors.ts'
import { didOf, peerIdOf } from '../phase/identity.ts'
import type { Ed25519, Signer } from '../phase/signature.ts'

export interface Identity extends Signer {
  /** The 32-byte private key. */
  readonly seed: Uint8Array
  readonly peerId: string
  readonly did: string
}

/**
 * The identity in `file` (PKCS #8, PEM), made if there is none. Several processes may ask at once: all get the same.
 * @throws {PhaseError} `forbidden` for a file that others can read, `invalid` for one that holds no Ed25519 key.
 */
export async function openIdentity(file: string): Promise<Identity> {
  const pem = (await readKeyFile(file)) ?? (await createKeyFile(file))
  return identityOf(readPem(pem, file))
}

/** `node:crypto` behind our own encoding checks: the verdicts of `nobleEd25519`, about eight times as fast. */
export const nodeEd25519: Ed25519 = {
  verify(signature, message, publicKey) {
    if (!acceptableSignature(signature) || !acceptablePublicKey(publicKey)) return false
    const key = createPublicKey({ key: Buffer.concat([spkiPrefix, publicKey]), format: 'der', type: 'spki' })
    return verify(null, message, key, signature)
  },
}

/** What precedes the 32 bytes in their DER forms (RFC 8410). */
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex')
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex')

async function readKeyFile(file: string): Promise<string | undefined> {
  const found = await stat(file).catch(absent)
  if (found === undefined) return undefined
  if ((found.mode & 0o077) !== 0 && process.platform !== 'win32') {
    const mode = (found.mode & 0o777).toString(8)
    throw new PhaseError('forbidden', `Cannot use the key file "${file}": its mode ${mode} lets others at it`, {
      hint: `chmod 600 ${file}`,
    })
  }
  return await readFile(file, 'utf8')
}

/** Written beside it and linked into place: no reader sees half a key, and whoever comes second takes the first one's. */
async function createKeyFile(file: string): Promise<string> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const pem = pemOf(randomBytes(seedBytes))
  const draft = `${file}.${process.pid}.${randomBytes(8).toString('hex')}`
  const handle = await open(draft, 'wx', 0o600)
  try {
    await handle.writeFile(pem)
    await handle.sync()
    await link(draft, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return (await readKeyFile(file)) as string
  } finally {
    await handle.close()
    await unlink(draft)
  }
  await syncDirectory(dirname(file))
  return pem
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function readPem(pem: string, file: string): KeyObject {
  const wrong = (cause?: unknown) =>
    new PhaseError('invalid', `Cannot use the key file "${file}": no Ed25519 private key in PEM`, { cause })
  try {
    const key = createPrivateKey(pem)
    if (key.asymmetricKeyType === 'ed25519') return key
  } catch (cause) {
    throw wrong(cause)
  }
  throw wrong()
}

function identityOf(key: KeyObject): Identity {
  const publicKey = new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32))
  return {
    seed: new Uint8Array(key.export({ format: 'der', type: 'pkcs8' }).subarray(-seedBytes)),
    publicKey,
    peerId: peerIdOf(publicKey),
    did: didOf(publicKey),
    sign: message => new Uint8Array(sign(null, message, key)),
  }
}

const pemOf = (seed: Uint8Array): string =>
  createPrivateKey({ key: Buffer.concat([pkcs8Prefix, seed]), format: 'der', type: 'pkcs8' }).export({
    format: 'pem',
    type: 'pkcs8',
  })

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
