/**
 * The executor as one part behind a stream: children, their end, what they took. Inside the node, or, started from this file, in a process
 * and a service of its own that has no network, no key and no writable disk: `node host.ts SOCKET`, or with a socket from systemd.
 */
import { randomUUID } from 'node:crypto'
import { rmSync, statSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { type Duplex, duplexPair } from 'node:stream'
import { hex } from '../../phase/bytes.ts'
import { isPhaseError, PhaseError } from '../../phase/errors.ts'
import { blobBytesMax, moduleBytesMax } from '../../phase/limits.ts'
import type { Execution, ExecutorOptions, KillReason } from './execution.ts'
import { Executor } from './executor.ts'
import { boundGarbage } from './heap.ts'
import type { FromHost, OpenMessage, RunRequest, ToHost } from './host-messages.ts'
import { Channel, type Frame } from './messages.ts'
import { RewrittenCache } from './rewritten-cache.ts'
import { serviceLayers } from './service-layers.ts'

/** Requests at one time: each slot's job, and what is being admitted. */
const connectionsMax = 2_048
/** One node is what is meant; one more while it restarts. */
const sessionsMax = 8
/** Kills that are told at once; a frame's header has a bound. */
const killsMax = 10_000

export interface HostOptions {
  log: ExecutorOptions['log']
  /** What shuts in the host itself. */
  layers?: readonly string[]
}

export class ExecutorHost {
  private readonly options: HostOptions
  private readonly streams = new Set<Duplex>()
  private readonly sessions = new Map<string, Executor>()
  private readonly stopping = new Set<Promise<void>>()
  private readonly cache = new RewrittenCache()

  constructor(options: HostOptions) {
    this.options = options
  }

  /** A stream to this host from inside the process. */
  connect(): Duplex {
    const [near, far] = duplexPair({ allowHalfOpen: false })
    this.accept(far)
    return near
  }

  /** Serves the one request that comes over `stream`. */
  accept(stream: Duplex): void {
    this.streams.add(stream)
    stream.once('close', () => this.streams.delete(stream))
    const channel: HostChannel = new Channel(stream, 'the node')
    void this.serve(channel, closeSignal(stream)).catch((error: unknown) => {
      if (isPhaseError(error)) channel.send({ type: 'refused', code: error.code, message: error.message })
      else channel.send({ type: 'refused', code: 'internal', message: String(error) })
    })
  }

  /** Resolves when no child is left. */
  async stop(): Promise<void> {
    for (const stream of this.streams) stream.destroy()
    for (const session of this.sessions.keys()) this.close(session)
    await Promise.all(this.stopping)
  }

  private async serve(channel: HostChannel, closed: AbortSignal): Promise<void> {
    const { header, body } = (await channel.receive(Math.max(moduleBytesMax, blobBytesMax))) as Frame<ToHost>
    if (header.type === 'open') return this.open(channel, header, closed)
    if (header.type === 'run') return this.run(channel, header, body, closed)
    if (header.type !== 'inspect') throw new PhaseError('invalid', `Cannot serve "${header.type}": it is no request`)
    const { session, digest } = header
    const found = await this.executorOf(session).inspect({ digest, bytes: () => checked(digest, body) }, closed)
    channel.send({ type: 'inspected' }, [new TextEncoder().encode(JSON.stringify(found))])
  }

  private async open(channel: HostChannel, { children, isolation }: OpenMessage, closed: AbortSignal): Promise<void> {
    if (this.sessions.size >= sessionsMax) throw new PhaseError('busy', 'Cannot open a session: there are too many')
    const session = randomUUID()
    const kills = new Kills()
    const { log } = this.options
    const executor = new Executor({ children, isolation, log, killed: reason => kills.add(reason) }, this.cache)
    this.sessions.set(session, executor)
    closed.addEventListener('abort', () => this.close(session))
    await executor.start()
    const sandbox = [...new Set([...executor.sandbox, ...(this.options.layers ?? [])])]
    channel.send({ type: 'opened', session, runtime: executor.runtime, sandbox })
    for (;;) {
      await channel.receive(0)
      channel.send({ type: 'killed', reasons: await kills.take() })
    }
  }

  private async run(channel: HostChannel, request: RunRequest, stdin: Uint8Array, closed: AbortSignal): Promise<void> {
    const { digest, session, type: _, ...rest } = request
    const bytes = async () => {
      channel.send({ type: 'wanted' })
      return await checked(digest, (await channel.receive(moduleBytesMax)).body)
    }
    answer(channel, await this.executorOf(session).run({ ...rest, stdin, module: { digest, bytes } }, closed))
  }

  private executorOf(session: string): Executor {
    const executor = this.sessions.get(session)
    if (executor !== undefined) return executor
    throw new PhaseError('unavailable', 'Cannot use the executor: its session has ended')
  }

  private close(session: string): void {
    const executor = this.sessions.get(session)
    if (executor === undefined) return
    this.sessions.delete(session)
    const stopped = executor.stop().finally(() => this.stopping.delete(stopped))
    this.stopping.add(stopped)
  }
}

/** What is kept by its digest is for every session: no session may give another one's module a new meaning. */
async function checked(digest: string, bytes: Uint8Array): Promise<Uint8Array> {
  const found = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)
  if (digest === `sha256:${hex(new Uint8Array(found))}`) return bytes
  throw new PhaseError('digestMismatch', `Cannot use the module: its bytes are not those of "${digest}"`)
}

