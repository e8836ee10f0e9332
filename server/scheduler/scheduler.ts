/**
 * Takes jobs, finds each a place, sees it through: the only writer of job states. Decisions are pure functions (placement.ts, retry.ts,
 * settle.ts, phase/job.ts); what is here only asks them and does what they say.
 */
import { randomUUIDv7 } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { isPhaseError, PhaseError } from '../../phase/errors.ts'
import { isTerminal, type Job, type JobEvent, type JobReason, type JobTransition } from '../../phase/job.ts'
import type { JobStore } from '../store/jobs.ts'
import { type DeliveryParts, deliver, NotHere } from './delivery.ts'
import type { Directory } from './directory.ts'
import { Input } from './input.ts'
import { type LocalCapacity, place } from './placement.ts'
import { afterRefusal, exclusionMs } from './retry.ts'
import { newJob, readSubmission, type SubmissionParts } from './submission.ts'
import { Waiting } from './waiting.ts'
import type { Worker } from './worker.ts'

export interface SchedulerParts extends Omit<DeliveryParts, 'apply' | 'worker' | 'blobs' | 'input'> {
  jobs: JobStore
  submission: Omit<SubmissionParts, 'peerId'>
  worker: DeliveryParts['worker'] & Pick<Worker, 'slots'>
  blobs: DeliveryParts['blobs']
  directory: Pick<Directory, 'candidates' | 'began' | 'ended' | 'succeeded' | 'failed' | 'want' | 'onChange'>
  /** Told of every step, with the job as it stands after it. */
  publish: (event: JobEvent, job: Job) => void
  /** Told of every delivery to another node: `settled`, or an error code. */
  offered?: (outcome: string) => void
  log: {
    info(object: object, message: string): void
    warn(object: object, message: string): void
    error(object: object, message: string): void
  }
  nowMs: () => number
  /** Jobs that may be unfinished at once; beyond it a submit is refused as `busy`. */
  queueMax: number
}

/** How long an idempotency key is remembered, while its job is kept. */
const idempotencyMs = 24 * 3_600_000
/** How often the queue is looked at while somebody waits: deadlines and exclusions end without an event. */
const tickMs = 100
/** Between tries to write to a disk that is full. */
const rewriteFirstMs = 100
const rewriteLastMs = 5_000

export class Scheduler {
  private readonly parts: SchedulerParts
  private readonly waiting = new Waiting()
  private readonly input: Input
  private readonly delivering = new Map<string, { done: Promise<void>; cancel: AbortController }>()
  private readonly waiters = new Map<string, Set<(job: Job) => void>>()
  /** Local deliveries whose execution has not taken its slot yet, with the slots they will take. */
  private readonly starting = new Map<string, number>()
  private localExcludedUntilMs = 0
  private looking = false
  private readonly stopping = new AbortController()
  private timer: NodeJS.Timeout | undefined
  /** Submissions between the check of the queue's length and their place in it. */
  private entering = 0

  constructor(parts: SchedulerParts) {
    this.parts = parts
    this.input = new Input(parts.blobs)
  }

  /** Takes up what was unfinished: what ran when the node ended has lost its execution and gets another attempt. */
  async start(): Promise<void> {
    for (const job of await this.parts.jobs.listUnfinished()) {
      if (job.state === 'queued') this.waiting.add(job)
      else await this.giveBack(job, { counted: true, reason: 'internal', detail: 'the node was restarted' })
    }
    this.parts.directory.onChange(() => this.lookSoon())
    this.parts.worker.slots.onRelease(() => this.lookSoon())
    this.lookSoon()
  }

  /** Stops placing. What runs goes on until it ends or `signal` aborts; what was not ended stays in the store for the next start. */
  async stop(signal: AbortSignal): Promise<void> {
    this.stopping.abort()
    clearTimeout(this.timer)
    const abort = () => {
      for (const { cancel } of this.delivering.values()) cancel.abort(nodeStops)
    }
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    await Promise.all([...this.delivering.values()].map(({ done }) => done))
  }

  get unfinished(): number {
    return this.waiting.size + this.delivering.size
  }

  get queued(): number {
    return this.waiting.size
  }

  /**
   * A job that survives a crash once this resolves.
   * @throws {PhaseError} as `readSubmission`; `busy` when the queue is full; `idempotencyConflict`.
   */
  async submit(value: unknown, options: { idempotencyKey?: string } = {}): Promise<{ job: Job; created: boolean }> {
    if (this.unfinished + this.entering >= this.parts.queueMax || this.stopping.signal.aborted) {
      throw new PhaseError(
        'busy',
        `Cannot accept the job: ${this.unfinished} jobs are unfinished, the limit is ${this.parts.queueMax}`,
        {
          retryAfterMs: 1_000,
          hint: 'Try again after the time in Retry-After.',
        },
      )
    }
    this.entering++
    try {
      return await this.accept(value, options.idempotencyKey)
    } finally {
      this.entering--
    }
  }

