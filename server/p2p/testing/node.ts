/** A node without its API: network, store and worker are real; what a job does when it runs is the test's to say. */
import { randomBytes, randomUUIDv7 } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { digestOf } from '../../../phase/digest.ts'
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

export interface TestNode {
  identity: Identity
  p2p: P2p
  store: Store
  worker: Worker
  /** The one address, with the peer id. */
  address: string
  stop(): Promise<void>
}

export interface TestNodeOptions extends Partial<P2pParts> {
  identity?: Identity
  slots?: number
  run?: Run
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

/** A port of this machine that nobody uses now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Started, and stopped by the end of `t`. */
export async function startNode(t: TestContext, options: TestNodeOptions = {}): Promise<TestNode> {
  const { slots = 0, run = () => Promise.resolve(exited()), says = signNodeInfo, ...parts } = options
  const identity = options.identity ?? (await newIdentity())
  const directory = await mkdtemp(join(tmpdir(), 'plasm-p2p-'))
  const store = new Store({ directory, bytesMax: 2 ** 30 })
  await store.start()
  const worker = new Worker({
    identity,
    ed25519: nodeEd25519,
    executor: { run, runtime: { name: 'test', version: '0', engine: 'none', arch: 'none' } },
    blobs: store.blobs,
    holdings: store.peers,
    limits,
    slots,
  })
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
    taker: worker,
    blobs: store.blobs,
    log: { debug() {}, warn() {} },
    ...parts,
  })
  let stopped: Promise<void> | undefined
  const stopParts = async () => {
    await p2p.stop()
    await worker.stop(AbortSignal.abort())
    await store.stop()
    await rm(directory, { recursive: true, force: true })
  }
  const stop = () => (stopped ??= stopParts())
  t.after(stop)
  await p2p.start()
  return { identity, p2p, store, worker, address: p2p.addresses()[0] as string, stop }
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
export function offerFrom(from: TestNode, to: TestNode, asked: Asked): OutgoingOffer & { sink: Results } {
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
  /** Called for every piece of output: a test may break something meanwhile. */
  onOutput: (bytes: number) => void = () => {}
  end: ExecutionEnd | undefined
  private readonly signed: SignedRequest

  constructor(signed: SignedRequest) {
    this.signed = signed
  }

  async accepted(): Promise<void> {
    this.events.push('accepted')
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

/** Asks the DHT until all of `wanted` have answered. @throws after 30 s. */
export async function findAll(node: TestNode, wanted: readonly TestNode[]): Promise<void> {
  const signal = AbortSignal.timeout(30_000)
  const missing = new Set(wanted.map(({ identity }) => identity.peerId))
  while (missing.size > 0) {
    signal.throwIfAborted()
    for await (const { peerId } of node.p2p.discover(signal)) missing.delete(peerId)
  }
}

/** Resolves when `node` meets a node that `isWanted`. */
export function meets(node: TestNode, isWanted: (peerId: string) => boolean = () => true): Promise<void> {
  return new Promise(resolve => {
    node.p2p.onMeet(peerId => {
      if (isWanted(peerId)) resolve()
    })
  })
}
