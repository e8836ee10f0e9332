/** Who gets the processor first: the node, and whatever else the machine does, before a stranger's guest. */
import type { ChildProcess } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'

/** A tenth of the node's weight. */
const niceness = 10
/** Whoever is not root may weigh one session in so long. */
const againMs = 110

/**
 * Where nothing else competes, it costs a guest nothing. Linux may weigh sessions and not processes (sched(7), autogroup), and a child has a
 * session of its own: then that weight is set, too. Resolves when all has been done that can be done here.
 */
export async function standBack(child: ChildProcess): Promise<void> {
  const { pid } = child
  if (pid === undefined) return
  try {
    setPriority(pid, niceness)
  } catch {
    // It is gone, or this system has no such thing.
  }
  while (isRunning(child) && !weighSession(pid)) await delay(againMs, undefined, { ref: false })
}

/** @returns whether that is settled, because it is done or cannot be. */
function weighSession(pid: number): boolean {
  try {
    writeFileSync(`/proc/${pid}/autogroup`, String(niceness))
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'EAGAIN'
  }
}

/** Until its end was told here, its number is nobody else's. */
const isRunning = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode === null && signalCode === null
