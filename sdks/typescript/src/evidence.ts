/** What a job's receipt is held against later: what this client sent and received. */
import type { JobManifest } from './generated/models.ts'

/** A worker that runs for weeks must not grow; a job is verified soon after it ended. */
const jobsMax = 10_000

export interface Sent {
  manifest: JobManifest
  /** The bytes that were sent as stdin. The size of what was named by its digest is not known. */
  stdin: { digest: string; size?: number }
}

type Stream = 'stdout' | 'stderr'

/** The latest jobs of one client. */
export class Evidence {
  private readonly jobs = new Map<string, { sent: Sent; received: Partial<Record<Stream, string>> }>()

  sent(jobId: string, sent: Sent): void {
    this.jobs.set(jobId, { sent, received: {} })
    const [oldest] = this.jobs.keys()
    if (this.jobs.size > jobsMax && oldest !== undefined) this.jobs.delete(oldest)
  }

  received(jobId: string, stream: Stream, digest: string): void {
    const job = this.jobs.get(jobId)
    if (job !== undefined) job.received[stream] = digest
  }

  /** Nothing for a job of another client. */
  of(jobId: string): { sent?: Sent; received: Partial<Record<Stream, string>> } {
    return this.jobs.get(jobId) ?? { received: {} }
  }
}
