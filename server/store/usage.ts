/** What counts against the quota: kept in memory, written once with each transaction that changed it. */
import type { Database, Kept } from './database.ts'

interface Counts {
  readonly contents: number
  /** Of contents. */
  readonly bytes: number
  /** Bytes of jobs' rows. */
  readonly jobs: number
}

export class Usage implements Kept<Counts> {
  private readonly database: Database
  private counts: Counts
  private saved: Counts

  constructor(database: Database) {
    this.database = database
    const row = database.sql('SELECT contents, bytes, jobs FROM usage').get()
    this.counts = { contents: Number(row?.contents), bytes: Number(row?.bytes), jobs: Number(row?.jobs) }
    this.saved = this.counts
    database.keep(this)
  }

  /** As of now, in the middle of a transaction, too. */
  get now(): Counts {
    return this.counts
  }

  /** What was written in this transaction is as much more, or less. */
  add({ contents = 0, bytes = 0, jobs = 0 }: Partial<Counts>): void {
    const { counts } = this
    this.counts = { contents: counts.contents + contents, bytes: counts.bytes + bytes, jobs: counts.jobs + jobs }
  }

  undo(to: Counts): void {
    this.counts = to
  }

  write(): void {
    if (this.counts === this.saved) return
    const { contents, bytes, jobs } = this.counts
    this.database.sql('UPDATE usage SET contents = ?, bytes = ?, jobs = ?').run(contents, bytes, jobs)
  }

  written(): void {
    this.saved = this.counts
  }
}
