/** What a person may do about a job that did not end as it should. */
import type { Job } from '../sdks/typescript/src/index.ts'

export type EndedJob = Pick<Job, 'reason' | 'startedAt' | 'finishedAt'> & { manifest: { timeoutMs: number } }

export function adviceOn(job: EndedJob): string {
  if (job.reason === 'timedOut' && !hadItsTime(job)) {
    return 'No node spends more time on one module, whatever --timeout says: build a smaller one, or try a faster node.'
  }
  return byReason[job.reason ?? ''] ?? 'plasm status shows the job, plasm doctor looks at the node.'
}

/** Between two nodes, events come as late as the network has them. */
const lateMs = 1_000

/** Preparing a module has a bound of its own, which may be over before the job's is. */
function hadItsTime({ startedAt, finishedAt, manifest }: EndedJob): boolean {
  if (startedAt === undefined || finishedAt === undefined) return true
  return Date.parse(finishedAt) - Date.parse(startedAt) + lateMs >= manifest.timeoutMs
}

const byReason: Record<string, string> = {
  timedOut: 'Give it more time with --timeout.',
  memoryExhausted: 'Ask for less with --memory, or for another node with --placement.',
  fuelExhausted: 'Raise --fuel, or give it less to do.',
  depthExhausted: 'Its calls went too deep: recurse less, or in smaller frames.',
  outputExceeded: 'Raise --output, or write less.',
  noPeer: 'plasm discover shows who is there; --queue waits longer.',
  cancelled: 'Somebody asked for that.',
  trapped: 'The guest broke a rule of WebAssembly: debug it locally.',
}
