/** For tests: an app that listens, over parts that keep everything in memory and a scheduler whose jobs end when the test says so. */
import { randomUUIDv7 } from 'node:crypto'
import { digestOf } from '../../../phase/digest.ts'
import { PhaseError } from '../../../phase/errors.ts'
import {
  createdEvent,
  isTerminal,
  type Job,
  type JobEvent,
  type JobTransition,
  transition,
} from '../../../phase/job.ts'
import { completeManifest, inlineStdin, readManifest, taskDigest } from '../../../phase/manifest.ts'
import type { ModuleInfo } from '../../../phase/module.ts'
import type { Peer } from '../../../phase/peer.ts'
import type { Content } from '../../../phase/schema.ts'
import { JobEvents } from '../../events.ts'
import { createLog } from '../../log.ts'
import { Metrics } from '../../metrics.ts'
import { type AppParts, createApp, type HttpLimits } from '../app.ts'

export const peerId = '12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X'
export const did = 'did:key:z6MktwupdmLXVVqTzCw4i46r4uGyosGXRnR3XjN4Zq7oMMsw'
export const peer: Peer = {
  peerId,
  did,
  addresses: [`/ip4/127.0.0.1/tcp/7528/p2p/${peerId}`],
  version: '0.1.0',
  profiles: ['phase-wasm32-v0'],
  limits: { memoryBytes: 1, outputBytes: 1, stdinBytes: 1, moduleBytes: 1, timeoutMs: 1 },
  slots: 2,
  load: 0,
  latencyUs: 300,
  lastSeenAt: '2026-01-01T00:00:00.000Z',
}

const now = () => new Date().toISOString()

export class MemoryBlobs {
  readonly all = new Map<string, Uint8Array>()

  async put(
    source: AsyncIterable<Uint8Array> | Uint8Array,
    { bytesMax }: { bytesMax: number },
  ): Promise<Content & { created: boolean }> {
    const chunks: Uint8Array[] = []
    let size = 0
    for await (const chunk of source instanceof Uint8Array ? [source] : source) {
      size += chunk.length
      if (size > bytesMax) throw new PhaseError('tooLarge', `Cannot store the blob: it exceeds ${bytesMax} bytes`)
      chunks.push(chunk)
    }
    const bytes = new Uint8Array(Buffer.concat(chunks))
    const digest = digestOf(bytes)
    const created = !this.all.has(digest)
    this.all.set(digest, bytes)
    return { digest, size, created }
  }

  async get(digest: string): Promise<Content | undefined> {
    const bytes = this.all.get(digest)
    return bytes === undefined ? undefined : { digest, size: bytes.length }
  }

  async *read(digest: string): AsyncGenerator<Uint8Array> {
    const bytes = this.all.get(digest) ?? new Uint8Array(0)
    for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536)
  }
}

/** Jobs with their events, moved on by phase's own state machine. */
export class MemoryJobs {
  readonly all = new Map<string, Job>()
  readonly events = new Map<string, JobEvent[]>()
  readonly requests = new Map<string, Uint8Array>()
  readonly keys = new Map<string, { fingerprint: string; id: string }>()

  async get(id: string): Promise<Job | undefined> {
    return this.all.get(id)
  }

  async list(page: { state?: string; cursor?: string; limit: number }): Promise<{ items: Job[]; nextCursor?: string }> {
    const fitting = [...this.all.values()].filter(job => page.state === undefined || job.state === page.state).reverse()
    const from = Number(page.cursor ?? 0)
    const next = from + page.limit
    return {
      items: fitting.slice(from, next),
      ...(next < fitting.length ? { nextCursor: String(next) } : {}),
    }
  }

  async listEvents(id: string, after: number, limit: number): Promise<JobEvent[]> {
    return (this.events.get(id) ?? []).filter(event => event.sequence > after).slice(0, limit)
  }

  async getRequest(id: string): Promise<Uint8Array | undefined> {
    return this.requests.get(id)
  }

  add(job: Job): void {
    this.all.set(job.id, job)
    this.events.set(job.id, [createdEvent(job)])
  }

  apply(id: string, event: JobTransition): JobEvent {
    const before = this.all.get(id)
    if (before === undefined) throw new PhaseError('notFound', `Cannot find job "${id}"`)
    const after = transition(before, event)
    this.all.set(id, after.job)
    this.events.get(id)?.push(after.event)
    return after.event
  }
}

type Change = JobTransition extends infer T ? (T extends unknown ? Omit<T, 'at' | 'attempt'> : never) : never

/** Keeps what the real one promises of `submit`, `cancel` and `wait`; `apply` is the test's hand on a job. */
export class ManualScheduler {
  /** What the next `submit` throws. */
  refusal: PhaseError | undefined
  private readonly jobs: MemoryJobs
  private readonly modules: Map<string, ModuleInfo>
  private readonly published: JobEvents

