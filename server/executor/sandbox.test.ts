import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { json } from 'node:stream/consumers'
import { after, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { openSandbox, type Sandbox, type Work, workingSandboxes } from './sandbox.ts'
import { encodeProgram } from './sources.ts'

/** Where whoever it is may write. */
const open = await mkdtemp(join(tmpdir(), 'plasm-sandbox-'))
await chmod(open, 0o777)
after(() => rm(open, { recursive: true }))
const target = JSON.stringify(join(open, 'was-here'))

/** Tries to get out, and says how each try ended. */
const probe = `
import { readFileSync, writeFileSync, writeSync, readdirSync, openSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { Worker } from 'node:worker_threads'
import { connect, createServer } from 'node:net'
import { lookup } from 'node:dns'
import inspector from 'node:inspector'
const tries = {
  readFile: () => readFileSync('/etc/passwd'),
  readItsOwnDirectory: () => readdirSync('.'),
  openDevNull: () => openSync('/dev/null', 'r'),
  writeFile: () => writeFileSync(${target}, ''),
  spawn: () => { const { error } = spawnSync('/bin/true'); if (error) throw error },
  worker: () => new Worker('0', { eval: true }),
  evaluate: () => eval('1'),
  makeFunction: () => new Function('return 1')(),
  wasi: () => new (process.getBuiltinModule('node:wasi').WASI)({ version: 'preview1' }),
  addon: () => process.dlopen({ exports: {} }, '/nothing.node'),
  inspect: () => inspector.open(0),
  importFile: () => process.getBuiltinModule('node:module').createRequire('file:///')('/etc/hostname'),
}
const later = {
  connect: () => new Promise((resolve, reject) => connect(9, '127.0.0.1').once('connect', resolve).once('error', reject)),
  // This refusal is thrown where nobody waits for it.
  listen: () => new Promise((resolve, reject) => {
    process.once('uncaughtException', reject)
    createServer().once('error', reject).listen(0, '127.0.0.1', resolve)
  }),
  dns: () => new Promise((resolve, reject) => lookup('localhost', error => (error ? reject(error) : resolve()))),
}
const report = { environment: Object.keys(process.env), directory: (() => { try { return process.cwd() } catch { return '' } })() }
for (const [name, attempt] of Object.entries({ ...tries, ...later })) {
  try { await attempt(); report[name] = 'allowed' } catch (error) { report[name] = error.code ?? error.name + ': ' + error.message }
}
writeSync(3, JSON.stringify(report))
process.exit(0)
`

const refusals: Record<string, RegExp> = {
  evaluate: /^EvalError: Code generation/,
  makeFunction: /^EvalError: Code generation/,
  addon: /^ERR_DLOPEN_DISABLED$/,
  importFile: /^Error: not part of the program/,
}

for (const work of ['running', 'rewriting'] as const)
  test(`a child that is for ${work} can reach nothing but its pipe`, () => reachesNothing(work))

async function reachesNothing(work: Work): Promise<void> {
  const child = (await openSandbox()).spawn(work)
  const pipe = child.stdio[3] as Duplex
  pipe.write(encodeProgram({ entry: 'probe:///probe.js', sources: { 'probe:///probe.js': probe } }))
  const { environment, directory, ...tries } = (await json(pipe)) as Record<string, unknown>
  assert.deepEqual(environment, [])
  assert.ok(directory === '/' || directory === '')
  for (const [name, end] of Object.entries(tries)) {
    assert.match(String(end), refusals[name] ?? /^ERR_ACCESS_DENIED$/, name)
  }
  assert.deepEqual(await readdir(open), [])
}

/** The same without Node's own refusals: what is left is the operating system's. */
const plainProbe = `
import { readFileSync, readdirSync, writeFileSync, writeSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
const attempt = async doing => { try { return await doing() ?? 'allowed' } catch (error) { return error.code } }
const run = () => { const { error } = spawnSync(process.execPath, ['--version']); if (error) throw error }
const listen = () => new Promise((resolve, reject) =>
  createServer().once('error', reject).listen(0, '127.0.0.1', function () { this.close(); resolve() }))
const report = {
  user: process.getuid(), directories: readdirSync('/'), interfaces: await attempt(() => Object.keys(networkInterfaces()).join()),
  passwords: await attempt(() => void readFileSync('/etc/shadow')), process: await attempt(() => void readFileSync('/proc/' + process.ppid + '/environ')),
  write: await attempt(() => writeFileSync(${target}, 'x')), run: await attempt(run), listen: await attempt(listen),
  signal: await attempt(() => void process.kill(process.ppid, 'SIGCONT')),
}
writeSync(3, JSON.stringify(report))
`

const layersTried = ['resourceLimits', 'ownUser', 'ownNetwork', 'ownNamespaces', 'systemCallFilter']

/** What each layer of a chain must show in the report. */
function checkLayers({ layers }: Sandbox, report: Record<string, unknown>, written: number): void {
  const allowed = Object.keys(report).filter(name => report[name] === 'allowed')
  const on = (name: string) => layers.includes(name)
  // The kernel lets it make a file, but write nothing into it; with its own namespaces, it has no place to make one.
  if (on('resourceLimits')) assert.ok(!allowed.includes('write') && written <= 0)
  if (on('ownUser')) {
    assert.ok((report['user'] as number) >= 60_578)
    assert.ok(!allowed.includes('passwords') && !allowed.includes('process'))
    // With its own namespaces, its parent is one of its own, too.
    if (!on('ownNamespaces')) assert.ok(!allowed.includes('signal'))
  }
  // A loopback of its own at most. Asking is refused, too, where there is a filter.
  if (on('ownNetwork')) assert.match(String(report['interfaces']), /^(lo)?$|^ERR_SYSTEM_ERROR$/)
  if (on('ownNamespaces')) {
    for (const name of report['directories'] as string[]) assert.match(name, /^(lib\d*|usr|node)$/)
    assert.equal(report['passwords'], 'ENOENT')
    assert.equal(report['process'], 'ENOENT')
    assert.equal(written, -1)
  }
  if (on('systemCallFilter')) {
    assert.equal(report['listen'], 'EPERM')
    assert.equal(report['run'], 'EPERM')
  }
}

describe('what the operating system adds holds without Node’s help', async () => {
  for await (const sandbox of workingSandboxes()) {
    const shown = sandbox.layers.filter(name => layersTried.includes(name))
    test(`with ${shown.join(', ') || 'nothing'}`, async () => {
      const child = sandbox.spawnPlain(['--input-type=module', '--eval', plainProbe])
      const report = (await json(child.stdio[3] as Duplex)) as Record<string, unknown>
      const { size: written } = await stat(join(open, 'was-here')).catch(() => ({ size: -1 }))
      await rm(join(open, 'was-here'), { force: true })
      checkLayers(sandbox, report, written)
    })
  }
})

const alive = (pid: number) => existsSync(`/proc/${pid}`)

test('a child in an endless loop dies with its parent', async t => {
  if (!(await openSandbox()).layers.includes('parentDeathSignal')) {
    assert.ok(process.env['CI'] !== 'true' || process.platform !== 'linux', 'setpriv of util-linux is missing')
    return t.skip('setpriv of util-linux is not here')
  }
  const parent = spawn(process.execPath, ['--input-type=module', '--eval', endless], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(parent.stdout, 'data')) as [Buffer]
  const pids = JSON.parse(line.toString()) as number[]
  assert.ok(pids.length > 0 && pids.every(alive))
  parent.kill('SIGKILL')
  await once(parent, 'exit')
  for (let waits = 0; pids.some(alive) && waits < 500; waits++) await delay(10)
  assert.deepEqual(pids.filter(alive), [])
})

const here = new URL('.', import.meta.url).href
const endless = `
import { compileFixture } from '${here}../../machine/fixtures/compile.ts'
import { Executor } from '${here}executor.ts'
const executor = new Executor({ children: 1, isolation: 'pool', log: { warn() {} } })
await executor.start()
const bytes = await compileFixture('loop')
const limits = { memoryBytesMax: 1 << 20, outputBytesMax: 0, fuelMax: 1e12, timeoutMs: 60_000 }
const request = { module: { digest: 'loop', bytes: async () => bytes }, args: [], environ: [], stdin: new Uint8Array(0), seed: '00'.repeat(32), capabilities: [], ...limits }
void executor.run(request, new AbortController().signal)
setTimeout(() => console.log(JSON.stringify(executor.pids)), 100)
`
