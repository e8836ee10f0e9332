/** Accepted receipts, as they were received; written with the end of their job (JobStore.apply). */
import type { StoreThread } from './thread.ts'

export class ReceiptStore {
  private readonly thread: StoreThread

  constructor(thread: StoreThread) {
    this.thread = thread
  }

  /** The envelope; `undefined` for a job without one, or unknown. */
  async getByJob(jobId: string): Promise<Uint8Array | undefined> {
    return (await this.listByJob(jobId))[0]
  }

  /** One for each replica, in their order. */
  listByJob(jobId: string): Promise<Uint8Array[]> {
    return this.thread.read('listReceipts', jobId)
  }
}
