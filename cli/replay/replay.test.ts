import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { after, before, test } from 'node:test'
import { compileFixture, compileText } from '../../machine/fixtures/compile.ts'
import { replay } from '../../machine/replay.ts'
import { utf8 } from '../../phase/bytes.ts'
import { digestOf } from '../../phase/digest.ts'
import { nobleEd25519, signerFromSeed } from '../../phase/ed25519.ts'
import { didOf } from '../../phase/identity.ts'
import { canonical } from '../../phase/json.ts'
import { completeManifest, type JobManifest } from '../../phase/manifest.ts'
import { type Claim, claimDigest, makeBinding, makeClaim, signReceipt } from '../../phase/receipt.ts'
import { readRequest, signRequest } from '../../phase/request.ts'
import { readReceipt } from '../../phase/verify.ts'
import { Client, helloFile } from '../../server/testing/client.ts'
import { type NodeProcess, startNodeProcess } from '../../server/testing/process.ts'
import { main } from '../main.ts'

let directory: string
let node: NodeProcess
let client: Client
const file = (name: string) => join(directory, name)

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'plasm-replay-'))
  for (const name of ['echo', 'loop', 'trap-divide', 'clock-and-random', 'args-and-environ', 'simd'])
    await writeFile(file(`${name}.wasm`), await compileFixture(name))
  node = await startNodeProcess({ dataDir: join(directory, 'node'), flags: ['--slots', '2'] })
  client = new Client(node.http)
})
after(async () => {
  await node.stop()
  await rm(directory, { recursive: true, force: true })
})

async function plasm(argv: readonly string[]) {
  const said = { out: '', err: '' }
  const stream = (to: 'out' | 'err') => {
    const write = (chunk: Buffer, _encoding: string, done: () => void) => {
      said[to] += chunk.toString()
      done()
    }
    return new Writable({ write }) as unknown as NodeJS.WriteStream
  }
  const code = await main({
    argv,
    env: { PLASM_URL: node.http, XDG_STATE_HOME: directory },
    stdin: new PassThrough(),
    isPiped: false,
    stdout: stream('out'),
    stderr: stream('err'),
    interrupted: () => undefined,
  })
  return { code, ...said }
}

interface Document {
  verdict: string
  assurance?: string
  checks: { name: string; result: string; detail: string }[]
  claim: Claim
  replay?: { tookMs: number; differences: { member: string; claimed: unknown; found: unknown }[] }
  hint?: string
  error?: { code: string; message: string; hint: string }
}

const json = async (argv: readonly string[]) => {
  const { code, out } = await plasm([argv[0] as string, '--json', ...argv.slice(1)])
  return { code, document: JSON.parse(out) as Document }
}

const verify = (job: string, ...rest: string[]) =>
  json(['verify', file(`${job}.receipt`), '--replay', '--request', file(`${job}.request`), ...rest])

/** Runs it on the node, and fetches what a person would. */
async function runOnNode(name: string, module: string, asked: Partial<JobManifest>): Promise<string> {
  const digest = await client.upload(await readFile(module))
  const { id } = await client.run({ module: digest, ...asked })
  assert.equal((await plasm(['receipt', '-o', file(`${name}.receipt`), id])).code, 0)
  assert.equal((await plasm(['receipt', '--request', '-o', file(`${name}.request`), id])).code, 0)
  return id
}

const [submitter, executor] = [1, 2].map(byte => signerFromSeed(new Uint8Array(32).fill(byte)))

