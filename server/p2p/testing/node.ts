/** Nodes without an API: network, store and worker are real; what a job does when it runs is the test's to say. */
import assert from 'node:assert/strict'
import { randomBytes, randomUUIDv7 } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { digestOf } from '../../../phase/digest.ts'
import { PhaseError } from '../../../phase/errors.ts'
import type { Usage } from '../../../phase/job.ts'
import { completeManifest, profiles } from '../../../phase/manifest.ts'
import { signNodeInfo } from '../../../phase/node-info.ts'
import type { NodeInfo, NodeLimits } from '../../../phase/peer.ts'
import { type SignedRequest, signRequest } from '../../../phase/request.ts'
import type { ExecutionEnd } from '../../../phase/wire.ts'
import type { Execution, Executor } from '../../executor/executor.ts'
import { type Identity, nodeEd25519, openIdentity } from '../../identity.ts'
import { Gathered } from '../../scheduler/gathered.ts'
import { settle } from '../../scheduler/settle.ts'
import { Worker } from '../../scheduler/worker.ts'
import { Store } from '../../store/store.ts'
import { type OfferSink, type OutgoingOffer, P2p, type P2pParts } from '../p2p.ts'

const mib = 2 ** 20
const limits: NodeLimits = {
  memoryBytes: 256 * mib,
  outputBytes: 64 * mib,
  stdinBytes: 64 * mib,
  moduleBytes: 64 * mib,
  timeoutMs: 3_600_000,
}

export type Run = Executor['run']

/** A node as the network sees it. */
export interface TestPeer {
  identity: Identity
  p2p: P2p
  /** The one address, with the peer id. */
  address: string
  stop(): Promise<void>
}

export interface TestNode extends TestPeer {
  store: Store
  worker: Worker
}

export interface TestPeerOptions extends Partial<P2pParts> {
  identity?: Identity
  slots?: number
  /** What it says of itself, instead of the truth. */
  says?: (info: NodeInfo, identity: Identity) => Uint8Array
}

export async function newIdentity(): Promise<Identity> {
  const directory = await mkdtemp(join(tmpdir(), 'plasm-key-'))
  try {
    return await openIdentity(join(directory, 'key'))
  } finally {
    await rm(directory, { recursive: true })
  }
}

/** Finds and is found, and refuses every job. Started, and stopped by the end of `t`. */
export async function startPeer(t: Pick<TestContext, 'after'>, options: TestPeerOptions = {}): Promise<TestPeer> {
  const { slots = 0, says = signNodeInfo, ...parts } = options
  const identity = options.identity ?? (await newIdentity())
  const refuse = () => Promise.reject(new PhaseError('busy', 'Cannot take the job: this node only looks like one'))
  const p2p = new P2p({
    network: 'local',
    listen: ['/ip4/127.0.0.1/tcp/0'],
    announce: [],
    bootstrap: [],
    privateKey: identity.seed,
    version: '0',
    profiles,
    provides: slots > 0,
    nodeInfo: () => says(infoOf(identity, slots), identity),
    ed25519: nodeEd25519,
    taker: { take: refuse, watch: () => assert.fail(), cancel: refuse, settle: refuse },
    blobs: { read: () => assert.fail() },
    log: { debug() {}, warn() {} },
    ...parts,
  })
  const stop = () => p2p.stop()
  t.after(stop)
  await p2p.start()
  return { identity, p2p, address: p2p.addresses()[0] as string, stop }
}

/** A store that ends with its test. */
export async function startStore(t: Pick<TestContext, 'after'>): Promise<Store> {
  const directory = await mkdtemp(join(tmpdir(), 'plasm-p2p-'))
  const store = new Store({ directory, bytesMax: 2 ** 30 })
  t.after(async () => {
    await store.stop()
    await rm(directory, { recursive: true, force: true })
  })
  await store.start()
  return store
}

/** A peer that keeps bytes and takes jobs. `run` is what they do. */
export async function startNode(
  t: Pick<TestContext, 'after'>,
  options: TestPeerOptions & { run?: Run; store?: Store } = {},
): Promise<TestNode> {
  const { run = () => Promise.resolve(exited()), ...others } = options
  const identity = options.identity ?? (await newIdentity())
  const store = options.store ?? (await startStore(t))
  const worker = new Worker({
    identity,
    ed25519: nodeEd25519,
    executor: { run, runtime: { name: 'test', version: '0', engine: 'none', arch: 'none' } },
    blobs: store.blobs,
    holdings: store.peers,
    limits,
    slots: options.slots ?? 0,
  })
  t.after(() => worker.stop(AbortSignal.abort()))
  const peer = await startPeer(t, { ...others, identity, taker: worker, blobs: store.blobs })
  return { ...peer, store, worker }
}

/** Teaches `from` where `peerId` is, and connects them. @throws after 60 s. */
export async function reach(from: TestPeer, { identity: { peerId } }: TestPeer, address: string): Promise<void> {
  const signal = AbortSignal.timeout(60_000)
  for (;;) {
    try {
      await from.p2p.hello(peerId, signal, [address])
      return
    } catch (error) {
      // A machine that is busy with other tests may take longer than a hello may.
      if (signal.aborted) throw error
    }
  }
}

export const infoOf = ({ peerId }: Identity, slots: number): NodeInfo => ({
  peerId,
  seq: 1,
  issuedAt: new Date().toISOString(),
  expiresAt: new Date(Date.now() + 60_000).toISOString(),
  version: '0',
  profiles: [...profiles],
  limits,
  slots,
  load: 0,
})

