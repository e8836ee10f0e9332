/** Jobs, durable once a promise resolves. */
import type { Job, JobEvent, JobState, JobTransition } from '../../phase/job.ts'
import { owned } from './bytes.ts'
import { pageWith, readCursor } from './cursor.ts'
import { type Room, withRoom } from './room.ts'
import { contentOverheadBytes } from './tables/contents.ts'
import type { Idempotency, JobEvidence } from './tables/jobs.ts'
import type { StoreThread } from './thread.ts'

/** Jobs of one page, events of one answer. */
const pageMax = 1000
/** What the rows of one job take, generously. */
const jobBytes = 16 * 1024

export class JobStore {
  private readonly thread: StoreThread
  private readonly room: Room

  constructor(thread: StoreThread, room: Room) {
    this.thread = thread
    this.room = room
  }

  /**
   * The same key with the same fingerprint answers the first job, as it stands now, and creates nothing. A key lasts until `expiresAt`,
   * as seen by the next job's `createdAt`. `contents` are kept with it, at most 64 KiB each.
   * @throws {PhaseError} `idempotencyConflict` for a key with another fingerprint, `conflict` for a known id, `busy`, `unavailable`,
   * `quotaExceeded` (so may all methods that write).
   */
  async create(
    job: Job,
    idempotency?: Idempotency,
    contents: readonly Uint8Array[] = [],
  ): Promise<{ job: Job; created: boolean }> {
    const kept = contents.map(owned)
    const first = await withRoom(this.room, jobBytes + sizeOf(kept), () =>
      this.thread.write('createJob', job, idempotency, kept),
    )
    return first === undefined ? { job, created: true } : { job: first, created: false }
  }

  get(id: string): Promise<Job | undefined> {
    return this.thread.read('getJob', id)
  }

  /** Newest first. A page may be shorter than `limit` and yet not the last. @throws {PhaseError} `invalid` for a bad cursor. */
  async list(page: {
    state?: JobState
    cursor?: string
    limit: number
  }): Promise<{ items: Job[]; nextCursor?: string }> {
    const below = readCursor('jobs', page.cursor)
    const limit = Math.min(page.limit, pageMax)
    return pageWith('jobs', await this.thread.read('listJobs', { state: page.state, below, limit }))
  }

  /** Oldest first. */
  listUnfinished(): Promise<Job[]> {
    return this.thread.read('listUnfinishedJobs')
  }

  countUnfinished(): Promise<number> {
    return this.thread.read('countUnfinishedJobs')
  }

  /**
   * phase's `transition`, with its event and all of `also`, or none of it. `contents` are at most 64 KiB each; larger ones are put before.
   * Calls take effect in the order in which they are made.
   * @throws {PhaseError} `notFound`; `stale` and `conflict` as `transition`; `conflict` for a second receipt; `quotaExceeded`.
   */
  apply(id: string, event: JobTransition, also: JobEvidence = {}): Promise<{ job: Job; event: JobEvent }> {
    const { request, receipt, contents } = also
    const evidence = {
      ...(request === undefined ? {} : { request: { ...request, envelope: owned(request.envelope) } }),
      ...(receipt === undefined ? {} : { receipt: { ...receipt, envelope: owned(receipt.envelope) } }),
      ...(contents === undefined ? {} : { contents: contents.map(owned) }),
    }
    const write = () => this.thread.write('applyToJob', id, event, evidence)
    // Only an end can wait for room and still be in order: nothing of this attempt follows it.
    return event.type === 'finished' ? withRoom(this.room, jobBytes + sizeOf(evidence.contents ?? []), write) : write()
  }

  /** Deletes jobs that ended before `beforeMs`, the first `limit` to end, with their events, requests, receipts and keys. How many. */
  sweep(beforeMs: number, limit: number): Promise<number> {
    return this.thread.write('deleteFinishedJobs', beforeMs, limit)
  }

  /** Those after sequence number `after`, in order; none for an unknown job. */
  listEvents(id: string, after: number, limit: number): Promise<JobEvent[]> {
    return this.thread.read('listEvents', id, after, Math.min(limit, pageMax))
  }

  /** The envelope that was signed for the newest attempt. */
  getRequest(id: string): Promise<Uint8Array | undefined> {
    return this.thread.read('getRequest', id)
  }
}

const sizeOf = (contents: readonly Uint8Array[]): number =>
  contents.reduce((sum, { length }) => sum + length + contentOverheadBytes, 0)
