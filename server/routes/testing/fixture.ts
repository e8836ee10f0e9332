/** For tests: an app that listens, over a real store and a scheduler whose jobs end when the test says so. */
import { randomUUIDv7 } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { contentOf, digestOf } from '../../../phase/digest.ts'
import { PhaseError } from '../../../phase/errors.ts'
import { isTerminal, type Job, type JobEvent, type JobTransition } from '../../../phase/job.ts'
import { completeManifest, inlineStdin, readManifest, taskDigest } from '../../../phase/manifest.ts'
import type { Peer } from '../../../phase/peer.ts'
import { JobEvents } from '../../events.ts'
import { createLog } from '../../log.ts'
import { Metrics } from '../../metrics.ts'
import { Store } from '../../store/store.ts'
import { type AppParts, createApp, type HttpLimits } from '../app.ts'

export const peerId = '12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X'
export const did = 'did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw'
export const peer: Peer = {
  peerId,
  did,
  addresses: [`/ip4/127.0.0.1/tcp/7528/p2p/${peerId}`],
  version: '0.1.0',
  profiles: ['phase-wasm32-v1'],
  limits: { memoryBytes: 1, outputBytes: 1, stdinBytes: 1, moduleBytes: 1, timeoutMs: 1 },
  slots: 2,
  load: 0,
  latencyUs: 300,
  lastSeenAt: '2026-01-01T00:00:00.000Z',
}

const now = () => new Date().toISOString()

type Change = JobTransition extends infer T ? (T extends unknown ? Omit<T, 'at' | 'attempt'> : never) : never

/** Keeps what the real one promises of `submit`, `cancel` and `wait`; `apply` is the test's hand on a job. */
export class ManualScheduler {
  /** What the next `submit` throws. */
  refusal: PhaseError | undefined
  /** Called with each job that somebody begins to wait for. */
  onWait: (id: string) => void = () => {}
  private readonly store: Store
  private readonly published: JobEvents

  constructor(store: Store, published: JobEvents) {
    this.store = store
    this.published = published
  }

  async submit(value: unknown, options: { idempotencyKey?: string } = {}): Promise<{ job: Job; created: boolean }> {
    if (this.refusal !== undefined) throw this.refusal
    const asked = readManifest(value)
    if ((await this.store.modules.get(asked.module)) === undefined) {
      throw new PhaseError('unknownDigest', `Cannot accept the job: module "${asked.module}" is not known`, {
        pointer: '/module',
      })
    }
    const stdin = contentOf(inlineStdin(asked.stdin) ?? new Uint8Array(0))
    const manifest = completeManifest(asked, { stdin, nonce: '00'.repeat(16) })
    const at = now()
    const job: Job = {
      id: randomUUIDv7(),
      state: 'queued',
      attempt: 1,
      manifest,
      taskDigest: taskDigest(manifest),
      sequence: 1,
      createdAt: at,
      queuedAt: at,
    }
    const { idempotencyKey: key } = options
    if (key === undefined) return this.store.jobs.create(job)
    return this.store.jobs.create(job, {
      key,
      fingerprint: JSON.stringify(asked),
      expiresAt: '2999-01-01T00:00:00.000Z',
    })
  }

  async cancel(id: string): Promise<Job> {
    await this.apply(id, { type: 'cancelRequested' })
    return this.job(id)
  }

  async wait(id: string, waitMs: number, signal: AbortSignal): Promise<Job> {
    const events = this.published.subscribe({ jobId: id }, AbortSignal.any([signal, AbortSignal.timeout(waitMs)]))
    this.onWait(id)
    const before = await this.job(id)
    if (isTerminal(before.state)) return before
    for await (const event of events) if (isTerminal(event.state)) break
    if (signal.aborted) throw new PhaseError('cancelled', `Cannot wait for job "${id}": the caller left`)
    return this.job(id)
  }

  async apply(id: string, change: Change, also?: Parameters<Store['jobs']['apply']>[2]): Promise<JobEvent> {
    const { attempt } = await this.job(id)
    const { event } = await this.store.jobs.apply(id, { ...change, at: now(), attempt } as JobTransition, also)
    this.published.publish(event)
    return event
  }

  async run(id: string, request?: Uint8Array): Promise<void> {
    const also = request === undefined ? undefined : { request: { digest: digestOf(request), envelope: request } }
    await this.apply(id, { type: 'assigned', executor: peerId }, also)
    await this.apply(id, { type: 'started' })
  }

  private async job(id: string): Promise<Job> {
    const job = await this.store.jobs.get(id)
    if (job === undefined) throw new PhaseError('notFound', `Cannot find job "${id}"`)
    return job
  }
}

export interface FixtureOptions {
  http?: Partial<AppParts['http']>
  limits?: Partial<HttpLimits>
  readiness?: { ready: boolean; reasons: string[] }
  storeBytesMax?: number
}

export async function startApp(options: FixtureOptions = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'plasm-routes-'))
  const store = new Store({ directory, bytesMax: options.storeBytesMax ?? 1_000_000_000 })
  await store.start()
  const events = new JobEvents()
  const scheduler = new ManualScheduler(store, events)
  const logged: string[] = []
  const app = createApp({
    http: { host: '127.0.0.1', port: 0, allowHosts: [], allowOrigins: [], ...options.http },
    keepMs: 30 * 86_400_000,
    jobs: store.jobs,
    receipts: store.receipts,
    modules: store.modules,
    blobs: store.blobs,
    scheduler,
    events,
    peers: {
      list: () => [peer],
      async *discover() {
        yield peer
      },
    },
    executor: {
      async inspect(module) {
        const bytes = await module.bytes()
        if (bytes[0] === 0) return { imports: [], exports: [{ name: '_start', kind: 'function' }] }
        if (bytes[0] === 1) throw new PhaseError('timedOut', 'Cannot admit the module: it was not done after 20000 ms')
        if (bytes[0] === 2) throw new PhaseError('tooLarge', 'Cannot admit the module: this node has too little memory')
        throw new PhaseError('moduleRejected', 'Cannot admit the module: no magic number at offset 0')
      },
    },
    node: {
      status() {
        throw new Error('secret: the database is on fire')
      },
      readiness: () => options.readiness ?? { ready: true, reasons: [] },
    },
    ed25519: { verify: () => false },
    metrics: new Metrics(),
    log: createLog('json', line => void logged.push(line)),
    version: '0.0.0',
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  })
  const url = await app.listen()
  const bytes = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])
  const { digest: module, size } = await store.blobs.put(bytes, { bytesMax: bytes.length })
  await store.modules.put({ digest: module, size, imports: [], exports: [], createdAt: now() })
  const stop = async () => {
    await app.close()
    await store.stop()
    await rm(directory, { recursive: true })
  }
  return { stop, url, port: Number(new URL(url).port), store, events, scheduler, logged, module }
}

export type Fixture = Awaited<ReturnType<typeof startApp>>
