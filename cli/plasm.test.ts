import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { compileFixture } from '../machine/fixtures/compile.ts'
import { Client, helloFile } from '../server/testing/client.ts'
import { type NodeProcess, startNodeProcess } from '../server/testing/process.ts'
import { commands } from './commands.ts'
import { exitOf } from './exit.ts'
import { main } from './main.ts'

let directory: string
let node: NodeProcess
const file = (name: string) => join(directory, name)
const plasmFile = join(import.meta.dirname, 'plasm.ts')
const env = () => ({ PATH: process.env['PATH'], PLASM_URL: node.http, XDG_CACHE_HOME: directory })

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'plasm-cli-'))
  for (const name of ['exit-3', 'loop', 'trap-unreachable', 'echo'])
    await writeFile(file(`${name}.wasm`), await compileFixture(name))
  node = await startNodeProcess({ dataDir: join(directory, 'node'), flags: ['--slots', '2'] })
})
after(async () => {
  await node.stop()
  await rm(directory, { recursive: true, force: true })
})

interface Said {
  code: number
  out: string
  err: string
}

/** The command in this process, with a terminal that only exists here. */
async function plasm(
  argv: readonly string[],
  given: { input?: string; isTTY?: boolean; env?: object } = {},
): Promise<Said> {
  const said = { out: '', err: '' }
  const stream = (to: 'out' | 'err') => {
    const write = (chunk: Buffer, _encoding: string, done: () => void) => {
      said[to] += chunk.toString()
      done()
    }
    return Object.assign(new Writable({ write }), { isTTY: given.isTTY === true }) as unknown as NodeJS.WriteStream
  }
  const code = await main({
    argv,
    env: { PLASM_URL: node.http, XDG_STATE_HOME: directory, ...given.env },
    stdin: given.input === undefined ? new PassThrough() : Readable.from([Buffer.from(given.input)]),
    isPiped: given.input !== undefined,
    stdout: stream('out'),
    stderr: stream('err'),
    interrupted: () => undefined,
  })
  return { code, ...said }
}

const json = async (argv: readonly string[], given: Parameters<typeof plasm>[1] = {}) => {
  const { code, out, err } = await plasm(argv, given)
  assert.equal(err, '', 'a program reads stdout alone')
  return {
    code,
    document: JSON.parse(out) as Record<string, unknown> & { error?: { code: string; message: string; hint: string } },
  }
}

test('run pipes stdin through, prints what the guest wrote and ends with its exit code', async () => {
  assert.deepEqual(await plasm(['run', helloFile], { input: 'Hello, World\n' }), {
    code: 0,
    out: 'dlroW ,olleH\n',
    err: '',
  })
  assert.deepEqual(await plasm(['run', helloFile]), { code: 0, out: 'dlroW ,olleH', err: '' })
  assert.equal((await plasm(['run', file('exit-3.wasm')])).code, 3)
  const large = `${'x'.repeat(1_000_000)}\n`
  assert.equal((await plasm(['run', '--memory', '64MiB', helloFile], { input: large })).out, large)
})

test('as a process it does the same, and a reader that goes away ends it quietly', async () => {
  const shell = `"${process.execPath}" "${plasmFile}" run "${helloFile}" <<< 'Hello, World'`
  const run = promisify(execFile)
  assert.deepEqual(await run('bash', ['--norc', '-c', shell], { env: env() }), { stdout: 'dlroW ,olleH\n', stderr: '' })
  await run('bash', ['--norc', '-c', `"${process.execPath}" "${plasmFile}" --help | head -n 1`], { env: env() })
})

test('exit codes tell a guest from what happened to it, and no failed job ends with 0', async () => {
  const exits = async (argv: string[], given = {}) => {
    const { code, document } = await json(argv, given)
    assert.equal(document['exitCode'], code)
    return [code, document['exitBy'] ?? document.error?.code]
  }
  assert.deepEqual(await exits(['run', '--json', file('exit-3.wasm')]), [3, 'guest'])
  assert.deepEqual(await exits(['run', '--json', '--timeout', '100ms', file('loop.wasm')]), [124, 'plasm'])
  assert.deepEqual(await exits(['run', '--json', file('trap-unreachable.wasm')]), [134, 'plasm'])
  assert.deepEqual(await exits(['run', '--json', plasmFile]), [126, 'moduleRejected'])
  assert.deepEqual(await exits(['run', '--json', file('nothing.wasm')]), [126, 'argument'])
  assert.deepEqual(await exits(['run', '--json', '--memory', 'much', helloFile]), [126, 'argument'])
  assert.deepEqual(await exits(['run', '--json', '--url', 'http://127.0.0.1:9', helloFile]), [125, 'transport'])
  assert.deepEqual(await exits(['run', '--json', '--nonsense', helloFile]), [2, 'usage'])
  const job = { state: 'failed', reason: 'exited' }
  assert.deepEqual(exitOf({ ...job, exitCode: 256 }), { code: 1, by: 'guest' })
  assert.deepEqual(exitOf({ ...job, exitCode: 0xffff_ffff }), { code: 255, by: 'guest' })
  for (const reason of ['noPeer', 'memoryExhausted', 'quorumNotReached', 'internal', 'a reason of tomorrow']) {
    assert.deepEqual(exitOf({ state: 'failed', reason }), { code: 125, by: 'plasm' })
  }
  assert.equal(exitOf({ state: 'cancelled', reason: 'cancelled' }).code, 130)
})