  constructor(jobs: MemoryJobs, modules: Map<string, ModuleInfo>, published: JobEvents) {
    this.jobs = jobs
    this.modules = modules
    this.published = published
  }

  async submit(value: unknown, options: { idempotencyKey?: string } = {}): Promise<{ job: Job; created: boolean }> {
    if (this.refusal !== undefined) throw this.refusal
    const asked = readManifest(value)
    if (!this.modules.has(asked.module)) {
      throw new PhaseError('unknownDigest', `Cannot accept the job: module "${asked.module}" is not known`, {
        pointer: '/module',
      })
    }
    const bytes = inlineStdin(asked.stdin) ?? new Uint8Array(0)
    const stdin = { digest: digestOf(bytes), size: bytes.length }
    const fingerprint = JSON.stringify(asked)
    const known = this.jobs.keys.get(options.idempotencyKey ?? '')
    if (known !== undefined) {
      if (known.fingerprint !== fingerprint) throw new PhaseError('idempotencyConflict', 'Cannot reuse the key')
      return { job: this.jobs.all.get(known.id) as Job, created: false }
    }
    const manifest = completeManifest(asked, { stdin, nonce: '00'.repeat(16) })
    const at = now()
    const id = randomUUIDv7()
    const job: Job = {
      id,
      state: 'queued',
      attempt: 1,
      manifest,
      taskDigest: taskDigest(manifest),
      sequence: 1,
      createdAt: at,
      queuedAt: at,
    }
    this.jobs.add(job)
    if (options.idempotencyKey !== undefined) this.jobs.keys.set(options.idempotencyKey, { fingerprint, id })
    return { job, created: true }
  }

  async cancel(id: string): Promise<Job> {
    this.apply(id, { type: 'cancelRequested' })
    return this.jobs.all.get(id) as Job
  }

  async wait(id: string, waitMs: number, signal: AbortSignal): Promise<Job> {
    const leave = AbortSignal.any([signal, AbortSignal.timeout(waitMs)])
    const events = this.published.subscribe({ jobId: id }, leave)
    const now = this.jobs.all.get(id)
    if (now !== undefined && isTerminal(now.state)) return now
    for await (const event of events) if (isTerminal(event.state)) break
    if (signal.aborted) throw new PhaseError('cancelled', `Cannot wait for job "${id}": the caller left`)
    return this.jobs.all.get(id) as Job
  }

  apply(id: string, change: Change): JobEvent {
    const attempt = this.jobs.all.get(id)?.attempt ?? 1
    const event = this.jobs.apply(id, { ...change, at: now(), attempt } as JobTransition)
    this.published.publish(event)
    return event
  }

  run(id: string): void {
    this.apply(id, { type: 'assigned', executor: peerId })
    this.apply(id, { type: 'started' })
  }
}

export interface FixtureOptions {
  http?: Partial<AppParts['http']>
  limits?: Partial<HttpLimits>
  readiness?: { ready: boolean; reasons: string[] }
}

export async function startApp(options: FixtureOptions = {}) {
  const blobs = new MemoryBlobs()
  const jobs = new MemoryJobs()
  const modules = new Map<string, ModuleInfo>()
  const receipts = new Map<string, Uint8Array>()
  const events = new JobEvents()
  const scheduler = new ManualScheduler(jobs, modules, events)
  const logged: string[] = []
  const app = createApp({
    http: { host: '127.0.0.1', port: 0, allowHosts: [], allowOrigins: [], ...options.http },
    jobs,
    receipts: {
      getByJob: async id => receipts.get(id),
      listByJob: async id => [receipts.get(id)].filter(receipt => receipt !== undefined),
    },
    modules: {
      get: async digest => modules.get(digest),
      put: async info => void modules.set(info.digest, info),
      list: async () => ({ items: [...modules.values()] }),
    },
    blobs,
    scheduler,
    events,
    peers: {
      list: () => [peer],
      async *discover() {
        yield peer
      },
    },
    executor: {
      async inspect(bytes) {
        if (bytes[0] === 0) return { imports: [], exports: [{ name: '_start', kind: 'function' }] }
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
  const module = digestOf(bytes)
  modules.set(module, { digest: module, size: bytes.length, imports: [], exports: [], createdAt: now() })
  blobs.all.set(module, bytes)
  return {
    app,
    url,
    port: Number(new URL(url).port),
    blobs,
    jobs,
    modules,
    receipts,
    events,
    scheduler,
    logged,
    module,
  }
}

export type Fixture = Awaited<ReturnType<typeof startApp>>
