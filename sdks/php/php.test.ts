/** The PHP SDK against a real node: every file, PHPUnit, and the example that the project promises. */
import assert from 'node:assert/strict'
import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { compileFixture } from '../../machine/fixtures/compile.ts'
import server from '../../server/package.json' with { type: 'json' }
import { type NodeProcess, startNodeProcess } from '../../server/testing/process.ts'
import { samples } from '../readme.ts'
import { autoloadFile, rootDirectory, run, sdkDirectory, without } from './testing/php.ts'

const samplesDirectory = join(sdkDirectory, 'samples')
const fixtures = ['exit-3', 'loop']

describe('the PHP SDK', { skip: without('php') }, () => {
  let directory: string
  let node: NodeProcess
  let env: Record<string, string>

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'plasm-php-'))
    env = { PLASM_FIXTURES: join(directory, 'fixtures') }
    await mkdir(env['PLASM_FIXTURES'] as string)
    for (const name of fixtures)
      await writeFile(join(directory, 'fixtures', `${name}.wasm`), await compileFixture(name))
    node = await startNodeProcess({ dataDir: join(directory, 'node'), flags: ['--slots', '2'] })
    env['PLASM_URL'] = node.http
  })
  after(async () => {
    await node?.stop()
    await rm(directory, { recursive: true, force: true })
  })

  test('every file is PHP', async () => {
    const files = [...(await phpFilesIn(sdkDirectory)), ...(await phpFilesIn(join(rootDirectory, 'examples')))]
    assert.ok(files.length > 80, `${files.length} files`)
    const wrong: string[] = []
    const next = async (): Promise<void> => {
      for (let file = files.pop(); file !== undefined; file = files.pop()) {
        const { code, stdout } = await run('php', ['-l', file])
        if (code !== 0) wrong.push(stdout)
      }
    }
    await Promise.all([next(), next(), next()])
    assert.deepEqual(wrong, [])
  })

  test('the three lines of examples/hello/hello.php print the result', async () => {
    const { code, stdout, stderr } = await run('php', ['examples/hello/hello.php'], { env })
    assert.deepEqual({ code, stdout: stdout.trim(), stderr }, { code: 0, stdout: 'dlroW ,olleH', stderr: '' })
  })

  test('every sample of the README prints what it should', async () => {
    const files = (await readdir(samplesDirectory)).map(file => file.replace(/\.php$/, ''))
    assert.deepEqual(files.sort(), Object.keys(samples).sort())
    for (const [name, printed] of Object.entries(samples)) {
      const place = await mkdtemp(join(directory, 'sample-'))
      await copyFile(join(rootDirectory, 'examples', 'hello', 'hello.wasm'), join(place, 'hello.wasm'))
      const { code, stdout, stderr } = await run('php', [join(samplesDirectory, `${name}.php`)], { cwd: place, env })
      assert.equal(code, 0, `${name}: ${stdout}${stderr}`)
      assert.match(stdout, printed, name)
      if (name !== 'progress') assert.equal(stderr, '', name)
    }
  })

  test('a long wait shows a line on a terminal, and nothing elsewhere', { skip: without('script') }, async () => {
    const file = join(directory, 'wait.php')
    const options = "['timeout' => '2500ms']"
    const wait = `echo (new Plasm\\Client())->wait((new Plasm\\Client())->submit('fixtures/loop.wasm', ${options}))->reason?->value;`
    await writeFile(file, `<?php require '${autoloadFile}'; ${wait}`)
    const [there, elsewhere] = await Promise.all([
      run('script', ['-qec', `php ${file}`, '/dev/null'], { cwd: directory, env }),
      run('php', [file], { cwd: directory, env }),
    ])
    assert.deepEqual(elsewhere, { code: 0, stdout: 'timedOut', stderr: '' })
    assert.match(there.stdout, /\r\x1b\[Krunning on 12D3KooW\w+, 1 s/)
    assert.match(there.stdout, /\r\x1b\[KtimedOut$/, 'the line is gone at the end')
  })

  test('the style is PSR-12', { skip: without('phpcs') }, async () => {
    // The project's three lines are spelled as everywhere.
    const found = await run('phpcs', [
      '--standard=PSR12',
      '-n',
      '--extensions=php',
      '--ignore=*/hello.php,*/node_modules/*',
      'sdks/php',
      'examples',
    ])
    assert.deepEqual({ code: found.code, stdout: found.stdout.trim() }, { code: 0, stdout: '' })
  })

  test('the version is that of the node', async () => {
    const { stdout } = await run('php', ['-r', `require '${autoloadFile}'; echo Plasm\\Client::VERSION;`])
    assert.equal(stdout, server.version)
  })

  test('the example that finds a node says what to do where there is none', async () => {
    const { code, stdout, stderr } = await run('php', ['examples/remote_test.php'], {
      env: { ...env, PLASM_URL: 'http://127.0.0.1:1' },
    })
    assert.deepEqual({ code, stdout }, { code: 1, stdout: '' })
    assert.match(stderr, /Is a node running there\? `plasm serve` starts one\./)
  })

  for (const suite of ['Vectors', 'Options', 'Http', 'Manifests', 'Client']) {
    test(`PHPUnit: ${suite}`, { skip: without('phpunit') }, async () => {
      const { code, stdout, stderr } = await run(
        'phpunit',
        [
          '--bootstrap',
          autoloadFile,
          '--fail-on-warning',
          '--fail-on-risky',
          '--do-not-cache-result',
          join('tests', `${suite}Test.php`),
        ],
        { cwd: sdkDirectory, env },
      )
      assert.equal(code, 0, stdout + stderr)
      assert.doesNotMatch(stdout, /deprecat|Skipped/i)
    })
  }
})

async function phpFilesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  return entries
    .filter(entry => entry.isFile() && entry.name.endsWith('.php'))
    .map(entry => join(entry.parentPath, entry.name))
}