test('a wait that is over leaves the job alone; Ctrl-C cancels it', async () => {
  const waited = await plasm(['run', '--wait', '100ms', '--timeout', '1m', file('loop.wasm')])
  const running = /It goes on: plasm wait (\S+)/.exec(waited.err)?.[1] as string
  assert.equal(waited.code, 124)
  assert.notEqual((await json(['status', '--json', running])).document['state'], 'cancelled')
  assert.equal((await json(['cancel', '--json', running])).code, 0)
  assert.equal((await json(['wait', '--json', running])).code, 130)

  const child = spawn(process.execPath, [plasmFile, 'run', '--timeout', '1m', file('loop.wasm')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: env(),
  })
  const client = new Client(node.http)
  let id: string | undefined
  while (id === undefined) id = (await client.json<{ items: { id: string }[] }>('/v1/jobs?state=running')).items[0]?.id
  child.kill('SIGINT')
  const [err, [code]] = await Promise.all([text(child.stderr), once(child, 'close') as Promise<[number]>])
  assert.equal(code, 130)
  assert.match(err, new RegExp(`^plasm: Job ${id} is (being )?cancelled\nplasm wait ${id}\n$`))
  assert.equal((await client.ended(id)).state, 'cancelled')
})

test('an output comes whole, however late it is read', async () => {
  await writeFile(file('large'), 'x'.repeat(1_000_000))
  const argv = [plasmFile, 'run', '--json', '--stdin', file('large'), helloFile]
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'], env: env() })
  const exit = once(child, 'exit')
  // What is read late must not be lost to a process that ends in time: nothing is read before it could have ended.
  await Promise.race([exit, delay(2_000)])
  const document = JSON.parse(await text(child.stdout)) as { stdout: { text: string } }
  assert.equal(document.stdout.text.length, 1_000_000)
})

test('an input that never ends does not keep a command that has failed', async t => {
  const argv = [plasmFile, 'run', file('nothing.wasm')]
  const child = spawn(process.execPath, argv, { stdio: ['pipe', 'ignore', 'ignore'], env: env() })
  t.after(() => child.kill('SIGKILL'))
  assert.deepEqual(await once(child, 'exit'), [126, null])
})

test('a job step by step, each command with a document for programs', async () => {
  const submitted = await json(['submit', '--json', helloFile], { input: 'abc' })
  const jobId = submitted.document['jobId'] as string
  assert.deepEqual(Object.keys(submitted.document), ['jobId'])
  const waited = await json(['wait', '--json', jobId])
  assert.deepEqual([waited.code, waited.document['state']], [0, 'succeeded'])
  assert.deepEqual((await json(['status', '--json', jobId])).document, waited.document)
  const events = (await plasm(['events', '--json', jobId])).out.trim().split('\n')
  assert.deepEqual(
    events.map(line => (JSON.parse(line) as { type: string }).type),
    ['created', 'assigned', 'started', 'finished'],
  )
  assert.deepEqual((await json(['result', '--json', jobId])).document, {
    jobId,
    state: 'succeeded',
    reason: 'exited',
    exitCode: 0,
    exitBy: 'guest',
    stdout: { size: 3, digest: (waited.document['stdout'] as { digest: string }).digest, text: 'cba' },
  })
  assert.equal((await plasm(['result', jobId])).out, 'cba')
  assert.equal((await plasm(['result', '-o', file('out'), jobId])).code, 0)
  assert.equal(await readFile(file('out'), 'utf8'), 'cba')
  assert.equal((await json(['cancel', '--json', jobId])).document.error?.code, 'conflict')
  assert.deepEqual(Object.keys((await json(['receipt', '--json', '--explain', jobId])).document), [
    'receiptId',
    'claim',
    'measurement',
    'binding',
  ])
})

test('run says everything in one document', async () => {
  const { document } = await json(['run', '--json', helloFile], { input: 'abc' })
  assert.deepEqual(Object.keys(document), [
    'jobId',
    'state',
    'reason',
    'guestExitCode',
    'exitCode',
    'exitBy',
    'executor',
    'usage',
    'stdout',
    'stderr',
    'receiptId',
    'verification',
  ])
  const { stdout, verification } = document as { stdout: { text: string }; verification: { verdict: string } }
  assert.deepEqual([stdout.text, verification.verdict], ['cba', 'valid'])
  const binary = await json(['run', '--json', file('echo.wasm')], { input: '\ufffd' })
  assert.equal((binary.document['stdout'] as { size: number }).size, 3)
})

