/** The scheduler with a real store and real executors; only the network between them is made up, so that peers can lie on cue. */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { compileFixture } from '../../machine/fixtures/compile.ts'
import { digestOf } from '../../phase/digest.ts'
import { type ErrorCode, PhaseError } from '../../phase/errors.ts'
import type { Job } from '../../phase/job.ts'
import type { JobManifest } from '../../phase/manifest.ts'
import type { NodeLimits, Peer } from '../../phase/peer.ts'
import { Executor } from '../executor/executor.ts'
import { type Identity, nodeEd25519, openIdentity } from '../identity.ts'
import type { OutgoingOffer, P2p, TakenEvent } from '../p2p/p2p.ts'
import { Store } from '../store/store.ts'
import { helloFile } from '../testing/client.ts'
import { Directory } from './directory.ts'
import { Scheduler } from './scheduler.ts'
import { Worker } from './worker.ts'

const mib = 2 ** 20
const limits: NodeLimits = {
  memoryBytes: 256 * mib,
  outputBytes: 16 * mib,
  stdinBytes: 16 * mib,
  moduleBytes: mib,
  timeoutMs: 60_000,
}
const log = { info: (...a: unknown[]) => process.env['DEBUG'] && console.log(...a), warn() {}, error() {}, debug() {} }
const now = () => new Date().toISOString()
const never = new AbortController().signal

/** What a peer does to an offer: nothing special unless it says so. */
interface Conduct {
  refuse?: PhaseError
  /** The connection breaks after the run began. */
  breaks?: boolean
  /** Changes what comes back. */
  tamper?: (ended: Ended) => Partial<Ended>
}
type Ended = TakenEvent & { type: 'ended' }

interface Remote {
  identity: Identity
  worker: Worker
  conduct: Conduct[]
  offers: number
}

let directory: string
let executor: Executor
let hello: string
let loop: string
const stops: (() => Promise<unknown>)[] = []

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'plasm-scheduler-'))
  executor = new Executor({ children: 2, isolation: 'pool', log })
  await executor.start()
})

after(async () => {
  for (const stop of stops.toReversed()) await stop()
  await executor.stop()
  await rm(directory, { recursive: true, force: true })
})

/** A gateway without slots and some peers that run jobs. */
async function network(conducts: Conduct[][]) {
  const name = join(directory, crypto.randomUUID())
  const store = new Store({ directory: name, bytesMax: 512 * mib })
  await store.start()
  const gateway = await openIdentity(`${name}.key`)
  const remotes = new Map<string, Remote>()
  for (const [index, conduct] of conducts.entries()) {
    const identity = await openIdentity(`${name}.${index}.key`)
    const worker = new Worker({
      identity,
      ed25519: nodeEd25519,
      executor,
      blobs: store.blobs,
      holdings: store.peers,
      limits,
      slots: 2,
    })
    remotes.set(identity.peerId, { identity, worker, conduct, offers: 0 })
  }
  const p2p: Pick<P2p, 'offer' | 'discover' | 'hello' | 'onMeet'> = {
    onMeet: () => {},
    hello: () => Promise.reject(new PhaseError('unavailable', 'nobody')),
    async *discover() {
      for (const { identity } of remotes.values()) yield peerOf(identity)
    },
    offer: (peerId, offer, signal) => carry(remotes.get(peerId) as Remote, gateway.peerId, offer, signal, store),
  }
  const worker = new Worker({
    identity: gateway,
    ed25519: nodeEd25519,
    executor,
    blobs: store.blobs,
    holdings: store.peers,
    limits,
    slots: 0,
  })
  const directoryOfPeers = new Directory({ p2p, peers: store.peers, log, nowMs: Date.now })
  const scheduler = new Scheduler({
    identity: gateway,
    ed25519: nodeEd25519,
    worker,
    p2p,
    directory: directoryOfPeers,
    jobs: store.jobs,
    blobs: store.blobs,
    submission: { modules: store.modules, blobs: store.blobs, limits, slots: 0 },
    publish: () => {},
    log,
    now,
    nowMs: Date.now,
    queueMax: 100,
  })
  hello = await keep(store, await readFile(helloFile))
  loop = await keep(store, await compileFixture('loop'))
  directoryOfPeers.start()
  await scheduler.start()
  stops.push(async () => {
    await scheduler.stop(AbortSignal.abort())
    await directoryOfPeers.stop()
    await store.stop()
  })
  const run = async (manifest: Partial<JobManifest> = {}): Promise<Job> => {
    const { job } = await scheduler.submit({ module: hello, ...manifest })
    return scheduler.wait(job.id, 30_000, never)
  }
  return { store, scheduler, remotes: [...remotes.values()], run }
}

