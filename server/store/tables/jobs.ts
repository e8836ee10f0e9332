/** Jobs, their events, requests and idempotency keys. */
import { PhaseError } from '../../../phase/errors.ts'
import {
  createdEvent,
  type Job,
  type JobEvent,
  type JobState,
  type JobTransition,
  transition,
} from '../../../phase/job.ts'
import type { Database } from '../database.ts'
import type { Usage } from '../usage.ts'
import type { ContentTable } from './contents.ts'
import { type Page, pageOf } from './page.ts'
import type { ReceiptTable } from './receipts.ts'

export interface Idempotency {
  key: string
  /** Of what the client sent: the same key with another one is a mistake of the client. */
  fingerprint: string
  expiresAt: string
}

/** What belongs to a transition and is stored with it or not at all. */
export interface JobEvidence {
  request?: { digest: string; envelope: Uint8Array }
  receipt?: { id: string; envelope: Uint8Array }
  contents?: Uint8Array[]
}

/** Expired keys that one create removes: more than it adds, so the table shrinks again. */
const sweptPerCreate = 64
/** Charged for each job and each of its events beside their documents: rows, indices, an idempotency key (migrations/0002 counts alike). */
const jobOverheadBytes = 512
const eventOverheadBytes = 64
const unfinished = `state IN ('queued', 'assigned', 'running')`

export class JobTable {
  private readonly database: Database
  private readonly usage: Usage
  private readonly contents: ContentTable
  private readonly receipts: ReceiptTable

  constructor(database: Database, usage: Usage, contents: ContentTable, receipts: ReceiptTable) {
    this.database = database
    this.usage = usage
    this.contents = contents
    this.receipts = receipts
  }

  /**
   * The job that the key stands for already; `undefined` where `job` was created.
   * @throws {PhaseError} `idempotencyConflict`, `conflict`, `quotaExceeded`.
   */
  create(job: Job, idempotency: Idempotency | undefined, contents: readonly Uint8Array[]): Job | undefined {
    const first = idempotency && this.find(idempotency, Date.parse(job.createdAt))
    if (first !== undefined) return first
    if (this.row(job.id) !== undefined) throw new PhaseError('conflict', `Cannot create job "${job.id}": it exists`)
    const [json, event] = [JSON.stringify(job), JSON.stringify(createdEvent(job))]
    const bytes = jobOverheadBytes + Buffer.byteLength(json) + chargeOf(event)
    this.contents.checkRoom(bytes)
    const { module, stdin } = job.manifest
    const { lastInsertRowid } = this.database
      .sql('INSERT INTO jobs (id, state, job, bytes, module, stdin) VALUES (?, ?, ?, ?, ?, ?)')
      .run(job.id, job.state, json, bytes, module, stdin.digest)
    this.usage.add({ jobs: bytes })
    const number = Number(lastInsertRowid)
    this.record(number, 1, event)
    for (const bytes of contents) this.contents.putSmall(bytes, Date.parse(job.createdAt))
    if (idempotency !== undefined) this.remember(number, idempotency)
    return undefined
  }

  get(id: string): Job | undefined {
    return this.row(id)?.job
  }

  list(page: { state: JobState | undefined; below: number; limit: number }): Page<Job> {
    const rows =
      page.state === undefined
        ? this.database
            .sql('SELECT number, job AS json FROM jobs WHERE number < ? ORDER BY number DESC')
            .iterate(page.below)
        : this.database
            .sql('SELECT number, job AS json FROM jobs WHERE state = ? AND number < ? ORDER BY number DESC')
            .iterate(page.state, page.below)
    return pageOf(rows, page.limit)
  }

  listUnfinished(): Job[] {
    const rows = this.database.sql(`SELECT job FROM jobs WHERE ${unfinished} ORDER BY number`).all()
    return rows.map(row => JSON.parse(row.job as string) as Job)
  }

  countUnfinished(): number {
    return Number(this.database.sql(`SELECT count(*) AS count FROM jobs WHERE ${unfinished}`).get()?.count)
  }

  /** @throws {PhaseError} `notFound`; as `transition`; `quotaExceeded`. */
  apply(id: string, event: JobTransition, evidence: JobEvidence): { job: Job; event: JobEvent } {
    const before = this.row(id)
    if (before === undefined) throw new PhaseError('notFound', `Cannot find job "${id}"`)
    const after = transition(before.job, event)
    const { request, receipt, contents = [] } = evidence
    const [json, recorded] = [JSON.stringify(after.job), JSON.stringify(after.event)]
    const envelopeBytes = (request?.envelope.length ?? 0) + (receipt?.envelope.length ?? 0)
    const addedBytes = Buffer.byteLength(json) - before.size + chargeOf(recorded) + envelopeBytes
    const { state, finishedAt } = after.job
    if (finishedAt === undefined) {
      this.database
        .sql('UPDATE jobs SET state = ?, job = ?, bytes = bytes + ? WHERE number = ?')
        .run(state, json, addedBytes, before.number)
    } else {
      // From here on its age counts, and it needs nothing of others any more.
      this.database
        .sql(
          `UPDATE jobs SET state = ?, job = ?, bytes = bytes + ?, finishedAtMs = ?, module = NULL, stdin = NULL
           WHERE number = ?`,
        )
        .run(state, json, addedBytes, Date.parse(finishedAt), before.number)
    }
    this.usage.add({ jobs: addedBytes })
    this.record(before.number, after.event.sequence, recorded)
    if (request !== undefined) this.keepRequest(before.number, after.job.attempt, request)
    if (receipt !== undefined) this.receipts.put(before.number, receipt)
    for (const bytes of contents) this.contents.putSmall(bytes, Date.parse(event.at))
    if (finishedAt !== undefined) this.useNeeded(after.job, Date.parse(finishedAt))
    return after
  }

