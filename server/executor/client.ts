/**
 * The node's side of the executor, wherever that is. It keeps a session open; when the executor's process ends, what ran there is faulted,
 * and the session is opened again. Answers are held against their shapes: beyond the stream there are strangers' modules.
 */
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { PhaseError } from '../../phase/errors.ts'
import type { ModuleInterface } from '../../phase/module.ts'
import { interfaceBytesMax, isWanted, readExecution, readInterface, readKilled, readOpened } from './answers.ts'
import type { Execution, ExecutionRequest, ExecutorOptions, ModuleSource } from './execution.ts'
import type { Runtime, ToHost } from './host-messages.ts'
import { Channel } from './messages.ts'

export interface ClientOptions extends ExecutorOptions {
  /** A new stream to the host. */
  connect(): Duplex
}

/** The executor listens there as a service of its own. */
export const overSocket = (path: string) => (): Duplex => connect(path)

/** A job waits so long for an executor that was lost; then another node may have it. */
const sessionWithinMs = 10_000
/** Children are started in it; the machine may be busy. */
const openWithinMs = 60_000
const reopenFirstMs = 50
const reopenLastMs = 5_000
/** Beyond the request's own time: for a free child, for stdin and output on their way. An executor that is silent then is none. */
const graceMs = 120_000

type HostChannel = Channel<ToHost>

export class ExecutorClient {
  runtime: Runtime = { name: '', version: '', engine: '', arch: '' }
  /** Layers that are on; known after start(). */
  sandbox: string[] = []
  private readonly options: ClientOptions
  private readonly stopping = new AbortController()
  private session: { id: string; channel: HostChannel } | undefined
  private opened = Promise.withResolvers<string>()
  private kept: Promise<void> | undefined

  constructor(options: ClientOptions) {
    this.options = options
  }

  /** Rejects when the executor cannot be reached, or cannot start its children. */
  async start(): Promise<void> {
    this.kept = this.keep(await this.open())
  }

  async stop(): Promise<void> {
    const reason = new PhaseError('unavailable', 'Cannot run the module: the executor is stopping')
    this.stopping.abort(reason)
    this.session?.channel.break(reason)
    await this.kept
  }

  /** Whether the executor can be reached. */
  get ready(): boolean {
    return this.session !== undefined
  }

  /** Admits a module. @throws {PhaseError} `moduleRejected` with reason and place; `timedOut`; `cancelled` by the signal. */
  async inspect(module: ModuleSource, signal: AbortSignal): Promise<ModuleInterface> {
    const message = (session: string) => ({ type: 'inspect', session, digest: module.digest }) as const
    return this.exchange(message, await module.bytes(), graceMs, signal, async channel =>
      readInterface(await channel.receive(interfaceBytesMax)),
    )
  }

  /**
   * Waits for a free child and runs the module there. An abort kills it; what it ran has then `faulted` as `cancelled`.
   * @throws {PhaseError} where the executor was lost, or the module's bytes could not be had.
   */
  async run(request: ExecutionRequest, signal: AbortSignal): Promise<Execution> {
    const { module, stdin, ...rest } = request
    const message = (session: string) => ({ type: 'run', session, digest: module.digest, ...rest }) as const
    const read = async (channel: HostChannel) => {
      const first = await channel.receive(request.outputBytesMax)
      if (!isWanted(first)) return readExecution(first)
      channel.send({ type: 'module' }, [await module.bytes()])
      return readExecution(await channel.receive(request.outputBytesMax))
    }
    try {
      return await this.exchange(message, stdin, request.timeoutMs + graceMs, signal, read)
    } catch (error) {
      if (signal.aborted) return { kind: 'faulted', reason: 'cancelled', detail: 'it was cancelled' }
      throw error
    }
  }

