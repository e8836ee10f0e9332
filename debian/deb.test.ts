/** The package as it is built; what it does when it is installed, `make deb-test` says. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { hash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { bundle, root } from '../release/bundle.ts'
import { readConfig } from '../server/config.ts'
import { configFile } from './config-file.ts'
import { buildDeb } from './deb.ts'

const run = promisify(execFile)
const tools = ['dpkg-deb', 'strip', 'patchelf', 'readelf', 'systemd-analyze']
/** As systemd-analyze counts: tenths. */
const exposureMax = { 'plasmd.service': 15, 'plasm-executor.service': 10 }

const missing = await whichIsMissing()
if (missing !== undefined && process.env['CI'] === 'true') throw new Error(missing)

describe('the Debian package', { skip: missing ?? false }, () => {
  let directory = ''
  let deb = ''
  let tree = ''

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'plasm-deb-'))
    await bundle(join(directory, 'dist'))
    deb = await buildDeb({ dist: join(directory, 'dist'), directory, level: 1 })
    tree = join(directory, 'deb')
  })
  after(() => rm(directory, { recursive: true, force: true }))

  test('is the same bytes when it is built again, elsewhere and under another umask', async () => {
    const before = hash('sha256', await readFile(deb))
    const umask = process.umask(0o077)
    try {
      const again = join(directory, 'somewhere', 'else')
      await bundle(join(again, 'dist'))
      assert.equal(
        hash('sha256', await readFile(await buildDeb({ dist: join(again, 'dist'), directory: again, level: 1 }))),
        before,
      )
    } finally {
      process.umask(umask)
    }
  })

  test('belongs to root, and only what must be is executable', async () => {
    const { stdout } = await run('dpkg-deb', ['--contents', deb])
    const lines = stdout.trim().split('\n')
    for (const line of lines) assert.match(line, /^(d|-|l)(rwxr-xr-x|rw-r--r--|rwxrwxrwx) root\/root /)
    const executable = lines.filter(line => line.startsWith('-rwx')).map(line => line.split(' ./')[1])
    assert.deepEqual(executable, ['usr/bin/plasm', 'usr/lib/plasm/node'])
  })

  test('asks for nothing that a minimal Ubuntu 22.04 has not: the symbols are of its age or older', async () => {
    const { stdout } = await run('dpkg-deb', ['--field', deb, 'Depends'])
    assert.equal(stdout.trim(), 'libc6 (>= 2.28), libgcc-s1, libstdc++6 (>= 7)')
    const newest = { GLIBC: '2.28', GLIBCXX: '3.4.24', CXXABI: '1.3.11', GCC: '7.0.0' }
    for (const file of ['node', 'libatomic.so.1']) {
      const symbols = (await run('readelf', ['--version-info', join(tree, 'usr/lib/plasm', file)])).stdout
      for (const [, library, version] of symbols.matchAll(/\b(GLIBC|GLIBCXX|CXXABI|GCC)_([\d.]+)/g)) {
        const bound = newest[library as keyof typeof newest]
        assert.ok(isAtMost(version as string, bound), `${file} asks for ${library}_${version}, beyond ${bound}`)
      }
    }
  })

  test('brings the library that a minimal system has not, and its runtime finds it there', async () => {
    const { stdout } = await run('ldd', [join(tree, 'usr/lib/plasm/node')])
    assert.match(stdout, new RegExp(`libatomic\\.so\\.1 => ${tree}/usr/lib/plasm/`))
    assert.doesNotMatch(stdout, /not found/)
  })

  test('names no place of the machine that built it', async () => {
    for (const file of await readdir(tree, { recursive: true, withFileTypes: true })) {
      if (!file.isFile() || file.name === 'node') continue
      const bytes = await readFile(join(file.parentPath, file.name))
      const text = (file.name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1')
      assert.ok(!text.includes(root) && !text.includes(directory), file.name)
    }
  })

  test('has settings that can be read, and mean what they say', () => {
    const file = join(tree, 'etc/plasm/plasm.toml')
    const config = readConfig({ argv: ['--config', file], env: {}, isTerminal: false })
    assert.equal(config.network, 'public')
    assert.deepEqual(config.p2p, ['/ip4/0.0.0.0/tcp/7528'])
    assert.deepEqual(config.http, { host: '127.0.0.1', port: 7527 })
    assert.match(configFile(), /^# slots = "N"$/m)
  })

  test('has a manual page and completions for every command', async () => {
    const page = gunzipSync(await readFile(join(tree, 'usr/share/man/man1/plasm.1.gz'))).toString()
    const commands = ['run', 'submit', 'wait', 'result', 'receipt', 'verify', 'serve', 'doctor']
    for (const command of commands) assert.ok(page.includes(`.SS plasm ${command}\n`), command)
    for (const path of [
      'bash-completion/completions/plasm',
      'zsh/vendor-completions/_plasm',
      'fish/vendor_completions.d/plasm.fish',
    ]) {
      const script = await readFile(join(tree, 'usr/share', path), 'utf8')
      for (const command of commands) assert.ok(script.includes(command), `${path}: ${command}`)
    }
  })

  for (const [unit, exposure] of Object.entries(exposureMax)) {
    test(`${unit} is exposed by at most ${exposure / 10} of 10`, async () => {
      const file = join(tree, 'usr/lib/systemd/system', unit)
      await run('systemd-analyze', ['security', '--offline=true', `--threshold=${exposure}`, file])
    })
  }

  test('its scripts are shell', async () => {
    for (const script of ['postinst', 'prerm', 'postrm']) await run('sh', ['-n', join(tree, 'DEBIAN', script)])
  })
})

async function whichIsMissing(): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'the package is for amd64 on Linux'
  for (const tool of tools) {
    try {
      await run(tool, ['--version'])
    } catch {
      return `${tool} is not here: .ci/install deb debtools`
    }
  }
  return undefined
}

function isAtMost(version: string, bound: string): boolean {
  const [parts, bounds] = [version, bound].map(text => text.split('.').map(Number)) as [number[], number[]]
  const at = parts.findIndex((part, index) => part !== (bounds[index] ?? 0))
  return at < 0 || (parts[at] as number) < (bounds[at] ?? 0)
}