  /** Whether an unfinished job needs these bytes. */
  needs(digest: string): boolean {
    const sql = 'SELECT 1 FROM jobs WHERE module = ? UNION ALL SELECT 1 FROM jobs WHERE stdin = ? LIMIT 1'
    return this.database.sql(sql).get(digest, digest) !== undefined
  }

  /** Deletes, with all that belongs to them alone, jobs that ended before `beforeMs`: the first `limit` to end. How many they were. */
  deleteFinished(beforeMs: number, limit: number): number {
    const gone = this.database
      .sql(
        `DELETE FROM jobs WHERE number IN (SELECT number FROM jobs WHERE finishedAtMs < ? ORDER BY finishedAtMs LIMIT ?)
         RETURNING bytes`,
      )
      .all(beforeMs, limit)
    if (gone.length > 0) this.usage.add({ jobs: -gone.reduce((sum, { bytes }) => sum + Number(bytes), 0) })
    return gone.length
  }

  /** When the first of all finished jobs ended; `undefined` where there is none. */
  firstFinishedAtMs(): number | undefined {
    const sql = 'SELECT finishedAtMs FROM jobs WHERE finishedAtMs IS NOT NULL ORDER BY finishedAtMs LIMIT 1'
    const row = this.database.sql(sql).get()
    return row === undefined ? undefined : Number(row.finishedAtMs)
  }

  listEvents(id: string, after: number, limit: number): JobEvent[] {
    const rows = this.database
      .sql(
        `SELECT event FROM events WHERE job = (SELECT number FROM jobs WHERE id = ?) AND sequence > ?
         ORDER BY sequence LIMIT ?`,
      )
      .all(id, after, limit)
    return rows.map(row => JSON.parse(row.event as string) as JobEvent)
  }

  getRequest(id: string): Uint8Array | undefined {
    const row = this.database
      .sql(
        `SELECT envelope FROM requests WHERE job = (SELECT number FROM jobs WHERE id = ?)
         ORDER BY attempt DESC LIMIT 1`,
      )
      .get(id)
    return row?.envelope as Uint8Array | undefined
  }

  private row(id: string): { number: number; job: Job; size: number } | undefined {
    const row = this.database.sql('SELECT number, job, octet_length(job) AS size FROM jobs WHERE id = ?').get(id)
    if (row === undefined) return undefined
    return { number: Number(row.number), job: JSON.parse(row.job as string) as Job, size: Number(row.size) }
  }

  /** What a job that ends needs was used now: so bytes that several jobs need stay as long as the last of these jobs. */
  private useNeeded({ manifest, stdout, stderr }: Job, nowMs: number): void {
    for (const content of [{ digest: manifest.module, size: 1 }, manifest.stdin, stdout, stderr])
      if (content !== undefined && content.size > 0) this.contents.use(content.digest, nowMs)
  }

  private record(number: number, sequence: number, event: string): void {
    this.database.sql('INSERT INTO events (job, sequence, event) VALUES (?, ?, ?)').run(number, sequence, event)
  }

  /** A plain refusal is no attempt: the request to the next executor takes the place of the refused one. */
  private keepRequest(number: number, attempt: number, request: { digest: string; envelope: Uint8Array }): void {
    this.database
      .sql('INSERT OR REPLACE INTO requests (job, attempt, digest, envelope) VALUES (?, ?, ?, ?)')
      .run(number, attempt, request.digest, request.envelope)
  }

  private find({ key, fingerprint }: Idempotency, nowMs: number): Job | undefined {
    const row = this.database
      .sql(
        `SELECT fingerprint, jobs.job FROM idempotencyKeys AS keys JOIN jobs ON jobs.number = keys.job
         WHERE key = ? AND expiresAtMs > ?`,
      )
      .get(key, nowMs)
    if (row === undefined) {
      this.forget(key, nowMs)
      return undefined
    }
    if (row.fingerprint === fingerprint) return JSON.parse(row.job as string) as Job
    throw new PhaseError('idempotencyConflict', `Cannot create the job: the key "${key}" stands for another request`, {
      hint: 'Use a new Idempotency-Key for each new job.',
    })
  }

  private forget(key: string, nowMs: number): void {
    this.database.sql('DELETE FROM idempotencyKeys WHERE key = ?').run(key)
    this.database
      .sql('DELETE FROM idempotencyKeys WHERE key IN (SELECT key FROM idempotencyKeys WHERE expiresAtMs <= ? LIMIT ?)')
      .run(nowMs, sweptPerCreate)
  }

  private remember(number: number, { key, fingerprint, expiresAt }: Idempotency): void {
    this.database
      .sql('INSERT INTO idempotencyKeys (key, fingerprint, job, expiresAtMs) VALUES (?, ?, ?, ?)')
      .run(key, fingerprint, number, Date.parse(expiresAt))
  }
}

const chargeOf = (event: string): number => eventOverheadBytes + Buffer.byteLength(event)
