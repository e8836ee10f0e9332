/**
 * The SDK's tests under the PHP of Debian trixie (8.4), in a root of its own: `make php-trixie`. Needs mmdebstrap, root and a Debian mirror, so
 * it is no part of `make test`. `--root DIR` keeps the root there and uses it again.
 */
import { cp, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { compileFixture } from '../../../machine/fixtures/compile.ts'
import { startNodeProcess } from '../../../server/testing/process.ts'
import { rootDirectory, run } from './php.ts'

const rootMs = 600_000
const packages = 'php-cli,php-curl,phpunit'
const fixtures = ['exit-3', 'loop']

const { values } = parseArgs({ options: { root: { type: 'string' } } })
const scratch = await mkdtemp(join(tmpdir(), 'plasm-trixie-'))
try {
  process.exitCode = await tests(values.root ?? join(scratch, 'root'))
} finally {
  await rm(scratch, { recursive: true, force: true })
}

async function tests(root: string): Promise<number> {
  if (!(await isThere(join(root, 'usr/bin/phpunit')))) await makeRoot(root)
  const inside = join(root, 'plasm')
  await rm(inside, { recursive: true, force: true })
  for (const path of ['sdks/php', 'phase/vectors', 'examples']) {
    await cp(join(rootDirectory, path), join(inside, path), { recursive: true })
  }
  await mkdir(join(inside, 'fixtures'))
  for (const name of fixtures) await writeFile(join(inside, 'fixtures', `${name}.wasm`), await compileFixture(name))
  const node = await startNodeProcess({ dataDir: join(scratch, 'node'), flags: ['--slots', '2'] })
  const env = { PLASM_URL: node.http, PLASM_FIXTURES: '/plasm/fixtures' }
  try {
    const version = await run('chroot', [
      root,
      'php',
      '-r',
      'echo PHP_VERSION, " with libsodium ", SODIUM_LIBRARY_VERSION;',
    ])
    console.log(`PHP ${version.stdout}`)
    const files = ['sh', '-c', 'find /plasm -name "*.php" -print0 | xargs -0 -n1 php -l | grep -v "^No syntax errors"']
    const syntax = await run('chroot', [root, ...files], { env })
    const example = await run('chroot', [root, 'php', '/plasm/examples/hello/hello.php'], { env })
    const units = await run(
      'chroot',
      [
        root,
        'phpunit',
        '--bootstrap',
        '/plasm/sdks/php/autoload.php',
        '--fail-on-deprecation',
        '--fail-on-warning',
        '/plasm/sdks/php/tests',
      ],
      { env },
    )
    console.log(syntax.stdout + example.stdout + example.stderr + units.stdout + units.stderr)
    return syntax.stdout === '' && example.stdout.trim() === 'dlroW ,olleH' ? (units.code ?? 1) : 1
  } finally {
    await node.stop()
  }
}

/** From the mirror that this machine's apt uses. */
async function makeRoot(root: string): Promise<void> {
  const { stdout } = await run('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages'])
  const mirror = stdout.split('\n').find(uri => /\/debian\/?$/.test(uri)) ?? ''
  const args = ['--variant=apt', `--include=${packages}`, 'trixie', root, ...(mirror === '' ? [] : [mirror])]
  const { code, stderr } = await run('mmdebstrap', args, { timeoutMs: rootMs })
  if (code !== 0) throw new Error(`Cannot make the root: ${stderr.slice(-500)}`)
}

function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
