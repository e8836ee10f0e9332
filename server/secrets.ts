/** What the files hold that settings name. Wrong ones are wrong settings: nothing has started then. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { PhaseError } from '../phase/errors.ts'
import { type Config, usingSetting } from './config.ts'
import { type Identity, openIdentity } from './identity.ts'

const tokenLengthMin = 16

export interface Secrets {
  identity: Identity
  /** sha256 of each bearer token: the text itself is not kept. */
  tokens: Buffer[] | undefined
  /** In libp2p's text form. */
  networkKey: Uint8Array | undefined
}

/** @throws {ConfigError} for a file that cannot be used. */
export async function readSecrets(config: Config): Promise<Secrets> {
  const { keyFile, tokenFile, networkKey } = config
  return {
    identity: await usingSetting(config, 'key-file', keyFile, () => openIdentity(keyFile)),
    tokens:
      tokenFile === undefined
        ? undefined
        : await usingSetting(config, 'token-file', tokenFile, () => readTokens(tokenFile)),
    networkKey:
      networkKey === undefined
        ? undefined
        : await usingSetting(config, 'network-key', networkKey, () => readNetworkKey(networkKey)),
  }
}

/** One on a line; empty lines and those that begin with # say nothing. */
async function readTokens(file: string): Promise<Buffer[]> {
  const lines = (await readFile(file, 'utf8')).split('\n').map(line => line.trim())
  const tokens = lines.filter(line => line !== '' && !line.startsWith('#'))
  if (tokens.length > 0 && tokens.every(token => token.length >= tokenLengthMin)) {
    return tokens.map(token => createHash('sha256').update(token).digest())
  }
  throw new PhaseError(
    'invalid',
    `Cannot use "${file}": a token of at least ${tokenLengthMin} characters on each line was expected`,
  )
}

async function readNetworkKey(file: string): Promise<Uint8Array> {
  const bytes = await readFile(file)
  if (/^\/key\/swarm\/psk\/1\.0\.0\/\r?\n\/base16\/\r?\n[0-9a-f]{64}\s*$/i.test(bytes.toString('latin1'))) return bytes
  throw new PhaseError('invalid', `Cannot use "${file}": no pre-shared key of libp2p in its text form`, {
    hint: 'Three lines were expected: /key/swarm/psk/1.0.0/ and /base16/ and 64 hexadecimal digits.',
  })
}
