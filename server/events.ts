/** Job events inside this process, from the one who writes job states to whoever watches. */
import { PhaseError } from '../phase/errors.ts'
import type { JobEvent } from '../phase/job.ts'

/** Events that wait for one slow subscriber. A job has a dozen; beyond this the store is the better source. */
const queueMax = 256

interface Subscriber {
  jobId: string | undefined
  queue: JobEvent[]
  overflowed: boolean
  wake: () => void
}

export class JobEvents {
  private readonly subscribers = new Set<Subscriber>()

  get size(): number {
    return this.subscribers.size
  }

  /** Never waits and never throws: a subscriber that is too slow loses its stream, not the publisher its pace. */
  publish(event: JobEvent): void {
    for (const subscriber of this.subscribers) {
      if (subscriber.jobId !== undefined && subscriber.jobId !== event.jobId) continue
      if (subscriber.queue.length < queueMax) subscriber.queue.push(event)
      else subscriber.overflowed = true
      subscriber.wake()
    }
  }

  /**
   * Events published from now on, of one job or of all, for one reader. Ends when `signal` aborts.
   * @throws {PhaseError} `busy` where the reader fell behind by more than the queue holds, after what the queue held.
   */
  subscribe(options: { jobId?: string }, signal: AbortSignal): AsyncIterable<JobEvent> {
    const subscriber: Subscriber = { jobId: options.jobId, queue: [], overflowed: false, wake: () => {} }
    const leave = () => {
      this.subscribers.delete(subscriber)
      subscriber.wake()
    }
    if (!signal.aborted) {
      this.subscribers.add(subscriber)
      signal.addEventListener('abort', leave, { once: true })
    }
    return read(subscriber, signal, () => {
      signal.removeEventListener('abort', leave)
      leave()
    })
  }
}

async function* read(subscriber: Subscriber, signal: AbortSignal, done: () => void): AsyncGenerator<JobEvent> {
  try {
    while (!signal.aborted) {
      const event = subscriber.queue.shift()
      if (event !== undefined) yield event
      else if (subscriber.overflowed) throw new PhaseError('busy', `Cannot keep up: more than ${queueMax} events wait`)
      else await new Promise<void>(resolve => (subscriber.wake = resolve))
    }
  } finally {
    done()
  }
}
