/** A fixed number of child processes, each with one task at a time. Whatever happens to one, another takes its place. */
import { setTimeout as delay } from 'node:timers/promises'
import { PhaseError } from '../../phase/errors.ts'
import type { ExecutorProcess } from './process.ts'
import { Turn } from './turn.ts'

/** Between tries to start a child, doubled from the first to the last: a machine out of memory is not helped by haste. */
const retryFirstMs = 100
const retryLastMs = 5_000

export interface PoolOptions {
  size: number
  /** Of them, those that are handed out at a time: all, unless given. The rest are there when one is lost. */
  atOnce?: number
  /** A process that is ready. Rejects when it could not be started; nothing of it is left then. */
  open(): Promise<ExecutorProcess>
  log: { warn(details: object, message: string): void }
}

export interface Place {
  child: ExecutorProcess
  /** Where the child is still at another task. */
  turn?: Turn
}

/** What a place is for. */
export interface Wish {
  signal: AbortSignal
  /** A child that holds this module comes first. */
  digest?: string
  /** Whether a place behind the task of this child will do. */
  fitsBehind?: (child: ExecutorProcess) => boolean
}

interface Waiting {
  wish: Wish
  resolve(place: Place): void
  reject(error: Error): void
}

export class Pool {
  private readonly options: PoolOptions
  private readonly all = new Set<ExecutorProcess>()
  private readonly idle: ExecutorProcess[] = []
  private readonly taken = new Set<ExecutorProcess>()
  private readonly waiting: Waiting[] = []
  private readonly opening = new Set<Promise<void>>()
  /** The ends of all processes that still live, retired ones too. */
  private readonly living = new Set<Promise<void>>()
  private readonly stopping = new AbortController()

  constructor(options: PoolOptions) {
    this.options = options
  }

  /** Resolves with the first child that is ready; the others follow. Rejects when not one of them can be started. */
  async start(): Promise<void> {
    const first = Array.from({ length: this.options.size }, () => this.openOne())
    for (const one of first) this.replaceUnless(one)
    await Promise.any(first).catch((error: AggregateError) => {
      throw new PhaseError('internal', 'Cannot start the executor: no child process could be started', {
        cause: error.errors[0],
      })
    })
  }

  /** Resolves when every process is gone. */
  async stop(): Promise<void> {
    const reason = new PhaseError('unavailable', 'Cannot run the module: the executor is stopping')
    this.stopping.abort(reason)
    for (const one of this.waiting.splice(0)) one.reject(reason)
    for (const child of this.all) child.kill()
    await Promise.all(this.opening)
    await Promise.all(this.living)
  }

  get pids(): number[] {
    return [...this.all].flatMap(({ pid }) => pid ?? [])
  }

  /** A free child, or a place behind a task. Rejects with the signal's reason, or when the pool stops. */
  acquire(wish: Wish): Promise<Place> {
    const { signal } = wish
    for (const { aborted, reason } of [signal, this.stopping.signal]) {
      if (aborted) return Promise.reject(reason as Error)
    }
    const place = this.waiting.length === 0 ? this.find(wish) : undefined
    if (place !== undefined) return Promise.resolve(place)
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        this.waiting.splice(this.waiting.indexOf(waiting), 1)
        reject(signal.reason as Error)
        this.serve()
      }
      const leave = () => signal.removeEventListener('abort', giveUp)
      const waiting = {
        wish,
        resolve: (place: Place) => (leave(), resolve(place)),
        reject: (error: Error) => (leave(), reject(error)),
      }
      signal.addEventListener('abort', giveUp, { once: true })
      this.waiting.push(waiting)
    })
  }

  /** Gives a child back. A dead one is known to be dead and is not used again; nor is one that still has what somebody sent and gave up. */
  release(child: ExecutorProcess): void {
    const { next } = child
    child.next = undefined
    if (next !== undefined && this.all.has(child)) return next.begin() ? this.serve() : this.retire(child)
    next?.giveUp()
    this.taken.delete(child)
    if (this.all.has(child)) this.idle.push(child)
    this.serve()
  }

  /** Ends a child that shall not be used again; its successor is started at once. */
  retire(child: ExecutorProcess): void {
    this.taken.delete(child)
    this.forget(child)
    child.kill()
    child.next?.giveUp()
    child.next = undefined
    this.serve()
  }

  /** Ends a child if nobody has it now. */
  retireIdle(child: ExecutorProcess): void {
    if (this.idle.includes(child)) this.retire(child)
  }

  /** In turn. */
  private serve(): void {
    for (let next = this.waiting[0]; next !== undefined; next = this.waiting[0]) {
      const place = this.find(next.wish)
      if (place === undefined) return
      this.waiting.shift()
      next.resolve(place)
    }
  }

  private find({ digest, signal, fitsBehind }: Wish): Place | undefined {
    const child = this.takeIdle(digest)
    if (child !== undefined) return { child }
    if (fitsBehind === undefined) return undefined
    for (const busy of this.taken) {
      if (busy.spent || busy.next !== undefined || !this.all.has(busy) || !fitsBehind(busy)) continue
      busy.next = new Turn(signal)
      return { child: busy, turn: busy.next }
    }
    return undefined
  }

  private takeIdle(digest: string | undefined): ExecutorProcess | undefined {
    if (this.taken.size >= (this.options.atOnce ?? this.options.size)) return undefined
    const warm = digest === undefined ? -1 : this.idle.findIndex(({ modules }) => modules.has(digest))
    const child = warm >= 0 ? this.idle.splice(warm, 1)[0] : this.idle.pop()
    if (child !== undefined) this.taken.add(child)
    return child
  }

  /** Starts one child and watches over it. */
  private async openOne(): Promise<void> {
    const child = await this.options.open()
    this.all.add(child)
    if (this.stopping.signal.aborted) child.kill()
    const gone = this.afterExit(child).finally(() => this.living.delete(gone))
    this.living.add(gone)
    this.release(child)
  }

  private async afterExit(child: ExecutorProcess): Promise<void> {
    const how = await child.exited
    if (!child.killed) this.options.log.warn({ pid: child.pid, how }, 'a child process ended unasked')
    this.forget(child)
  }

  private forget(child: ExecutorProcess): void {
    if (!this.all.delete(child)) return
    const at = this.idle.indexOf(child)
    if (at >= 0) this.idle.splice(at, 1)
    if (!this.stopping.signal.aborted) this.replaceUnless(this.openOne())
  }

  /** Tries until there is a child again: the pool never shrinks. */
  private replaceUnless(first: Promise<void>): void {
    const opening = this.untilOpen(first).finally(() => this.opening.delete(opening))
    this.opening.add(opening)
  }

  private async untilOpen(first: Promise<void>): Promise<void> {
    let attempt = first
    for (let waitMs = retryFirstMs; !this.stopping.signal.aborted; waitMs = Math.min(waitMs * 2, retryLastMs)) {
      try {
        return await attempt
      } catch (error) {
        if (this.stopping.signal.aborted) return
        this.options.log.warn({ err: error, waitMs }, 'a child process could not be started')
      }
      await delay(waitMs, undefined, { signal: this.stopping.signal }).catch(() => {})
      if (!this.stopping.signal.aborted) attempt = this.openOne()
    }
    await attempt.catch(() => {})
  }
}
