/** Accepted receipts, as the envelopes that were received. */
import type { Database } from '../database.ts'

/** Jobs have one replica until quorums are built. */
const replica = 0

export class ReceiptTable {
  private readonly database: Database

  constructor(database: Database) {
    this.database = database
  }

  put(job: number, receipt: { id: string; envelope: Uint8Array }): void {
    this.database
      .sql('INSERT INTO receipts (job, replica, id, envelope) VALUES (?, ?, ?, ?)')
      .run(job, replica, receipt.id, receipt.envelope)
  }

  /** In the order of replicas. */
  listByJob(jobId: string): Uint8Array[] {
    const rows = this.database
      .sql('SELECT envelope FROM receipts WHERE job = (SELECT number FROM jobs WHERE id = ?) ORDER BY replica')
      .all(jobId)
    return rows.map(row => row.envelope as Uint8Array)
  }
}
