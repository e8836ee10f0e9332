/** The composition root: every part in plain statements, in the order of dependence; `stop` is the reverse. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { moduleBytesMax, nodeInfoTtlMs } from '../phase/limits.ts'
import { profiles } from '../phase/manifest.ts'
import { signNodeInfo } from '../phase/node-info.ts'
import type { NodeLimits, NodeStatus } from '../phase/peer.ts'
import { type Config, usingSetting } from './config.ts'
import { JobEvents } from './events.ts'
import { ExecutorClient, overSocket } from './executor/client.ts'
import { ExecutorHost } from './executor/host.ts'
import { nodeEd25519 } from './identity.ts'
import { listening } from './listening.ts'
import type { Log } from './log.ts'
import { Metrics } from './metrics.ts'
import { checkConfigured } from './p2p/addresses.ts'
import { P2p } from './p2p/p2p.ts'
import { createApp } from './routes/app.ts'
import { Directory } from './scheduler/directory.ts'
import { Scheduler } from './scheduler/scheduler.ts'
import { Worker } from './scheduler/worker.ts'
import { readSecrets, type Secrets } from './secrets.ts'
import { Store } from './store/store.ts'
import { Sweeper } from './store/sweeper.ts'
import { version } from './version.ts'

/** How long `stop` lets running jobs end before it ends them. With the rest it stays below the 10 s that service managers give. */
const drainMs = 5_000

export interface Ready {
  http: string
  p2p: string[]
  peerId: string
  /** What stands between a module and this machine. */
  sandbox: string[]
}

export interface Node {
  /** Resolves when the REST API answers. When a part cannot start, those before it are stopped again. */
  start(): Promise<Ready>
  stop(): Promise<void>
}

export function createNode(config: Config, log: Log): Node {
  const stops: (() => Promise<unknown>)[] = []
  const stop = async () => {
    for (let undo = stops.pop(); undo !== undefined; undo = stops.pop()) {
      await undo().catch((error: unknown) => log.error({ error }, 'a part did not stop cleanly'))
    }
  }
  const start = async () => {
    try {
      return await startParts(await prepare(config, log), undo => stops.push(undo))
    } catch (error) {
      await stop()
      throw error
    }
  }
  return { start, stop }
}

/** What every part may need: settings, what was read from files, the clock. */
interface Base extends Secrets {
  config: Config
  log: Log
  limits: NodeLimits
  events: JobEvents
  metrics: Metrics
  startedMs: number
  nowMs: () => number
  now: () => string
}

async function prepare(config: Config, log: Log): Promise<Base> {
  await checkAddresses(config)
  await usingSetting(config, 'data-dir', config.dataDir, () => mkdir(config.dataDir, { recursive: true, mode: 0o700 }))
  return {
    ...(await readSecrets(config)),
    config,
    log,
    limits: {
      memoryBytes: config.memoryMax,
      outputBytes: config.outputMax,
      stdinBytes: config.stdinMax,
      moduleBytes: moduleBytesMax,
      timeoutMs: config.timeoutMax,
    },
    events: new JobEvents(),
    metrics: new Metrics(),
    startedMs: Date.now(),
    nowMs: () => Date.now(),
    now: () => new Date().toISOString(),
  }
}

async function checkAddresses(config: Config): Promise<void> {
  const none = { listen: [], announce: [], bootstrap: [] }
  const uses = { p2p: 'listen', announce: 'announce', bootstrap: 'bootstrap' } as const
  for (const name of ['p2p', 'announce', 'bootstrap'] as const) {
    for (const address of config[name]) {
      await usingSetting(config, name, address, () =>
        checkConfigured(config.network, { ...none, [uses[name]]: [address] }),
      )
    }
  }
}

/** `onStop` takes what undoes each step, in order. */
async function startParts(base: Base, onStop: (undo: () => Promise<unknown>) => void): Promise<Ready> {
  const { config, log, limits, metrics, nowMs } = base
  const store = new Store({ directory: join(config.dataDir, 'store'), bytesMax: config.storeMax, nowMs })
  await store.start()
  onStop(() => store.stop())

  const host = new ExecutorHost({ log })
  onStop(() => host.stop())
  const executor = new ExecutorClient({
    connect: config.executor === undefined ? () => host.connect() : overSocket(config.executor),
    children: config.slots,
    isolation: config.isolation,
    log,
    killed: reason => metrics.killed(reason),
  })
  await executor.start()
  onStop(() => executor.stop())

  const worker = new Worker({
    ...base,
    ed25519: nodeEd25519,
    executor,
    blobs: store.blobs,
    holdings: store.peers,
    slots: config.slots,
    ran: (outcome, seconds) => metrics.ran(outcome, seconds),
  })
  const sweeper = createSweeper(base, store, worker)
  const p2p = createP2p(base, store, worker)
  const directory = new Directory({ p2p, peers: store.peers, log, nowMs })
  const scheduler = new Scheduler({
    ...base,
    ed25519: nodeEd25519,
    worker,
    p2p,
    directory,
    jobs: store.jobs,
    blobs: store.blobs,
    submission: { modules: store.modules, blobs: store.blobs, limits, slots: config.slots },
    publish: (event, job) => {
      base.events.publish(event)
      if (event.type === 'finished') metrics.job(job.state, job.reason, secondsBetween(job.createdAt, event.at))
    },
    offered: outcome => metrics.offered(outcome),
    queueMax: config.queueMax,
  })
  const app = createApi(base, { store, executor, worker, p2p, directory, scheduler })

  sweeper.start()
  onStop(() => sweeper.stop())
  await listening('p2p', config.p2p.join(', '), () => p2p.start())
  onStop(() => p2p.stop())
  directory.start()
  onStop(() => directory.stop())
  const drain = new AbortController()
  await scheduler.start()
  onStop(() => Promise.all([scheduler.stop(drain.signal), worker.stop(drain.signal)]))
  const http = await listening('http', `${config.http.host}:${config.http.port}`, () => app.listen())
  onStop(async () => {
    setTimeout(() => drain.abort(), drainMs).unref()
    await app.close()
  })
  return { http, p2p: p2p.addresses(), peerId: base.identity.peerId, sandbox: executor.sandbox }
}