async function keep(store: Store, bytes: Uint8Array): Promise<string> {
  const digest = digestOf(bytes)
  await store.blobs.put(bytes, { bytesMax: mib })
  await store.modules.put({ digest, size: bytes.length, imports: [], exports: [], createdAt: now() })
  return digest
}

async function carry(
  remote: Remote,
  submitter: string,
  offer: OutgoingOffer,
  signal: AbortSignal,
  store: Store,
): Promise<void> {
  remote.offers++
  const conduct = remote.conduct.shift() ?? {}
  if (conduct.refuse !== undefined) throw new PhaseError('refused', conduct.refuse.message, { cause: conduct.refuse })
  const { worker } = remote
  const stdin = offer.stdin === undefined ? {} : { stdin: offer.stdin }
  const fetch = async ({ digest }: { digest: string }) => store.blobs.read(digest)
  const key = await worker.take({ submitter, request: offer.request, ...stdin, fetch }, signal)
  signal.addEventListener('abort', () => void worker.cancel(key), { once: true })
  for await (const event of worker.watch(key, never)) {
    if (event.type === 'started') await offer.sink.started()
    if (conduct.breaks) {
      await worker.cancel(key)
      throw new PhaseError('unavailable', 'the connection broke')
    }
    if (event.type !== 'ended') continue
    const ended = { ...event, ...conduct.tamper?.(event) }
    await offer.sink.output('stdout', ended.stdout)
    await offer.sink.output('stderr', ended.stderr)
    await offer.sink.ended(ended.end, ended.receipt)
  }
  await worker.settle(key, undefined)
}

const peerOf = (identity: Identity): Peer => ({
  peerId: identity.peerId,
  did: identity.did,
  addresses: [],
  version: '0',
  profiles: ['phase-wasm32-v1'],
  limits,
  slots: 2,
  load: 0,
  latencyUs: 1,
  lastSeenAt: now(),
})

const refusal = (code: ErrorCode): Conduct => ({ refuse: new PhaseError(code, `not me: ${code}`) })

test('a job runs on a peer, and its receipt is kept', async () => {
  const { run, store } = await network([[]])
  const job = await run({ stdin: { text: 'abc' } })
  assert.equal(job.state, 'succeeded', String(job.detail))
  assert.equal((await store.receipts.listByJob(job.id)).length, 1)
  assert.equal(Buffer.from(await store.blobs.bytes(job.stdout?.digest as string)).toString(), 'cba')
})

test('a refusal costs no attempt: another peer gets the job', async () => {
  const { run, remotes } = await network([[refusal('busy')], [refusal('tooLarge')]])
  const job = await run()
  assert.equal(job.state, 'succeeded', String(job.detail))
  assert.equal(job.attempt, 1)
  assert.ok(remotes.reduce((sum, { offers }) => sum + offers, 0) >= 2)
})

test('a lost peer costs an attempt, and the job ends elsewhere with one receipt', async () => {
  const { run, store } = await network([[{ breaks: true }], [{ breaks: true }]])
  const job = await run()
  assert.equal(job.state, 'succeeded', String(job.detail))
  assert.equal(job.attempt, 3)
  assert.equal((await store.receipts.listByJob(job.id)).length, 1)
})

test('after five lost attempts the job fails, with the last reason', async () => {
  const { run } = await network(Array.from({ length: 6 }, () => [{ breaks: true }]))
  const job = await run()
  assert.equal(job.state, 'failed')
  assert.equal(job.reason, 'noPeer')
  assert.equal(job.attempt, 5)
  assert.match(job.detail ?? '', /attempt 5 of 5/)
})

