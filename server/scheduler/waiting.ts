import type { Job } from '../../phase/job.ts'

interface Entry {
  job: Job
  /** Epoch milliseconds after which it fails as `noPeer`. */
  deadlineMs: number
  /** Jobs of one kind have the same answer to "where can it go now". */
  kind: string
}

/** Kinds that one look asks about: clients choose placements and limits, and must not make each look long. */
const kindsMax = 256

/** Jobs that wait for a place, in the order of arrival. */
export class Waiting {
  private readonly entries = new Map<string, Entry>()

  get size(): number {
    return this.entries.size
  }

  add(job: Job): void {
    const { placement, profile, resources, stdin, timeoutMs, queueMs } = job.manifest
    const kind = [
      placement,
      profile,
      resources.cpu,
      resources.memoryBytes,
      resources.outputBytes,
      stdin.size,
      timeoutMs,
    ].join(' ')
    this.entries.set(job.id, { job, deadlineMs: Date.parse(job.queuedAt) + queueMs, kind })
  }

  delete(id: string): void {
    this.entries.delete(id)
  }

  /** Asks `tryPlace` for each in order; what it placed leaves, and after a refusal the rest of that kind is not asked about. */
  each(tryPlace: (job: Job) => boolean): void {
    const refused = new Set<string>()
    for (const [id, { job, kind }] of this.entries) {
      if (refused.has(kind)) continue
      if (tryPlace(job)) this.entries.delete(id)
      else refused.add(kind)
      if (refused.size > kindsMax) return
    }
  }

  /** Takes out what has waited too long. */
  takeOverdue(nowMs: number): Job[] {
    const overdue = [...this.entries.values()].filter(({ deadlineMs }) => deadlineMs <= nowMs).map(({ job }) => job)
    for (const { id } of overdue) this.entries.delete(id)
    return overdue
  }
}