function createSweeper({ config, metrics, log, nowMs }: Base, store: Store, worker: Worker): Sweeper {
  return new Sweeper({
    store,
    keepMs: config.keep,
    bytesMax: config.storeMax,
    spared: () => worker.needed,
    swept: swept => metrics.swept(swept),
    log,
    nowMs,
  })
}

function createP2p(
  { config, log, identity, networkKey, limits, startedMs, now, nowMs }: Base,
  store: Store,
  worker: Worker,
): P2p {
  let seq = startedMs
  const nodeInfo = () => {
    const expiresAt = new Date(nowMs() + nodeInfoTtlMs).toISOString()
    const { slots } = config
    const said = {
      peerId: identity.peerId,
      seq: ++seq,
      issuedAt: now(),
      expiresAt,
      version,
      profiles: [...profiles],
      limits,
      slots,
    }
    return signNodeInfo({ ...said, load: worker.slots.load }, identity)
  }
  return new P2p({
    privateKey: identity.seed,
    version,
    network: config.network,
    listen: config.p2p,
    announce: config.announce,
    bootstrap: config.bootstrap,
    ...(networkKey === undefined ? {} : { networkKey }),
    profiles,
    provides: config.slots > 0,
    nodeInfo,
    ed25519: nodeEd25519,
    taker: worker,
    blobs: store.blobs,
    log,
  })
}

interface Parts {
  store: Store
  executor: ExecutorClient
  worker: Worker
  p2p: P2p
  directory: Directory
  scheduler: Scheduler
}

function createApi(base: Base, parts: Parts): ReturnType<typeof createApp> {
  const { config, events, metrics, log, tokens } = base
  const { store, executor, worker, p2p, directory, scheduler } = parts
  metrics.observe({
    queuedJobs: () => scheduler.queued,
    unfinishedJobs: () => scheduler.unfinished,
    slots: () => worker.slots.total,
    slotsUsed: () => worker.slots.total - worker.slots.free,
    peers: () => directory.list().length,
    connections: () => p2p.connections(),
    eventStreams: () => events.size,
    storeBytes: async () => (await store.statistics()).usedBytes,
    storeBytesMax: () => config.storeMax,
  })
  return createApp({
    http: { ...config.http, allowHosts: config.allowHost, allowOrigins: config.allowOrigin, tokens },
    version,
    keepMs: config.keep,
    jobs: store.jobs,
    receipts: store.receipts,
    modules: store.modules,
    blobs: store.blobs,
    scheduler,
    events,
    peers: { list: () => directory.list(), discover: signal => directory.discover(signal) },
    executor,
    node: { status: () => status(base, parts), readiness: () => readiness(base, parts) },
    ed25519: nodeEd25519,
    metrics,
    log,
  })
}

function status(
  { config, identity, limits, startedMs, nowMs }: Base,
  { executor, worker, p2p, directory }: Parts,
): NodeStatus {
  return {
    peerId: identity.peerId,
    did: identity.did,
    addresses: p2p.addresses(),
    network: config.network,
    version,
    profiles: [...profiles],
    limits,
    slots: config.slots,
    load: worker.slots.load,
    peers: directory.list().length,
    connections: p2p.connections(),
    sandbox: executor.sandbox,
    startedAt: new Date(startedMs).toISOString(),
    uptimeMs: nowMs() - startedMs,
  }
}

async function readiness({ config }: Base, { store, executor, p2p, directory }: Parts) {
  const reasons: string[] = []
  const trouble = await store.trouble()
  if (trouble !== undefined) reasons.push(trouble)
  if (!executor.ready) reasons.push('the executor cannot be reached')
  if (!p2p.ready()) reasons.push('no peer of the network is connected')
  if (config.slots === 0 && directory.list().length === 0) {
    reasons.push('no executor is known, and this node has no slots')
  }
  return { ready: reasons.length === 0, reasons }
}

const secondsBetween = (from: string, to: string): number => (Date.parse(to) - Date.parse(from)) / 1000