test('verify needs no node: it holds a receipt against files and keys', async () => {
  const jobId = (await plasm(['submit', helloFile], { input: 'abc' })).out.trim()
  await plasm(['wait', jobId])
  await plasm(['receipt', '-o', file('receipt.json'), jobId])
  await writeFile(file('in'), 'abc')
  await writeFile(file('stdout'), 'cba')
  const { did } = (await json(['node', '--json'])).document
  const offline = { env: { PLASM_URL: 'http://127.0.0.1:9' } }
  const all = [
    '--executor',
    did as string,
    '--module',
    helloFile,
    '--stdin',
    file('in'),
    '--stdout',
    file('stdout'),
    '--job',
    jobId,
  ]
  const pinned = await json(['verify', '--json', file('receipt.json'), ...all], offline)
  assert.deepEqual([pinned.code, pinned.document['verdict'], pinned.document['assurance']], [0, 'valid', 'pinned'])
  const piped = await plasm(['verify', '-'], { ...offline, input: await readFile(file('receipt.json'), 'utf8') })
  assert.deepEqual([piped.code, piped.out.split(',')[0]], [0, 'valid'])
  for (const wrong of [
    ['--stdout', file('in')],
    ['--arg', 'x'],
    ['--env', 'A=1'],
    ['--nonce', '00'.repeat(16)],
    ['--module', file('loop.wasm')],
  ]) {
    assert.equal((await plasm(['verify', file('receipt.json'), ...wrong], offline)).code, 1, wrong.join(' '))
  }
  assert.equal((await plasm(['verify', file('in')], offline)).code, 1)
  assert.equal((await plasm(['verify', file('nowhere')], offline)).code, 126)
})