  /** One request over a stream of its own. */
  private async exchange<T>(
    message: (session: string) => ToHost,
    body: Uint8Array,
    withinMs: number,
    signal: AbortSignal,
    read: (channel: HostChannel) => Promise<T>,
  ): Promise<T> {
    const session = await this.untilOpen(signal)
    const channel = this.connect()
    const cancel = () => channel.break(new PhaseError('cancelled', 'it was cancelled'))
    const timer = setTimeout(() => channel.break(silent), withinMs)
    signal.addEventListener('abort', cancel)
    try {
      channel.send(message(session), [body])
      return await read(channel)
    } finally {
      signal.removeEventListener('abort', cancel)
      clearTimeout(timer)
      channel.break(over)
    }
  }

  private connect(): HostChannel {
    return new Channel<ToHost>(this.options.connect(), 'the executor')
  }

  private async open(): Promise<HostChannel> {
    const { children, isolation } = this.options
    const channel = this.connect()
    const timer = setTimeout(() => channel.break(silent), openWithinMs)
    try {
      channel.send({ type: 'open', children, isolation })
      const { session, runtime, sandbox } = readOpened(await channel.receive(0))
      this.stopping.signal.throwIfAborted()
      this.runtime = runtime
      this.sandbox = sandbox
      this.session = { id: session, channel }
      this.opened.resolve(session)
      return channel
    } catch (error) {
      channel.break(over)
      throw unreachable(error)
    } finally {
      clearTimeout(timer)
    }
  }

  /** Until `stop`: whenever the session ends, another one is opened. */
  private async keep(first: HostChannel): Promise<void> {
    for (let session: HostChannel | undefined = first; session !== undefined; session = await this.reopen()) {
      const why = await this.watch(session)
      this.session = undefined
      this.opened = Promise.withResolvers()
      if (!this.stopping.signal.aborted) this.options.log.warn({ why }, 'the executor was lost')
    }
  }

  /** Tells of kills until the session ends. @returns why it did. */
  private async watch(session: HostChannel): Promise<string> {
    try {
      for (;;) {
        session.send({ type: 'watch' })
        for (const reason of readKilled(await session.receive(0))) this.options.killed?.(reason)
      }
    } catch (error) {
      session.break(over)
      return error instanceof Error ? error.message : String(error)
    }
  }

  private async reopen(): Promise<HostChannel | undefined> {
    const { signal } = this.stopping
    for (let waitMs = reopenFirstMs; !signal.aborted; waitMs = Math.min(waitMs * 2, reopenLastMs)) {
      await delay(waitMs, undefined, { signal }).catch(() => {})
      if (signal.aborted) return undefined
      try {
        return await this.open()
      } catch (error) {
        this.options.log.warn({ err: error, waitMs }, 'the executor could not be reached')
      }
    }
    return undefined
  }

  /** The session's name. */
  private async untilOpen(signal: AbortSignal): Promise<string> {
    signal.throwIfAborted()
    this.stopping.signal.throwIfAborted()
    if (this.session !== undefined) return this.session.id
    if (this.kept === undefined)
      throw new PhaseError('unavailable', 'Cannot run the module: the executor is not started')
    const given = AbortSignal.any([signal, this.stopping.signal])
    const { promise: never, reject } = Promise.withResolvers<never>()
    const giveUp = () => reject(given.reason as Error)
    const timer = setTimeout(
      () => reject(new PhaseError('unavailable', 'Cannot run the module: the executor cannot be reached')),
      sessionWithinMs,
    )
    given.addEventListener('abort', giveUp)
    try {
      return await Promise.race([this.opened.promise, never])
    } finally {
      given.removeEventListener('abort', giveUp)
      clearTimeout(timer)
    }
  }
}

function unreachable(error: unknown): PhaseError {
  const { message, cause } = error as Error
  const why = cause instanceof Error ? cause.message : message
  return new PhaseError('unavailable', `Cannot reach the executor: ${why}`, { cause: error })
}

const silent = new PhaseError('internal', 'the executor did not answer')
const over = new PhaseError('internal', 'the exchange is over')