type HostChannel = Channel<FromHost>

function answer(channel: HostChannel, execution: Execution): void {
  if (execution.kind === 'faulted') {
    const { reason, detail } = execution
    return channel.send({ type: 'faulted', reason, detail })
  }
  const { kind: _, stdout, stderr, ...rest } = execution
  channel.send({ type: 'ended', stdoutBytes: stdout.length, ...rest }, [stdout, stderr])
}

/** What was killed since somebody asked. */
class Kills {
  private reasons: KillReason[] = []
  private some = Promise.withResolvers<void>()

  add(reason: KillReason): void {
    if (this.reasons.length < killsMax) this.reasons.push(reason)
    this.some.resolve()
  }

  /** Waits until there is one. */
  async take(): Promise<KillReason[]> {
    await this.some.promise
    const { reasons } = this
    this.reasons = []
    this.some = Promise.withResolvers()
    return reasons
  }
}

const goneAway = new PhaseError('cancelled', 'the node waits no longer')

function closeSignal(stream: Duplex): AbortSignal {
  const closed = new AbortController()
  stream.once('close', () => closed.abort(goneAway))
  return closed.signal
}

/** Of lines that wait for a slow reader; the next one that goes through says how many did not. */
const unreadBytesMax = 1024 * 1024

/** The service: a line of JSON for whatever must be said, SIGTERM to stop. */
function serveSocket(path: string | undefined): void {
  boundGarbage()
  let skipped = 0
  const write = (level: string, details: object, msg: string) => {
    if (process.stdout.writableLength > unreadBytesMax) return void skipped++
    const gap = skipped > 0 ? { skipped } : {}
    skipped = 0
    console.log(JSON.stringify({ level, time: new Date().toISOString(), ...details, ...gap, msg }))
  }
  const log = { warn: (details: object, message: string) => write('warn', details, message) }
  const host = new ExecutorHost({ log, layers: serviceLayers() })
  const server = createServer(socket => host.accept(socket))
  server.maxConnections = connectionsMax
  listen(server, path)
  server.once('listening', () => write('info', { pid: process.pid }, 'ready'))
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      server.close()
      void host.stop()
    })
  }
}

/** On the socket that the service manager has opened already, so that whoever connects while this starts only waits. */
function listen(server: Server, path: string | undefined): void {
  if (process.env['LISTEN_PID'] === String(process.pid)) server.listen({ fd: 3 })
  else if (path === undefined) throw new Error('Usage: host.ts SOCKET')
  else {
    // What one before this left behind; a file of somebody's is not ours to remove.
    if (statSync(path, { throwIfNoEntry: false })?.isSocket()) rmSync(path)
    process.umask(0o077)
    server.listen(path)
  }
}

if (import.meta.main) serveSocket(process.argv[2])
