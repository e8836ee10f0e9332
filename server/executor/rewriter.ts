/**
 * Admits and rewrites modules, each in a process of its own, bounded in time and memory, and keeps what came out. No process sees two modules: one
 * that took its process over can only have lied about itself. What is kept was not believed: the child that compiles it looks again.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { RewrittenModule } from '../../machine/compiled.ts'
import { isPhaseError, PhaseError } from '../../phase/errors.ts'
import { moduleBytesMax } from '../../phase/limits.ts'
import type { ModuleInterface } from '../../phase/module.ts'
import { interfaceBytesMax, readInterface, readRewritten, tooLittleMemory } from './answers.ts'
import type { KillReason, ModuleSource } from './execution.ts'
import type { AdmitMessage, Frame, RewriteMessage } from './messages.ts'
import type { Pool } from './pool.ts'
import type { ExecutorProcess } from './process.ts'
import type { RewrittenCache } from './rewritten-cache.ts'
import { abortable } from './signals.ts'
import { Watch } from './watch.ts'

/** Admission of the largest module takes about 3 s here. */
const admitWithinMs = 20_000
/** Rewriting it took 5 to 20 s here. */
const rewriteWithinMs = 60_000
/** Floats alone, all of them made canonical, are some twenty times as large; nothing real comes near. */
const answerBytesMax = 4 * moduleBytesMax
/** It may have been the child and not the module: another one decides. */
const tries = 3
/** From the end of its pipe to the news that a child has ended. */
const goneWithinMs = 1_000

type Mode = RewriteMessage['mode']
interface Rewritten extends Omit<RewrittenModule, 'fast' | 'exact'> {
  bytes: Uint8Array
}
interface Task {
  admitted: Promise<ModuleInterface>
  rewritten: Promise<Rewritten>
  /** Who waits. Before the module is admitted, what nobody waits for is given up. */
  waiting: number
  /** A process has it. */
  begun: boolean
  giveUp(): void
}

export interface RewriterOptions {
  /** Of children that run rewriting-child.ts. */
  pool: Pool
  /** Where what came out is kept. */
  cache: RewrittenCache
  killed?: ((reason: KillReason) => void) | undefined
}

export class Rewriter {
  private readonly options: RewriterOptions
  private readonly cache: RewrittenCache
  private readonly tasks = new Map<string, Task>()

  constructor(options: RewriterOptions) {
    this.options = options
    this.cache = options.cache
  }

  /** What was rewritten before and is still kept. */
  kept(digest: string): RewrittenModule | undefined {
    return this.cache.get(digest)
  }

  /**
   * Says what the module asks for as soon as it is admitted. It is rewritten all the same, for the jobs that will come.
   * @throws {PhaseError} `moduleRejected` with reason and place; `tooLarge` where every process that had it ended; `timedOut`; `cancelled` by the signal.
   */
  async admit(module: ModuleSource, signal: AbortSignal): Promise<ModuleInterface> {
    return await this.join(this.task(module, 'detect'), 'admitted', signal)
  }

  /**
   * Waits `withinMs` at most, and no longer than the work may take; what has begun goes on, for the jobs that will come.
   * @throws as `admit` does; `timedOut` after `withinMs`, `busy` where the work had not even begun then.
   */
  async rewrite(module: ModuleSource, signal: AbortSignal, withinMs: number): Promise<RewrittenModule> {
    const kept = this.cache.get(module.digest)
    if (kept !== undefined) return kept
    const { bytes, ...rest } = await this.joinWithin(this.task(module, 'detect'), signal, withinMs)
    return this.cache.get(module.digest) ?? { ...rest, fast: bytes }
  }

  /** The same with its exact form, where that differs. @throws as `rewrite` does. */
  async rewriteExactly(module: ModuleSource, signal: AbortSignal, withinMs: number): Promise<RewrittenModule> {
    const begin = performance.now()
    const rewritten = await this.rewrite(module, signal, withinMs)
    if (!rewritten.differs || rewritten.exact !== undefined) return rewritten
    const leftMs = withinMs - (performance.now() - begin)
    const { bytes } = await this.joinWithin(this.task(module, 'repair'), signal, leftMs)
    const both = { ...rewritten, exact: bytes }
    this.cache.put(module.digest, both)
    return both
  }