  /** @throws {PhaseError} `notFound`, or `conflict` where the job has ended or is being cancelled. */
  async cancel(id: string): Promise<Job> {
    const { job } = await this.apply(id, { type: 'cancelRequested', at: this.parts.now() })
    this.waiting.delete(id)
    this.delivering.get(id)?.cancel.abort(new PhaseError('cancelled', `Job "${id}" was cancelled`))
    return job
  }

  /** The job when it has ended, or as it stands when `waitMs` are over. @throws {PhaseError} `notFound`, `cancelled`. */
  async wait(id: string, waitMs: number, signal: AbortSignal): Promise<Job> {
    const { promise, resolve, reject } = Promise.withResolvers<Job | undefined>()
    const waiters = this.waiters.get(id) ?? new Set()
    this.waiters.set(id, waiters.add(resolve))
    const timer = setTimeout(() => resolve(undefined), waitMs)
    const leave = () => reject(new PhaseError('cancelled', `Cannot wait for job "${id}": the caller left`))
    signal.addEventListener('abort', leave, { once: true })
    if (signal.aborted) leave()
    try {
      const now = await this.parts.jobs.get(id)
      if (now === undefined) throw new PhaseError('notFound', `Cannot find job "${id}"`)
      if (isTerminal(now.state)) return now
      return (await promise) ?? (await this.parts.jobs.get(id)) ?? now
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', leave)
      waiters.delete(resolve)
      if (waiters.size === 0) this.waiters.delete(id)
      promise.catch(() => {})
    }
  }

  private async accept(value: unknown, key: string | undefined): Promise<{ job: Job; created: boolean }> {
    const { identity, submission, jobs, now, nowMs } = this.parts
    const { manifest, fingerprint, stdin } = await readSubmission(value, { ...submission, peerId: identity.peerId })
    const expiresAt = new Date(nowMs() + idempotencyMs).toISOString()
    const accepted = await jobs.create(
      newJob(randomUUIDv7(), manifest, now()),
      key === undefined ? undefined : { key, fingerprint, expiresAt },
      await this.input.keep(stdin),
    )
    if (!accepted.created) return accepted
    this.input.remember(accepted.job.id, stdin)
    this.waiting.add(accepted.job)
    this.lookSoon()
    return accepted
  }

  /** Many things happen in one turn of the event loop; one look answers all. */
  private lookSoon(): void {
    if (this.looking || this.stopping.signal.aborted) return
    this.looking = true
    queueMicrotask(() => {
      this.looking = false
      this.look()
    })
  }

  /** Places what can be placed, in the order of arrival, and comes back when something may have changed. */
  private look(): void {
    if (this.stopping.signal.aborted) return
    const { identity, nowMs, directory } = this.parts
    for (const job of this.waiting.takeOverdue(nowMs())) this.expire(job)
    const candidates = directory.candidates()
    this.waiting.each(job => {
      const placed = place(job.manifest, this.localCapacity(), candidates, nowMs())
      if (placed.kind === 'wait') {
        directory.want()
        return false
      }
      this.begin(job, placed.kind === 'local' ? identity.peerId : placed.peerId)
      return true
    })
    clearTimeout(this.timer)
    this.timer = this.waiting.size === 0 ? undefined : setTimeout(() => this.look(), tickMs)
  }

  private localCapacity(): LocalCapacity {
    const { identity, worker, nowMs } = this.parts
    const { total, free, queued } = worker.slots
    const starting = [...this.starting.values()].reduce((sum, slots) => sum + slots, 0)
    const open = queued === 0 && nowMs() >= this.localExcludedUntilMs
    return { peerId: identity.peerId, slots: total, slotsFree: open ? free - starting : 0 }
  }

  private begin(job: Job, peerId: string): void {
    const { directory } = this.parts
    const { cpu } = job.manifest.resources
    const cancel = new AbortController()
    if (peerId === this.parts.identity.peerId) this.starting.set(job.id, cpu)
    directory.began(peerId, cpu)
    const done = this.see(job, peerId, cancel.signal).finally(() => {
      directory.ended(peerId, cpu)
      this.delivering.delete(job.id)
      this.starting.delete(job.id)
      this.lookSoon()
    })
    this.delivering.set(job.id, { done, cancel })
  }

