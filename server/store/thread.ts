/** The node's side of the database's thread: calls by name, answers by promise, nothing unbounded. */
import { Worker } from 'node:worker_threads'
import { isPhaseError, PhaseError } from '../../phase/errors.ts'
import { type Answer, type Call, type FromWorker, fromPlain, type ToWorker } from './messages.ts'
import type { Reads, StoreOptions, Writes } from './operations.ts'

/** Calls without an answer: a quarter of a second's work. Beyond it the disk is too slow for what is asked. */
const pendingMax = 4096

interface Pending {
  resolve: (value: unknown) => void
  reject: (error: PhaseError) => void
}

export class StoreThread {
  private readonly options: StoreOptions
  private worker: Worker | undefined
  private readonly pending = new Map<number, Pending>()
  private outbox: Call[] = []
  private lastId = 0
  /** Why no more calls are taken. */
  private refusal: PhaseError | undefined = new PhaseError('unavailable', 'Cannot use the store: it was not started')
  /** Whether the last write that had an answer failed for the disk; the quota and broken rules do not. */
  private failing = false
  private probe: Promise<boolean> | undefined
  private ended = Promise.withResolvers<void>()

  constructor(options: StoreOptions) {
    this.options = options
  }

  /** @throws {PhaseError} `conflict` where another node has the directory; `unsupported`, `unavailable`, `quotaExceeded`. */
  async start(): Promise<void> {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: this.options, name: 'store' })
    this.worker = worker
    this.ended = Promise.withResolvers()
    const opened = Promise.withResolvers<void>()
    worker.on('message', (message: FromWorker) => {
      if ('answers' in message) for (const answer of message.answers) this.settle(answer)
      else if ('opened' in message) opened.resolve()
      else opened.reject(fromPlain(message.failed))
    })
    worker.on('error', cause => this.fail(unavailable('its thread died', cause)))
    worker.on('exit', () => {
      this.fail(this.refusal ?? unavailable('its thread has ended'))
      opened.reject(this.refusal)
      this.ended.resolve()
    })
    try {
      await opened.promise
      this.refusal = undefined
    } catch (error) {
      await this.ended.promise
      this.worker = undefined
      throw error
    }
  }

  /** Waits for what was asked for, then closes the database. */
  async stop(): Promise<void> {
    this.refusal ??= unavailable('the node is stopping')
    this.flush()
    this.worker?.postMessage({ close: true } satisfies ToWorker)
    if (this.worker !== undefined) await this.ended.promise
    this.worker = undefined
  }

  read<Name extends keyof Reads>(name: Name, ...args: Parameters<Reads[Name]>): Promise<ReturnType<Reads[Name]>> {
    return this.call(name, args) as Promise<ReturnType<Reads[Name]>>
  }

  /** Resolves when it is on the disk. */
  async write<Name extends keyof Writes>(
    name: Name,
    ...args: Parameters<Writes[Name]>
  ): Promise<ReturnType<Writes[Name]>> {
    try {
      const value = await this.call(name, args)
      this.failing = false
      return value as ReturnType<Writes[Name]>
    } catch (error) {
      if (!isPhaseError(error, 'busy')) this.failing = isOfDisk(error)
      throw error
    }
  }

  /** Whether a write can be expected to succeed: tried out, by one for all who ask, where the last one failed. */
  async writable(): Promise<boolean> {
    if (!this.failing) return true
    this.probe ??= this.write('touch')
      .then(
        () => true,
        () => false,
      )
      .finally(() => (this.probe = undefined))
    return this.probe
  }

  private async call(name: string, args: unknown[]): Promise<unknown> {
    if (this.refusal !== undefined) throw this.refusal
    if (this.pending.size >= pendingMax) throw busy()
    const id = ++this.lastId
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.pending.set(id, { resolve, reject })
    if (this.outbox.length === 0) queueMicrotask(() => this.flush())
    this.outbox.push({ id, name, args })
    return promise
  }

  private flush(): void {
    if (this.outbox.length > 0) this.worker?.postMessage({ calls: this.outbox } satisfies ToWorker)
    this.outbox = []
  }

  private settle(answer: Answer): void {
    const pending = this.pending.get(answer.id)
    this.pending.delete(answer.id)
    if ('error' in answer) pending?.reject(fromPlain(answer.error))
    else pending?.resolve(answer.value)
  }

  private fail(error: PhaseError): void {
    this.refusal = error
    for (const { reject } of this.pending.values()) reject(error)
    this.pending.clear()
    this.outbox = []
  }
}

/** Such errors have what SQLite said as their cause (failures.ts). */
const isOfDisk = (error: unknown): boolean =>
  isPhaseError(error, 'quotaExceeded', 'unavailable', 'internal') && error.cause !== undefined

const unavailable = (why: string, cause?: unknown) =>
  new PhaseError('unavailable', `Cannot use the store: ${why}`, { cause })

const busy = () =>
  new PhaseError('busy', `Cannot use the store: ${pendingMax} calls wait for the disk`, {
    hint: 'Try again after the time in Retry-After.',
    retryAfterMs: 1_000,
  })
