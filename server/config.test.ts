import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ConfigError, helpText, readConfig, settings } from './config.ts'

const directory = mkdtempSync(join(tmpdir(), 'plasm-config-'))
after(() => rmSync(directory, { recursive: true }))

const read = (argv: string[], env: Record<string, string> = {}) =>
  readConfig({ argv, env: { XDG_STATE_HOME: '/state', ...env }, isTerminal: false })

function refusal(argv: string[], env: Record<string, string> = {}): string {
  try {
    read(argv, env)
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.message
  }
  assert.fail(`${argv.join(' ')} was accepted`)
}

test('without any setting the node is on loopback, on the ports that the documentation names', () => {
  const config = read([])
  assert.deepEqual(config.http, { host: '127.0.0.1', port: 7527 })
  assert.deepEqual(config.p2p, ['/ip4/127.0.0.1/tcp/7528'])
  assert.equal(config.network, 'local')
  assert.equal(config.dataDir, '/state/plasm')
  assert.equal(read([], { STATE_DIRECTORY: '/var/lib/plasm' }).dataDir, '/var/lib/plasm')
  assert.equal(config.keyFile, '/state/plasm/identity.key')
  assert.equal(config.log, 'json')
})

test('flags win over the environment, the environment over the file', () => {
  const file = join(directory, 'plasm.toml')
  writeFileSync(
    file,
    'slots = 1\nhttp = "127.0.0.1:1"\np2p = ["/ip4/127.0.0.1/tcp/1", "/ip4/127.0.0.1/tcp/2"]\nmemory-max = "1GiB"\n',
  )
  const config = read(['--config', file, '--slots', '3'], { PLASM_SLOTS: '2', PLASM_HTTP: '127.0.0.1:2' })
  assert.equal(config.slots, 3)
  assert.equal(config.http.port, 2)
  assert.deepEqual(config.p2p, ['/ip4/127.0.0.1/tcp/1', '/ip4/127.0.0.1/tcp/2'])
  assert.equal(config.memoryMax, 2 ** 30)
})

test('a list in the environment is separated by commas', () => {
  assert.deepEqual(read([], { PLASM_ALLOW_HOST: 'a.example,B.example' }).allowHost, ['a.example', 'b.example'])
})

test('sizes and durations are read with their units', () => {
  const config = read(['--memory-max', '96MiB', '--output-max', '1000', '--timeout-max', '90s'])
  assert.equal(config.memoryMax, 96 * 2 ** 20)
  assert.equal(config.outputMax, 1000)
  assert.equal(config.timeoutMax, 90_000)
  assert.equal(config.keep, 30 * 86_400_000)
  assert.equal(read(['--keep', '36h']).keep, read(['--keep', '1d']).keep * 1.5)
  assert.equal(refusal(['--keep', '59m']), 'Cannot use keep "59m" (flag --keep): DURATION was expected')
})

test('a wrong value is refused in one line with setting, value and source', () => {
  assert.equal(refusal(['--slots', 'many']), 'Cannot use slots "many" (flag --slots): N was expected')
  assert.equal(
    refusal([], { PLASM_NETWORK: 'moon' }),
    'Cannot use network "moon" (environment PLASM_NETWORK): local|lan|public was expected',
  )
  assert.match(refusal(['--http', '127.0.0.1:70000']), /^Cannot use http "127.0.0.1:70000" \(flag --http\)/)
  assert.match(refusal(['--memory-max', '9TiB']), /^Cannot use memory-max "9TiB"/)
  assert.match(refusal(['--allow-origin', 'https://a.example/path']), /^Cannot use allow-origin/)
})

test('unknown flags and unknown names in the file are refused', () => {
  assert.match(refusal(['--slotz', '1']), /--slotz/)
  const file = join(directory, 'plasm.toml')
  writeFileSync(file, 'slotz = 1\n')
  assert.match(refusal(['--config', file]), /unknown setting "slotz"/)
  assert.match(refusal(['--config', `${file}.missing`]), /Cannot use config/)
})

test('a bind beyond loopback without a token file is refused', () => {
  assert.match(refusal(['--http', '0.0.0.0:7527']), /token-file/)
  assert.match(refusal(['--http', '[::]:7527']), /token-file/)
  assert.deepEqual(read(['--http', '[::1]:7527']).http, { host: '::1', port: 7527 })
  assert.equal(read(['--http', '0.0.0.0:7527', '--token-file', '/tokens']).tokenFile, '/tokens')
})

test('the help names every setting', () => {
  const help = helpText('plasm serve')
  for (const { name } of settings) assert.ok(help.includes(`--${name} `), name)
})