const lies: [string, (ended: Ended) => Partial<Ended>][] = [
  ['other output than it signed', ended => ({ stdout: Buffer.concat([ended.stdout, Buffer.from('!')]) })],
  ['a receipt with a flipped bit', ended => ({ receipt: flip(ended.receipt as Uint8Array) })],
  ['no receipt', () => ({ receipt: undefined as never })],
  ['another exit code than it signed', ended => ({ end: { ...ended.end, exitCode: 7 } })],
  ['another reason than it signed', ended => ({ end: { ...ended.end, reason: 'trapped' } })],
  ['an error with a receipt', ended => ({ end: { ...ended.end, reason: 'timedOut' } })],
]

for (const [what, tamper] of lies) {
  test(`a peer that sends ${what} is not believed, and the job ends elsewhere`, async () => {
    const { run, store } = await network([[{ tamper }], [{ tamper }]])
    const job = await run()
    assert.equal(job.state, 'succeeded', String(job.detail))
    assert.equal(job.attempt, 3)
    assert.equal((await store.receipts.listByJob(job.id)).length, 1)
  })
}

test("a receipt for another job's request is not believed", async () => {
  const kept: { receipt?: Uint8Array } = {}
  const remember = (ended: Ended) => {
    kept.receipt = ended.receipt as Uint8Array
    return {}
  }
  const swap = () => ({ receipt: kept.receipt as Uint8Array })
  const { run } = await network([[{ tamper: remember }, { tamper: swap }], []])
  await run({ stdin: { text: 'same' } })
  const job = await run({ stdin: { text: 'same' } })
  assert.equal(job.state, 'succeeded')
  assert.equal(job.attempt, 2)
})

test('an executor that could not give the memory is a host fault: tried again', async () => {
  const fault: Conduct = {
    tamper: ({ end }) => ({
      end: { reason: 'memoryExhausted', stdout: end.stdout, stderr: end.stderr },
      receipt: undefined as never,
    }),
  }
  const { run } = await network([[fault], [fault]])
  const job = await run()
  assert.equal(job.state, 'succeeded', String(job.detail))
  assert.ok(job.attempt > 1)
})

test('a cancel while it runs is confirmed by the executor, without a receipt', async () => {
  const { scheduler, store } = await network([[]])
  const { job } = await scheduler.submit({ module: loop })
  while ((await store.jobs.get(job.id))?.state !== 'running') await new Promise(setImmediate)
  await scheduler.cancel(job.id)
  const ended = await scheduler.wait(job.id, 10_000, never)
  assert.equal(ended.state, 'cancelled')
  assert.equal((await store.receipts.listByJob(job.id)).length, 0)
})

test('with nobody there the job fails when its queue time is over', async () => {
  const { run } = await network([])
  const job = await run({ queueMs: 200 })
  assert.equal(job.reason, 'noPeer')
  assert.match(job.detail ?? '', /no executor is known/)
})

test('a full queue refuses with a time to come back', async () => {
  const { scheduler } = await network([])
  const submits = Array.from({ length: 101 }, () => scheduler.submit({ module: hello, queueMs: 60_000 }))
  const results = await Promise.allSettled(submits)
  const refused = results.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[]
  assert.equal(refused.length, 1)
  assert.equal(refused[0]?.reason.code, 'busy')
  assert.equal(refused[0]?.reason.retryAfterMs, 1_000)
})

test('what cannot be kept is refused before the job is accepted', async () => {
  const { scheduler } = await network([])
  const refused = (manifest: object, code: string) =>
    assert.rejects(scheduler.submit({ module: hello, ...manifest }), { code })
  await refused({ module: digestOf(new Uint8Array(1)) }, 'unknownDigest')
  await refused({ stdin: { digest: digestOf(new Uint8Array(2)) } }, 'unknownDigest')
  await refused({ resources: { outputBytes: 17 * mib } }, 'tooLarge')
  await refused({ placement: 'local' }, 'tooLarge')
  await refused({ replicas: 2 }, 'unsupported')
  await refused({ surprise: 1 }, 'unknownField')
  await refused({ env: { 'a=b': 'c' } }, 'invalid')
})

function flip(bytes: Uint8Array): Uint8Array {
  const text = Buffer.from(bytes).toString()
  const at = text.indexOf('"payload":"') + 60
  return Buffer.from(text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1))
}
