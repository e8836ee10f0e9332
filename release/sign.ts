/**
 * `make sign`: for who downloads a package from build/, a detached OpenPGP signature beside each, and one beside the list of their sums, by the key
 * that PLASM_SIGNING_KEY names and gpg holds. How they are checked with gpgv, which most of them have: docs/run-a-node.md.
 */
import { execFile } from 'node:child_process'
import { hash } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { root } from './bundle.ts'

const run = promisify(execFile)
const sums = 'SHA256SUMS'
const isPackage = (file: string) => /\.(deb|tgz)$/.test(file)

/**
 * Signs the packages in `directory`, lists their sums in SHA256SUMS, signs that, and writes the public key as `plasm-release.gpg`, which gpgv takes.
 * @param key What gpg finds exactly one secret key by, in the home that `env` says.
 * @returns what it signed. @throws without a package, and without such a key, before anything is written.
 */
export async function signPackages(directory: string, key: string, env = process.env): Promise<string[]> {
  const packages = (await readdir(directory).catch(() => [])).filter(isPackage).sort()
  if (packages.length === 0) throw new Error(`Cannot sign: "${directory}" has no package; make deb dist`)
  const fingerprint = await fingerprintOf(key, env)
  const lines = packages.map(async file => `${hash('sha256', await readFile(join(directory, file)))}  ${file}\n`)
  await writeFile(join(directory, sums), (await Promise.all(lines)).join(''))
  const signed = [...packages, sums]
  for (const file of signed.map(name => join(directory, name))) {
    const as = ['--local-user', `${fingerprint}!`, '--output', `${file}.sig`]
    await run('gpg', ['--batch', '--yes', ...as, '--detach-sign', file], { env })
  }
  const { stdout } = await run('gpg', ['--batch', '--export', fingerprint], { env, encoding: 'buffer' })
  await writeFile(join(directory, 'plasm-release.gpg'), stdout)
  return signed
}

/** Of the one secret key that gpg finds by `key`. */
async function fingerprintOf(key: string, env: NodeJS.ProcessEnv): Promise<string> {
  const listing = await run('gpg', ['--batch', '--with-colons', '--list-secret-keys', '--', key], { env }).then(
    ({ stdout }) => stdout,
    (cause: unknown) => {
      throw new Error(`Cannot sign: gpg has no secret key "${key}"; PLASM_SIGNING_KEY is its fingerprint`, { cause })
    },
  )
  const found = [...listing.matchAll(/^sec:.*\n(?:(?!sec:).*\n)*?fpr:+([0-9A-F]+):/gm)].map(match => match[1] as string)
  if (found.length === 1) return found[0] as string
  throw new Error(`Cannot sign: "${key}" is ${found.length} secret keys; PLASM_SIGNING_KEY is the fingerprint of one`)
}

if (import.meta.main) {
  const key = process.env['PLASM_SIGNING_KEY'] ?? ''
  try {
    if (key === '') throw new Error('Cannot sign: PLASM_SIGNING_KEY is not set; it is the fingerprint of a key of gpg')
    console.log((await signPackages(join(root, 'build'), key)).map(file => `${file}.sig`).join('\n'))
  } catch (error) {
    console.error(`make sign: ${(error as Error).message}`)
    process.exitCode = 1
  }
}
