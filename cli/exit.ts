/** How a command's exit code comes from how a job ended: the guest's own where it exited, never 0 for a job that failed. */
import type { Job } from '../sdks/typescript/src/index.ts'

export const exits = {
  /** A trap, or a limit of the job: as a process that aborts (128 + SIGABRT). */
  stopped: 134,
  timeout: 124,
  nodeOrNetwork: 125,
  rejected: 126,
  cancelled: 130,
} as const

export interface Exit {
  code: number
  /** Whose word the code is: a guest may exit with 124 itself. */
  by: 'guest' | 'plasm'
}

export function exitOf({ state, reason, exitCode }: Pick<Job, 'state' | 'reason' | 'exitCode'>): Exit {
  if (state === 'succeeded') return { code: 0, by: 'guest' }
  if (state === 'cancelled') return { code: exits.cancelled, by: 'plasm' }
  // The shell sees eight bits of what may be thirty-two.
  if (reason === 'exited') return { code: (exitCode ?? 0) & 0xff || 1, by: 'guest' }
  return { code: byReason[reason ?? ''] ?? exits.nodeOrNetwork, by: 'plasm' }
}

const byReason: Record<string, number> = {
  timedOut: exits.timeout,
  moduleRejected: exits.rejected,
  trapped: exits.stopped,
  fuelExhausted: exits.stopped,
  depthExhausted: exits.stopped,
  outputExceeded: exits.stopped,
}

/** For the help of the commands that end with a job's exit code. */
export const exitHelp = `Exit code: the guest's own. Otherwise 124: out of time, 125: the node or the network failed, or a receipt did not hold, 126: refused,
130: cancelled, 134: the guest was stopped by a trap or a limit, 2: wrong usage. Never 0 for a job that failed; --json says whose code it is.`
