import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { utf8 } from '../phase/bytes.ts'
import { nobleEd25519, signerFromSeed } from '../phase/ed25519.ts'
import { isPhaseError } from '../phase/errors.ts'
import { publicKeyOfDid, publicKeyOfPeerId } from '../phase/identity.ts'
import { nodeEd25519, openIdentity } from './identity.ts'

let directory: string
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'plasm-identity-'))
})
after(() => rm(directory, { recursive: true }))

test('a key file is made for its owner only, and opened again as the same identity', async () => {
  const file = join(directory, 'deep', 'er', 'key.pem')
  const first = await openIdentity(file)
  assert.equal((await stat(file)).mode & 0o777, 0o600)
  assert.deepEqual(await readdir(join(directory, 'deep', 'er')), ['key.pem'])
  const second = await openIdentity(file)
  assert.deepEqual(second.seed, first.seed)
  assert.equal(second.peerId, first.peerId)
})

test('ten that start at once have one identity', async () => {
  const file = join(directory, 'shared.pem')
  const identities = await Promise.all(Array.from({ length: 10 }, () => openIdentity(file)))
  assert.equal(new Set(identities.map(({ did }) => did)).size, 1)
  assert.deepEqual(
    (await readdir(directory)).filter(name => name.startsWith('shared')),
    ['shared.pem'],
  )
})

test('seed, public key, peer id, did and signatures are of one key', async () => {
  const identity = await openIdentity(join(directory, 'names.pem'))
  assert.equal(identity.seed.length, 32)
  const signer = signerFromSeed(identity.seed)
  assert.deepEqual(signer.publicKey, identity.publicKey)
  assert.deepEqual(publicKeyOfPeerId(identity.peerId), identity.publicKey)
  assert.deepEqual(publicKeyOfDid(identity.did), identity.publicKey)
  const message = utf8('Hello')
  assert.deepEqual(identity.sign(message), signer.sign(message))
  for (const ed25519 of [nodeEd25519, nobleEd25519]) {
    assert.equal(ed25519.verify(identity.sign(message), message, identity.publicKey), true)
  }
})

test('a key file that others can read is refused, and says what to do', async () => {
  const file = join(directory, 'open.pem')
  await openIdentity(file)
  for (const mode of [0o640, 0o604, 0o660, 0o611]) {
    await chmod(file, mode)
    await assert.rejects(
      openIdentity(file),
      (error: unknown) => isPhaseError(error, 'forbidden') && error.hint?.startsWith('chmod 600 ') === true,
    )
  }
  await chmod(file, 0o400)
  await openIdentity(file)
})

test('a file that holds no Ed25519 private key is refused and left as it is', async () => {
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'pem', type: 'pkcs8' })
  const { publicKey } = generateKeyPairSync('ed25519')
  const texts = ['', 'secret', other, publicKey.export({ format: 'pem', type: 'spki' })]
  for (const [index, text] of texts.entries()) {
    const file = join(directory, `wrong-${index}.pem`)
    await writeFile(file, text, { mode: 0o600 })
    await assert.rejects(openIdentity(file), (error: unknown) => isPhaseError(error, 'invalid'))
    assert.equal(await readFile(file, 'utf8'), text)
  }
})

test('a path that cannot be made a file fails as the system says', async () => {
  const file = join(directory, 'plain')
  await writeFile(file, '')
  await assert.rejects(openIdentity(join(file, 'key.pem')), /ENOTDIR/)
})