  /** The one under way, or a new one. */
  private task(module: ModuleSource, mode: Mode): Task {
    const name = `${mode} ${module.digest}`
    const known = this.tasks.get(name)
    if (known !== undefined) return known
    const stop = new AbortController()
    const { promise: admitted, resolve, reject } = Promise.withResolvers<ModuleInterface>()
    const forget = () => {
      if (this.tasks.get(name) === task) this.tasks.delete(name)
    }
    const giveUp = () => {
      forget()
      stop.abort(new PhaseError('cancelled', 'nobody waits for the module any more'))
    }
    const rewritten = this.work(module, mode, stop.signal, {
      begun: () => {
        task.begun = true
      },
      admitted: found => {
        task.giveUp = () => {}
        resolve(found)
      },
    }).finally(forget)
    const task: Task = { admitted, rewritten, waiting: 0, begun: false, giveUp }
    rewritten.catch(reject)
    admitted.catch(() => {})
    this.tasks.set(name, task)
    return task
  }

  private async join<What extends 'admitted' | 'rewritten'>(
    task: Task,
    what: What,
    signal: AbortSignal,
  ): Promise<Awaited<Task[What]>> {
    task.waiting++
    try {
      return (await abortable(task[what] as Promise<unknown>, signal)) as Awaited<Task[What]>
    } finally {
      if (--task.waiting === 0) task.giveUp()
    }
  }

  private async joinWithin(task: Task, given: AbortSignal, jobMs: number): Promise<Rewritten> {
    const withinMs = Math.min(jobMs, admitWithinMs + rewriteWithinMs)
    const stop = new AbortController()
    const timer = setTimeout(() => stop.abort(tooLate(task, withinMs)), withinMs)
    try {
      return await this.join(task, 'rewritten', AbortSignal.any([given, stop.signal]))
    } finally {
      clearTimeout(timer)
    }
  }

  private async work(module: ModuleSource, mode: Mode, given: AbortSignal, steps: Steps): Promise<Rewritten> {
    const bytes = await module.bytes()
    for (let left = tries; ; left--) {
      try {
        const { memory, ...rest } = await this.workIn(bytes, mode, given, steps)
        if (mode === 'detect') this.cache.put(module.digest, { memory, differs: rest.differs, fast: rest.bytes })
        return { memory, ...rest }
      } catch (error) {
        const final = isPhaseError(error, 'moduleRejected') || isPhaseError(error, 'timedOut')
        if (final || given.aborted || left === 1) throw error
      }
    }
  }

  private async workIn(bytes: Uint8Array, mode: Mode, given: AbortSignal, steps: Steps): Promise<Rewritten> {
    const { pool, killed } = this.options
    const { child } = await pool.acquire({ signal: given })
    steps.begun()
    const ask = async (
      message: AdmitMessage | RewriteMessage,
      bodies: readonly Uint8Array[],
      bounds: Bounds,
    ): Promise<Frame<unknown>> => {
      const watch = new Watch(child, bounds.signal, bounds.withinMs, killed)
      try {
        return await child.exchange(message, bodies, bounds.answerBytesMax)
      } catch (error) {
        if (watch.ended === undefined) throw (await endOf(child)) ?? error
        throw new PhaseError(watch.ended, `Cannot ${message.type} the module: ${watch.detail}`)
      } finally {
        watch.stop()
      }
    }
    try {
      const admitting = { signal: given, withinMs: admitWithinMs, answerBytesMax: interfaceBytesMax }
      const found = readInterface(await ask({ type: 'admit' }, [bytes], admitting))
      steps.admitted(found)
      const rewriting = { signal: never, withinMs: rewriteWithinMs, answerBytesMax }
      return { memory: found.memory, ...readRewritten(await ask({ type: 'rewrite', mode }, [], rewriting)) }
    } finally {
      pool.retire(child)
    }
  }
}

/** How far the work on a module has come. */
interface Steps {
  begun(): void
  admitted(found: ModuleInterface): void
}

interface Bounds {
  signal: AbortSignal
  withinMs: number
  answerBytesMax: number
}

/** The end of a child that was not asked to: the heap, the addresses, or the machine's memory gave out. */
async function endOf(child: ExecutorProcess): Promise<PhaseError | undefined> {
  if (child.killed) return undefined
  const how = await Promise.race([child.exited, delay(goneWithinMs, undefined, { ref: false })])
  if (how === undefined) return undefined
  return tooLittleMemory(`${tries} processes ended over it, the last with ${how}`)
}

/** Its own module took too long; or others did, and another node may have the job. */
function tooLate({ begun }: Task, withinMs: number): PhaseError {
  const waited = `after ${Math.round(withinMs)} ms`
  if (!begun) return new PhaseError('busy', `Cannot run the module: ${waited} it still waits to be rewritten`)
  return new PhaseError(
    'timedOut',
    `Cannot run the module: it was not rewritten ${waited}; try again, or give more time`,
  )
}

/** Once admitted, a module is rewritten whoever waits. */
const never = new AbortController().signal