/** A receipt that another node would sign, with what `claim` makes of an honest claim. */
async function forge(name: string, module: Uint8Array, asked: Partial<JobManifest>, spoil: (honest: Claim) => Claim) {
  assert.ok(submitter !== undefined && executor !== undefined)
  const manifest = completeManifest(
    { module: digestOf(module), ...asked },
    { stdin: { digest: digestOf(new Uint8Array(0)), size: 0 }, nonce: '00'.repeat(16) },
  )
  const at = '2026-01-01T00:00:00.000Z'
  const jobId = '01890000-0000-7000-8000-000000000000'
  const request = signRequest(
    { manifest, jobId, replica: 0, attempt: 1, executor: didOf(executor.publicKey), issuedAt: at },
    submitter,
  )
  const empty = { digest: digestOf(new Uint8Array(0)), size: 0 }
  const honest = makeClaim(manifest, {
    outcome: { reason: 'exited', exitCode: 0 },
    fuel: 1,
    stdout: empty,
    stderr: empty,
  })
  const runtime = { name: 'node', version: '1', engine: 'none', arch: 'none' }
  const spent = { wallUs: 1, cpuUs: 1, compileUs: 1, memoryBytesPeak: 0, startedAt: at, finishedAt: at }
  const { envelope } = signReceipt(
    {
      claim: spoil(honest),
      measurement: { ...spent, salt: '00'.repeat(16), runtime },
      binding: makeBinding(request.request, request.digest),
    },
    executor,
  )
  await writeFile(file(`${name}.receipt`), envelope)
  await writeFile(file(`${name}.request`), request.envelope)
  await writeFile(file(`${name}.wasm`), module)
  return request
}

test('what a node signed is, byte for byte, what a replay finds, however the job ended', async () => {
  const jobs: [string, string, Partial<JobManifest>][] = [
    ['exited', helloFile, { stdin: { text: 'abc' } }],
    ['echoed', file('echo.wasm'), { stdin: { base64: Buffer.from([0, 255, 128]).toString('base64') } }],
    ['trapped', file('trap-divide.wasm'), {}],
    ['late', file('loop.wasm'), { resources: { fuel: 1_000_000 } }],
    ['flooded', helloFile, { stdin: { text: 'abc' }, resources: { outputBytes: 2 } }],
    ['told', file('args-and-environ.wasm'), { args: ['é', ''], env: { B: '1', A: '' }, seed: '11'.repeat(32) }],
    ['vectors', file('simd.wasm'), { resources: { memoryBytes: 131_072 } }],
  ]
  const reasons = new Set<string>()
  for (const [name, module, asked] of jobs) {
    await runOnNode(name, module, asked)
    const { request } = readRequest(await readFile(file(`${name}.request`)), nobleEd25519)
    const { claim } = readReceipt(await readFile(file(`${name}.receipt`))).predicate
    const { text = '', base64 } = asked.stdin ?? {}
    const stdin = base64 === undefined ? utf8(text) : Buffer.from(base64, 'base64')
    const found = replay(await readFile(module), request.manifest, { stdin })
    assert.equal(canonical(found), canonical(claim), name)
    assert.equal(claimDigest(found), claimDigest(claim))
    if (reasons.has(claim.outcome.reason)) continue
    reasons.add(claim.outcome.reason)
    await writeFile(file('stdin'), stdin)
    const { code, document } = await verify(name, '--module', module, '--stdin', file('stdin'))
    assert.deepEqual([code, document.verdict, document.assurance], [0, 'valid', 'replayed'], name)
    assert.deepEqual(document.replay?.differences, [])
    assert.deepEqual(document.checks.at(-1)?.name, 'replay')
  }
  assert.deepEqual(reasons, new Set(['exited', 'stopped', 'outputExceeded']))
})

test('a person reads what was found', async () => {
  await runOnNode('mine', helloFile, { stdin: { text: 'abc' } })
  await writeFile(file('abc'), 'abc')
  const words = [file('mine.receipt'), '--replay', '--request', file('mine.request'), '--module', helloFile]
  const { code, out, err } = await plasm(['verify', ...words, '--stdin', file('abc')])
  assert.deepEqual([code, err], [0, ''])
  assert.match(out, /^valid, replayed\. /)
  assert.match(
    out,
    /It claims that module sha256:\w+ exited with 0, with 3 bytes of stdout and \d+ of 1000000000000 fuel used\.\nThe job was run again here, in .*: so it is\.\n$/,
  )
})

