import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { signPackages } from './sign.ts'
import { type ThrowAwayKey, throwAwayKey } from './testing/key.ts'

const run = promisify(execFile)

const missing = await whichIsMissing()
if (missing !== undefined && process.env['CI'] === 'true') throw new Error(missing)

describe('signing', { skip: missing ?? false }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'plasm-sign-'))
  const home = join(directory, 'gnupg')
  const packages = join(directory, 'build')
  const deb = 'plasm_1.0_amd64.deb'
  const gpgv = (...files: string[]) => run('gpgv', ['--keyring', './plasm-release.gpg', ...files], { cwd: packages })
  let key: ThrowAwayKey

  test.before(async () => {
    await mkdir(packages)
    key = await throwAwayKey(home, 'One <one@example.invalid>')
    await throwAwayKey(home, 'Other <other@example.invalid>')
    await writeFile(join(packages, 'notes.txt'), 'no package')
  })
  test.after(async () => {
    await key?.forget()
    await rm(directory, { recursive: true, force: true })
  })

  test('nothing is written without a package, and without exactly one key', async () => {
    await assert.rejects(signPackages(packages, 'one@example.invalid', key.env), /has no package/)
    await writeFile(join(packages, deb), 'a package')
    await assert.rejects(signPackages(packages, 'nobody@example.invalid', key.env), /no secret key "nobody@/)
    await assert.rejects(signPackages(packages, '--version', key.env), /no secret key "--version"/)
    await assert.rejects(signPackages(packages, 'example.invalid', key.env), /is 2 secret keys/)
    assert.deepEqual((await readdir(packages)).sort(), ['notes.txt', deb])
  })

  test('a package passes gpgv and its sum as the documentation says, and one that was changed does not', async () => {
    assert.deepEqual(await signPackages(packages, 'one@example.invalid', key.env), [deb, 'SHA256SUMS'])
    assert.match((await gpgv(`${deb}.sig`, deb)).stderr, /Good signature from "One/)
    assert.match((await gpgv('SHA256SUMS.sig', 'SHA256SUMS')).stderr, /Good signature from "One/)
    await run('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: packages })
    await writeFile(join(packages, deb), 'b package')
    await assert.rejects(gpgv(`${deb}.sig`, deb), /BAD signature/)
    await assert.rejects(run('sha256sum', ['--check', 'SHA256SUMS'], { cwd: packages }), /did NOT match/)
  })

  test('a signature of somebody else does not pass', async () => {
    await writeFile(join(packages, deb), 'a package')
    const as = ['--local-user', 'other@example.invalid', '--output', join(packages, `${deb}.sig`)]
    await run('gpg', ['--batch', '--yes', ...as, '--detach-sign', join(packages, deb)], { env: key.env })
    await assert.rejects(gpgv(`${deb}.sig`, deb), /No public key/)
  })
})

async function whichIsMissing(): Promise<string | undefined> {
  for (const tool of ['gpg', 'gpgv', 'sha256sum']) {
    try {
      await run(tool, ['--version'])
    } catch {
      return `${tool} is not here: .ci/install debtools`
    }
  }
  return undefined
}
