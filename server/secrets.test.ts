import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ConfigError, readConfig } from './config.ts'
import { readSecrets } from './secrets.ts'

const directory = await mkdtemp(join(tmpdir(), 'plasm-secrets-'))
after(() => rm(directory, { recursive: true }))

const read = (...flags: string[]) =>
  readSecrets(readConfig({ argv: ['--data-dir', directory, ...flags], env: {}, isTerminal: false }))

async function file(name: string, text: string, mode = 0o600): Promise<string> {
  const path = join(directory, name)
  await writeFile(path, text)
  await chmod(path, mode)
  return path
}

async function refusal(...flags: string[]): Promise<ConfigError> {
  const error = await read(...flags).then(
    () => assert.fail('was accepted'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof ConfigError, String(error))
  return error
}

test('without files there is a new identity, no token and no network key', async () => {
  const { identity, tokens, networkKey } = await read()
  assert.match(identity.peerId, /^12D3KooW/)
  assert.equal((await read()).identity.peerId, identity.peerId)
  assert.deepEqual([tokens, networkKey], [undefined, undefined])
})

test('tokens are the lines of their file that say something, kept as their sha256', async () => {
  const path = await file(
    'tokens',
    '# for the gateway\n\n  correct-horse-battery-staple  \r\nanother-token-of-length\n',
  )
  const hashes = ['correct-horse-battery-staple', 'another-token-of-length'].map(text =>
    createHash('sha256').update(text).digest(),
  )
  assert.deepEqual((await read('--token-file', path)).tokens, hashes)
})

test('a network key is read in the text form of libp2p', async () => {
  const text = `/key/swarm/psk/1.0.0/\n/base16/\n${'ab'.repeat(32)}\n`
  assert.equal(Buffer.from((await read('--network-key', await file('psk', text))).networkKey ?? []).toString(), text)
})

test('a file that cannot be used is refused with its setting, its value, where that came from, and why', async () => {
  const short = await file('short', 'short\n')
  const empty = await file('empty', '# nothing\n')
  const open = await file('open', 'x', 0o644)
  const wrong: [setting: string, path: string, why: RegExp][] = [
    ['token-file', '/no/such', /no such file or directory$/],
    ['token-file', directory, /illegal operation on a directory$/],
    ['token-file', short, /a token of at least 16 characters on each line was expected$/],
    ['token-file', empty, /a token of at least 16 characters on each line was expected$/],
    ['network-key', short, /no pre-shared key of libp2p in its text form$/],
    ['key-file', short, /no Ed25519 private key in PEM$/],
    ['key-file', open, /its mode 644 lets others at it$/],
  ]
  for (const [setting, path, why] of wrong) {
    const { message } = await refusal(`--${setting}`, path)
    assert.ok(message.startsWith(`Cannot use ${setting} "${path}" (flag --${setting}): `), message)
    assert.match(message, why)
  }
  assert.equal((await refusal('--key-file', open)).hint, `chmod 600 ${open}`)
})