test('a claim that is not what the module gives is invalid, and each member that differs is shown', async () => {
  const echo = await readFile(file('echo.wasm'))
  const output = { digest: digestOf(utf8('never written')), size: 13 }
  await forge('liar', echo, {}, honest => ({ ...honest, outcome: { reason: 'exited', exitCode: 3 }, stdout: output }))
  const { code, document } = await verify('liar', '--module', file('echo.wasm'))
  assert.deepEqual([code, document.verdict, document.assurance], [1, 'invalid', undefined])
  const differences = document.replay?.differences ?? []
  assert.deepEqual(differences.map(({ member }) => member).sort(), [
    'fuel',
    'outcome.exitCode',
    'stdout.digest',
    'stdout.size',
  ])
  assert.deepEqual(
    differences.find(({ member }) => member === 'stdout.size'),
    { member: 'stdout.size', claimed: 13, found: 0 },
  )
  const check = document.checks.at(-1)
  assert.deepEqual([check?.name, check?.result], ['replay', 'failed'])
  const shown = await plasm([
    'verify',
    file('liar.receipt'),
    '--replay',
    '--request',
    file('liar.request'),
    '--module',
    file('echo.wasm'),
  ])
  assert.equal(shown.code, 1)
  assert.match(
    shown.out,
    /^invalid\n {2}failed .*\n[^]* {2}outcome\.exitCode: claimed 3, found 0\n[^]*run the job elsewhere/,
  )
})

test('a claim that says more than this program knows is neither right nor wrong to it', async () => {
  const echo = await readFile(file('echo.wasm'))
  await forge('honest', echo, {}, honest => honest)
  const { document: wrong } = await verify('honest', '--module', file('echo.wasm'))
  const fuel = wrong.replay?.differences.find(({ member }) => member === 'fuel')?.found
  assert.ok(typeof fuel === 'number' && wrong.verdict === 'invalid')
  await forge('novel', echo, {}, honest => ({ ...honest, fuel, more: true }) as Claim)
  const novel = await verify('novel', '--module', file('echo.wasm'))
  assert.deepEqual([novel.code, novel.document.verdict, novel.document.assurance], [1, 'unverifiable', undefined])
  assert.deepEqual(
    novel.document.replay?.differences.find(({ member }) => member === 'more'),
    { member: 'more', claimed: true },
  )
})

test('a module that does not end is ended, in whatever loop it is', async () => {
  const forever = `(module (memory 4096) (func (export "_start")
    (loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 268435456)) (br 0))))`
  const patient = { resources: { fuel: Number.MAX_SAFE_INTEGER, memoryBytes: 268_435_456 } }
  await forge('forever', await compileText(forever), patient, honest => honest)
  const { code, document } = await verify('forever', '--module', file('forever.wasm'), '--timeout', '2s')
  assert.deepEqual([code, document.error?.code], [124, 'timeout'])
  assert.match(document.error?.hint ?? '', /--timeout/)
})