  /** One delivery and what follows from how it ended. Never rejects. */
  private async see(job: Job, peerId: string, signal: AbortSignal): Promise<void> {
    const { directory, log } = this.parts
    try {
      await deliver(job, peerId, { ...this.parts, input: this.input, apply: (...args) => this.apply(...args) }, signal)
      directory.succeeded(peerId)
      this.count(peerId, 'settled')
    } catch (error) {
      const problem = isPhaseError(error)
        ? error
        : new PhaseError('internal', 'Cannot deliver the job', { cause: error })
      if (problem.code === 'internal') log.error({ error, job: job.id, peer: peerId }, 'a delivery failed')
      else
        log.info(
          { job: job.id, peer: peerId, code: problem.code, why: problem.message },
          'a delivery did not end the job',
        )
      this.count(peerId, problem.code)
      await this.insist(job, () => this.recover(job, peerId, problem))
    }
  }

  private count(peerId: string, outcome: string): void {
    if (peerId !== this.parts.identity.peerId) this.parts.offered?.(outcome)
  }

  private async recover(job: Job, peerId: string, problem: PhaseError): Promise<void> {
    if (problem.code === 'stale') return
    const current = await this.parts.jobs.get(job.id)
    if (current === undefined || isTerminal(current.state) || current.attempt !== job.attempt) return
    if (this.stopping.signal.aborted && current.cancelRequestedAt === undefined) return
    const refusal = problem.code === 'refused' && isPhaseError(problem.cause) ? problem.cause : undefined
    if (problem.code !== 'cancelled') this.exclude(peerId, refusal ?? problem)
    const plain = refusal !== undefined && afterRefusal(refusal) === 'elsewhere'
    const lost: JobReason = peerId === this.parts.identity.peerId ? 'internal' : 'noPeer'
    const reason = problem instanceof NotHere ? problem.end.reason : lost
    await this.giveBack(current, { counted: !plain, reason, detail: (refusal ?? problem).message.slice(0, 900) })
  }

  private exclude(peerId: string, problem: PhaseError): void {
    if (peerId !== this.parts.identity.peerId) this.parts.directory.failed(peerId, problem.code, problem.retryAfterMs)
    else this.localExcludedUntilMs = this.parts.nowMs() + exclusionMs('busy', 1, problem.retryAfterMs)
  }

  private async giveBack(job: Job, why: { counted: boolean; reason: JobReason; detail: string }): Promise<void> {
    if (job.state === 'queued') {
      this.waiting.add(job)
      return
    }
    const { job: next } = await this.apply(job.id, {
      type: 'returned',
      attempt: job.attempt,
      at: this.parts.now(),
      ...why,
    })
    if (next.state === 'queued') this.waiting.add(next)
  }

  private expire(job: Job): void {
    const { directory, now, nowMs } = this.parts
    const placed = place(job.manifest, this.localCapacity(), directory.candidates(), nowMs())
    const why = placed.kind === 'wait' ? placed.why : 'one became free too late'
    const before = job.detail === undefined ? '' : `; before: ${job.detail}`
    const detail = `no node took the job within ${job.manifest.queueMs} ms: ${why}${before}`.slice(0, 1024)
    const event: JobTransition = { type: 'finished', attempt: job.attempt, at: now(), reason: 'noPeer', detail }
    void this.insist(job, () => this.apply(job.id, event))
  }

  /** What became of a job is written as soon as it can be: else it would be neither waiting nor running until the next start. Never rejects. */
  private async insist(job: Job, write: () => Promise<unknown>): Promise<void> {
    const { signal } = this.stopping
    for (let waitMs = rewriteFirstMs; ; waitMs = Math.min(waitMs * 2, rewriteLastMs)) {
      try {
        await write()
        return
      } catch (error) {
        this.parts.log.error({ error, job: job.id }, 'cannot write what became of a job')
        if (!isPhaseError(error, 'quotaExceeded', 'busy') || signal.aborted) return
      }
      await delay(waitMs, undefined, { signal }).catch(() => {})
    }
  }

  private async apply(
    id: string,
    event: JobTransition,
    also?: Parameters<JobStore['apply']>[2],
  ): Promise<{ job: Job; event: JobEvent }> {
    if (event.type === 'started') this.starting.delete(id)
    const applied = await this.parts.jobs.apply(id, event, also)
    this.parts.publish(applied.event, applied.job)
    if (isTerminal(applied.job.state)) {
      this.input.forget(id)
      for (const resolve of this.waiters.get(id) ?? []) resolve(applied.job)
    }
    return applied
  }
}

const nodeStops = new PhaseError('unavailable', 'The node is stopping')