const usage: Usage = { wallUs: 1, cpuUs: 1, compileUs: 1, memoryBytesPeak: 65_536 }

/** An execution that ended with code 0 and this output. */
export const exited = (stdout: Uint8Array = new Uint8Array(0), stderr: Uint8Array = new Uint8Array(0)): Execution => ({
  kind: 'ended',
  outcome: { reason: 'exited', exitCode: 0 },
  fuel: 1,
  stdout,
  stderr,
  usage,
  startedAt: new Date().toISOString(),
  finishedAt: new Date().toISOString(),
})

/** A run that lasts until the test ends it, or its signal. */
export function held() {
  const begun = Promise.withResolvers<void>()
  const over = Promise.withResolvers<Execution>()
  const aborted = Promise.withResolvers<void>()
  let runs = 0
  const run: Run = async (_request, signal) => {
    runs++
    begun.resolve()
    const abort = () => {
      aborted.resolve()
      over.resolve({ kind: 'faulted', reason: 'cancelled', detail: 'cancelled' })
    }
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
    return over.promise
  }
  return { run, begun: begun.promise, aborted: aborted.promise, end: over.resolve, runs: () => runs }
}

export interface Asked {
  module: string
  stdin?: Uint8Array
  /** Whether stdin travels inside the offer. */
  inline?: boolean
  jobId?: string
  attempt?: number
  outputBytes?: number
  nonce?: string
}

/** What `from` offers to `to`, and what comes back. */
export function offerFrom(
  from: TestPeer,
  to: Pick<TestPeer, 'identity'>,
  asked: Asked,
): OutgoingOffer & { sink: Results } {
  const stdin = asked.stdin ?? new Uint8Array(0)
  const { module, attempt = 1, outputBytes = 64 * mib, nonce = randomBytes(16).toString('hex') } = asked
  const content = { digest: digestOf(stdin), size: stdin.length }
  const manifest = completeManifest({ module, resources: { outputBytes } }, { stdin: content, nonce })
  const jobId = asked.jobId ?? randomUUIDv7()
  const signed = signRequest(
    { manifest, jobId, replica: 0, attempt, executor: to.identity.did, issuedAt: new Date().toISOString() },
    from.identity,
  )
  return {
    request: signed.envelope,
    jobId,
    attempt,
    ...(asked.inline !== false && stdin.length > 0 ? { stdin } : {}),
    names: [module, content.digest],
    startMs: 60_000,
    runMs: 60_000,
    sink: new Results(signed),
  }
}

/** Takes what comes back and believes it as the scheduler does. */
export class Results implements OfferSink {
  readonly events: string[] = []
  readonly outputs = { stdout: new Gathered(), stderr: new Gathered() }
  readonly begun = Promise.withResolvers<void>()
  private readonly accepting = Promise.withResolvers<void>()
  readonly taken = this.accepting.promise
  /** Called for every piece of output: a test may break something meanwhile. */
  onOutput: (bytes: number) => void = () => {}
  end: ExecutionEnd | undefined
  private readonly signed: SignedRequest

  constructor(signed: SignedRequest) {
    this.signed = signed
  }

  /** Another taker of the same. */
  again(): Results {
    return new Results(this.signed)
  }

  async accepted(): Promise<void> {
    this.events.push('accepted')
    this.accepting.resolve()
  }

  async started(): Promise<void> {
    this.events.push('started')
    this.begun.resolve()
  }

  async progress(detail: string): Promise<void> {
    this.events.push(`progress ${detail}`)
  }

  async output(stream: 'stdout' | 'stderr', bytes: Uint8Array): Promise<void> {
    this.outputs[stream].append(bytes)
    const size = this.outputs.stdout.bytes.length + this.outputs.stderr.bytes.length
    const limit = this.signed.request.manifest.resources.outputBytes
    if (size > limit) throw new PhaseError('protocol', `Cannot accept the result: output passes ${limit} bytes`)
    this.onOutput(bytes.length)
  }

  async ended(end: ExecutionEnd, receipt: Uint8Array | undefined): Promise<{ receiptId?: string }> {
    const contentOf = (bytes: Uint8Array) => ({ digest: digestOf(bytes), size: bytes.length })
    const [stdout, stderr] = [contentOf(this.outputs.stdout.bytes), contentOf(this.outputs.stderr.bytes)]
    const { receiptId } = settle(this.signed, { end, receipt, stdout, stderr }, nodeEd25519)
    this.events.push(`ended ${end.reason}`)
    this.end = end
    return receiptId === undefined ? {} : { receiptId }
  }
}

/** Asks the DHT until all of `wanted` have answered. @throws after 60 s. */
export async function findAll(node: TestPeer, wanted: readonly TestPeer[]): Promise<void> {
  const signal = AbortSignal.timeout(60_000)
  const missing = new Set(wanted.map(({ identity }) => identity.peerId))
  while (missing.size > 0) {
    signal.throwIfAborted()
    for await (const { peerId } of node.p2p.discover(signal)) missing.delete(peerId)
  }
}

/** Resolves when `node` meets a node that `isWanted`. */
export function meets(node: TestPeer, isWanted: (peerId: string) => boolean = () => true): Promise<void> {
  return new Promise(resolve => {
    node.p2p.onMeet(peerId => {
      if (isWanted(peerId)) resolve()
    })
  })
}