test('what cannot be replayed says why, and what to do', async () => {
  await runOnNode('plain', helloFile, { stdin: { text: 'abc' } })
  await runOnNode('granted', file('clock-and-random.wasm'), { capabilities: ['clock', 'random'] })
  await runOnNode('other', helloFile, { stdin: { text: 'abc' } })
  await writeFile(file('abc'), 'abc')
  await forge('rejected', utf8('no module'), {}, honest => honest)
  const refused = async (code: string, pattern: RegExp, job: string, ...rest: string[]) => {
    const { code: exitCode, document } = await verify(job, ...rest)
    assert.deepEqual([exitCode, document.error?.code], [126, code], rest.join(' '))
    assert.match(`${document.error?.message}\n${document.error?.hint}`, pattern)
  }
  await refused('argument', /without its module "sha256:\w{64}".*--module\n.*plasm modules get/, 'plain')
  await refused(
    'argument',
    /Cannot read the module ".*": there is no such file\n.*modules get/,
    'plain',
    '--module',
    file('none'),
  )
  await refused('argument', /is sha256:\w+, and the request names sha256/, 'plain', '--module', file('echo.wasm'))
  await refused('argument', /the 3 bytes "sha256:\w+" that it read: .*--stdin\n/, 'plain', '--module', helloFile)
  await refused('argument', /stdin ".*" is sha256/, 'plain', '--module', helloFile, '--stdin', helloFile)
  await refused('unsupported', /granted clock and random/, 'granted', '--module', file('clock-and-random.wasm'))
  await refused(
    'argument',
    /not the signed request of a job: .*payload type\b.*\n.*plasm receipt --request/,
    'plain',
    '--request',
    file('plain.receipt'),
  )
  await refused('argument', /"\S+" is not the signed request of a job: .*offset 0/, 'plain', '--request', file('abc'))
  await refused('moduleRejected', /./, 'rejected', '--module', file('rejected.wasm'))
  const none = await json(['verify', file('plain.receipt'), '--replay', '--module', helloFile])
  assert.deepEqual([none.code, none.document.error?.code], [126, 'argument'])
  const gone = await json(['verify', file('plain.receipt'), '--replay', '--request', file('none')])
  assert.match(gone.document.error?.hint ?? '', /plasm receipt --request -o FILE JOB/)
})

test('a request of another job is found out, replayed or not, before any other file is looked for', async () => {
  const words = ['verify', file('plain.receipt'), '--request', file('other.request')]
  for (const more of [[], ['--replay'], ['--replay', '--module', file('echo.wasm'), '--stdin', file('abc')]]) {
    const { code, document } = await json([...words, ...more])
    assert.deepEqual([code, document.verdict, document.replay], [1, 'invalid', undefined])
    assert.match(document.hint ?? '', /answers another request.*plasm receipt --request/)
  }
  const right = await json(['verify', file('plain.receipt'), '--request', file('plain.request')])
  assert.deepEqual([right.code, right.document.verdict, right.document.hint], [0, 'valid', undefined])
})

test('every receipt that does not hold comes with the next step', async () => {
  const receipt = await readFile(file('plain.receipt'), 'utf8')
  const { payload, ...rest } = JSON.parse(receipt) as { payload: string }
  const altered = Buffer.from(payload, 'base64').toString().replace('"exitCode":0', '"exitCode":1')
  await writeFile(file('altered'), JSON.stringify({ ...rest, payload: Buffer.from(altered).toString('base64') }))
  const stranger = didOf((submitter as NonNullable<typeof submitter>).publicKey)
  const said = async (...words: string[]) => {
    const { code, out } = await plasm(['verify', ...words])
    assert.equal(code, 1, out)
    return out.trimEnd().split('\n').at(-1) ?? ''
  }
  assert.match(await said(file('altered')), /altered it.*fetch it again/)
  assert.match(await said(file('plain.receipt'), '--executor', stranger), /Another key signed it.*without --executor/)
  assert.match(await said(file('plain.request')), /not the receipt of a job.*plasm receipt -o FILE JOB/)
  assert.match(await said(file('abc')), /not the receipt of a job/)
  assert.match(await said(file('plain.receipt'), '--stdin', file('echo.wasm')), /another stdin.*plasm verify --json/)
  const none = await json(['verify', file('none')])
  assert.deepEqual([none.code, none.document.error?.code], [126, 'argument'])
})

test('a job with less fuel than it needs is stopped, and so is its replay', async () => {
  const { code, err } = await plasm(['run', '--fuel', '5000', helloFile])
  assert.equal(code, 134, err)
  assert.match(err, /ended with fuelExhausted\b[^]*Raise --fuel/)
  const [id] = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(err) ?? []
  await plasm(['receipt', '-o', file('short.receipt'), id ?? ''])
  await plasm(['receipt', '--request', '-o', file('short.request'), id ?? ''])
  const words = ['verify', file('short.receipt'), '--replay', '--request', file('short.request'), '--module', helloFile]
  assert.match((await plasm(words)).out, /^valid, replayed[^]*was stopped .* and 5000 of 5000 fuel used\./)
})