test('a receipt of another job is found out, and the exit code is not 0', async () => {
  const other = (await plasm(['submit', helloFile], { input: 'other' })).out.trim()
  await plasm(['wait', other])
  const envelope = (await plasm(['receipt', other])).out
  const gateway = createServer((request, response) => {
    const answerAs = async (body: string) => {
      const answer = await forward(request, body, node.http)
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' })
      response.end(request.url?.endsWith('/receipt') ? envelope : Buffer.from(await answer.arrayBuffer()))
    }
    void text(request).then(answerAs)
  })
  gateway.listen(0, '127.0.0.1')
  await once(gateway, 'listening')
  const url = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`
  try {
    const { code, out, err } = await plasm(['run', '--url', url, helloFile], { input: 'mine' })
    assert.deepEqual([code, out], [125, 'enim'])
    assert.match(err, /^plasm: The receipt of job .* is invalid: .*\nDo not trust the output/)
    assert.equal((await plasm(['run', '--no-verify', '--url', url, helloFile], { input: 'mine' })).code, 0)
  } finally {
    gateway.closeAllConnections()
    gateway.close()
  }
})

test('the node, its peers and its modules', async () => {
  assert.equal((await json(['node', '--json'])).document['peerId'], node.peerId)
  assert.match((await plasm(['node'])).out, new RegExp(`^peer id +${node.peerId}\n`))
  for (const name of ['peers', 'discover']) assert.deepEqual((await json([name, '--json'])).document, { items: [] })
  const digest = (await plasm(['modules', 'put', helloFile])).out.trim()
  assert.match((await plasm(['modules'])).out, new RegExp(digest))
  assert.equal((await json(['modules', '--json', 'show', digest])).document['digest'], digest)
  await plasm(['modules', 'get', '-o', file('copy.wasm'), digest])
  assert.deepEqual(await readFile(file('copy.wasm')), await readFile(helloFile))
  assert.equal((await json(['modules', '--json', 'drop', digest])).code, 126)
})

test('doctor looks at a dozen things and more, and each that is wrong comes with its fix', async () => {
  const well = await json(['doctor', '--json'])
  const checks = (document: object) =>
    (document as { checks: { name: string; result: string; detail: string; fix?: string }[] }).checks
  assert.equal(well.code, 0, JSON.stringify(well.document))
  assert.ok(checks(well.document).length >= 12)
  assert.match(checks(well.document).find(({ name }) => name === 'store')?.detail ?? '', /^\d.* of 20 GiB, 0 %$/)
  const ill = await json(['doctor', '--json', '--url', 'http://127.0.0.1:9'], { env: { PLASM_SLOTS: 'many' } })
  assert.equal(ill.code, 1)
  const wrong = checks(ill.document).filter(({ result }) => result === 'wrong')
  assert.deepEqual(
    wrong.map(({ name }) => name),
    ['settings', 'node'],
  )
  assert.ok(wrong.every(({ fix }) => (fix ?? '').length > 10))
})

test('key and config say what the node here would use, and where it is from', async () => {
  assert.equal((await plasm(['key'])).code, 126)
  const made = (await json(['key', '--json', '--create'])).document as { file: string; did: string; created: boolean }
  assert.deepEqual([made.file, made.created], [join(directory, 'plasm', 'identity.key'), true])
  assert.equal((await stat(made.file)).mode & 0o777, 0o600)
  assert.equal((await json(['key', '--json'])).document['did'], made.did)
  await writeFile(file('plasm.toml'), 'network = "lan"\nslots = 3\n')
  const flags = ['--', '--config', file('plasm.toml'), '--slots', '4']
  const { out } = await plasm(['config', 'show', '--origin', ...flags], {
    env: { PLASM_LOG: 'json', PLASM_TOKEN: 'secret' },
  })
  assert.match(out, /^network +lan +file .*plasm\.toml$/m)
  assert.match(out, /^slots +4 +flag --slots$/m)
  assert.match(out, /^keep +2592000000 +default$/m)
  assert.match(out, /^log +json +environment PLASM_LOG$/m)
  assert.match(out, /^http +127\.0\.0\.1:7527 +default$/m)
  assert.ok(!out.includes('secret'))
  const refused = await plasm(['config', 'show', '--', '--slots', 'many'])
  assert.deepEqual([refused.code, refused.err.split('\n').length], [126, 3])
})

test('errors are two lines: what happened, what to do', async () => {
  const lines = [
    ['statsu'],
    ['status', '--x'],
    ['status', 'x'],
    ['run'],
    ['run', '--url'],
    ['node', '--url', 'ftp://x'],
    ['completion', 'tcsh'],
  ]
  for (const argv of lines) {
    const { code, out, err } = await plasm(argv)
    assert.notEqual(code, 0)
    assert.deepEqual([out, err.split('\n').length, err.endsWith('\n')], ['', 3, true], err)
  }
  assert.match((await plasm(['statsu'])).err, /"statsu"\nDid you mean "plasm status"\?/)
  assert.equal((await plasm([])).code, 2)
})

test('color and progress are for a person who watches', async () => {
  const escape = '\u001b['
  const watched = await plasm(['run', helloFile], { isTTY: true })
  assert.match(watched.err, /✓.*receipt valid, signed/)
  assert.ok(watched.err.includes(escape))
  assert.equal(watched.out, 'dlroW ,olleH')
  const plain = await plasm(['run', helloFile], { isTTY: true, env: { NO_COLOR: '1' } })
  assert.ok(!/\u001b\[\d+m/.test(plain.err))
  assert.ok(!(await plasm(['doctor'])).out.includes(escape))
  assert.equal(
    (await plasm(['run', '--quiet', helloFile], { isTTY: true })).err.replaceAll(/\r\u001b\[K[^\r]*/g, ''),
    '',
  )
})

test('every command has help that says what it takes, and completions know all of it', async () => {
  const overview = (await plasm(['--help'])).out
  const bash = (await plasm(['completion', 'bash'])).out
  await promisify(execFile)('bash', ['-n', '-c', bash])
  const complete = `${bash}\nCOMP_WORDS=(plasm run --exec) COMP_CWORD=2; _plasm; echo "\${COMPREPLY[@]}"; COMP_WORDS=(plasm dis) COMP_CWORD=1; _plasm; echo "\${COMPREPLY[@]}"`
  assert.equal((await promisify(execFile)('bash', ['-c', complete])).stdout, '--executor\ndiscover\n')
  const others = [(await plasm(['completion', 'zsh'])).out, (await plasm(['completion', 'fish'])).out]
  for (const name of Object.keys(commands)) {
    assert.ok(overview.includes(`  ${name} `), name)
    const { code, out } = await plasm([name, '--help'])
    assert.deepEqual([code, out.startsWith(`Usage: plasm ${name}`)], [0, true], name)
    assert.equal((await plasm(['help', name])).out, out)
    for (const [, option] of out.matchAll(/^ +(?:-\w, )?--([a-z-]+)/gm)) {
      for (const script of [bash, ...others]) assert.ok(script.includes(option as string), `${name} --${option}`)
    }
  }
  assert.match((await plasm(['--version'])).out, /^\d+\.\d+\.\d+\n$/)
})

async function forward({ method = 'GET', url, headers }: IncomingMessage, body: string, to: string): Promise<Response> {
  const type = headers['content-type']
  return await fetch(`${to}${url}`, {
    method,
    body: method === 'GET' ? null : body,
    headers: type === undefined ? {} : { 'content-type': type },
  })
}
