/** Where a stranger's module runs: in another process, watched, and killed when late. DESIGN.md says why it is so. */
import { isPhaseError, PhaseError } from '../../phase/errors.ts'
import type { ModuleInterface } from '../../phase/module.ts'
import { interfaceBytesMax, readEnded, readInterface } from './answers.ts'
import type { Execution, ExecutionRequest, ExecutorOptions, Fault, KillReason } from './execution.ts'
import type { RunMessage } from './messages.ts'
import { Pool } from './pool.ts'
import { ExecutorProcess } from './process.ts'
import { openSandbox } from './sandbox.ts'
import { encodeProgram, readProgram } from './sources.ts'

export type { Execution, ExecutionRequest } from './execution.ts'

/** Admission of the largest module takes about 3 s here. */
const inspectWithinMs = 20_000
const jobsPerChild = 2_000
/** Memory of this size comes back most surely with its process. */
const retireAboveBytes = 256 * 1024 * 1024
/** Idle, a child holds some 90 MiB, and its compiled modules: above this, twice in a row, something else stays. Looked at now and then. */
const residentBytesMax = 256 * 1024 * 1024
const weighEveryJobs = 64
const weighAboveBytes = 16 * 1024 * 1024
/** Bytes go to a child at 1 GB/s here: what a large stdin takes on its way is not the guest's time. */
const transferBytesPerMs = 100_000

export class Executor {
  readonly runtime = {
    name: 'node',
    version: process.versions.node,
    engine: `v8 ${process.versions.v8}`,
    arch: process.arch as string,
  }
  /** Layers that are on; known after start(). */
  sandbox: string[] = []
  private readonly options: ExecutorOptions
  private pool: Pool | undefined
  private inspecting: Promise<unknown> = Promise.resolve()

  constructor(options: ExecutorOptions) {
    this.options = options
  }

  async start(): Promise<void> {
    const [sandbox, program] = await Promise.all([openSandbox(), readProgram(new URL('./child.ts', import.meta.url))])
    const encoded = encodeProgram(program)
    this.sandbox = sandbox.layers
    this.pool = new Pool({
      // One more than jobs can be: for admission, and while a killed child is being replaced.
      size: this.options.children + 1,
      log: this.options.log,
      open: async () => {
        const child = new ExecutorProcess(sandbox.spawn())
        await child.start(encoded)
        return child
      },
    })
    await this.pool.start()
  }

  async stop(): Promise<void> {
    await this.pool?.stop()
  }

  /** Process ids of the children, for whoever watches them. */
  get pids(): readonly number[] {
    return this.pool?.pids ?? []
  }

  /**
   * Admits a module, in a child. One at a time: a module that takes long must not take the job's children.
   * @throws {PhaseError} `moduleRejected` with reason and place; `timedOut`; `cancelled` by the signal.
   */
  async inspect(bytes: Uint8Array, signal: AbortSignal): Promise<ModuleInterface> {
    const before = this.inspecting
    const mine = (async () => {
      await before
      signal.throwIfAborted()
      return await this.inspectNow(bytes, signal)
    })()
    this.inspecting = mine.catch(() => {})
    return mine
  }

  /** Waits for a free child and runs the module there. An abort kills the child; what it ran has then `faulted` as `cancelled`. */
  async run(request: ExecutionRequest, signal: AbortSignal): Promise<Execution> {
    const pool = this.running()
    try {
      const child = await pool.acquire(signal, request.module.digest)
      const execution = await this.runIn(child, request, signal)
      if (child.spent || this.isSpent(child, request, execution)) pool.retire(child)
      else {
        pool.release(child)
        if (isWorthWeighing(child, execution)) void this.weigh(child)
      }
      return execution
    } catch (error) {
      if (signal.aborted) return fault('cancelled', 'it was cancelled before it began')
      throw error
    }
  }

  private running(): Pool {
    if (this.pool === undefined)
      throw new PhaseError('unavailable', 'Cannot run the module: the executor is not started')
    return this.pool
  }

  private async inspectNow(bytes: Uint8Array, signal: AbortSignal, tries = 2): Promise<ModuleInterface> {
    const pool = this.running()
    const child = await pool.acquire(signal)
    const watch = this.watch(child, signal, inspectWithinMs)
    try {
      const answer = readInterface(await child.exchange({ type: 'inspect' }, [bytes], interfaceBytesMax))
      pool.release(child)
      return answer
    } catch (error) {
      if (isPhaseError(error, 'moduleRejected')) {
        pool.release(child)
        throw error
      }
      pool.retire(child)
      if (watch.ended !== undefined) throw new PhaseError(watch.ended, `Cannot admit the module: ${watch.detail}`)
      if (tries === 1) throw error
    } finally {
      watch.stop()
    }
    // It may have been the child and not the module: another one decides.
    return await this.inspectNow(bytes, signal, tries - 1)
  }

  private async runIn(child: ExecutorProcess, request: ExecutionRequest, signal: AbortSignal): Promise<Execution> {
    const module = await this.moduleFor(child, request, signal)
    const startedAt = new Date()
    const begin = performance.now()
    const sentBytes = module.length + request.stdin.length
    const watch = this.watch(child, signal, request.timeoutMs + Math.floor(sentBytes / transferBytesPerMs))
    try {
      const answer = await child.exchange(
        runMessage(child, request, module),
        [module, request.stdin],
        request.outputBytesMax,
      )
      if (watch.ended !== undefined) return fault(watch.ended, watch.detail)
      const ended = readEnded(answer)
      child.jobs++
      if (ended.kind === 'faulted') {
        child.modules.delete(request.module.digest)
        return ended
      }
      child.cpuTotalUs = ended.cpuTotalUs
      const { cpuTotalUs: _, ...rest } = ended
      const usage = { wallUs: Math.round((performance.now() - begin) * 1000), ...rest.usage }
      return { ...rest, usage, startedAt: startedAt.toISOString(), finishedAt: new Date().toISOString() }
    } catch (error) {
      if (watch.ended !== undefined) return fault(watch.ended, await watch.whole())
      return fault('internal', error instanceof Error ? error.message : String(error))
    } finally {
      watch.stop()
    }
  }

  private watch(child: ExecutorProcess, signal: AbortSignal, timeoutMs: number): Watch {
    return new Watch(child, signal, timeoutMs, reason => this.options.killed?.(reason))
  }

  private async moduleFor(
    child: ExecutorProcess,
    { module }: ExecutionRequest,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    if (child.modules.has(module.digest)) return new Uint8Array(0)
    try {
      return await abortable(module.bytes(), signal)
    } catch (error) {
      this.running().release(child)
      throw error
    }
  }

  /** Whether the child shall not see another job: it has done enough, was stopped in the middle of something, or has held much. */
  private isSpent(child: ExecutorProcess, { stdin }: ExecutionRequest, execution: Execution): boolean {
    if (this.options.isolation === 'fresh' || child.jobs >= (this.options.jobsPerChild ?? jobsPerChild)) return true
    if (execution.kind === 'faulted') return execution.reason !== 'moduleRejected'
    const { stdout, stderr, usage, stopped } = execution
    if (stopped !== undefined) return true
    return usage.memoryBytesPeak + stdin.length + stdout.length + stderr.length > retireAboveBytes
  }

  /** Retires a child whose resident memory stays high. */
  private async weigh(child: ExecutorProcess): Promise<void> {
    const bytes = await child.residentBytes()
    child.heavy = bytes !== undefined && bytes > residentBytesMax ? child.heavy + 1 : 0
    if (child.heavy < 2) return
    child.spent = true
    this.running().retireIdle(child)
  }
}

function isWorthWeighing(child: ExecutorProcess, execution: Execution): boolean {
  const large = execution.kind === 'ended' && execution.usage.memoryBytesPeak > weighAboveBytes
  return large || child.heavy > 0 || child.jobs % weighEveryJobs === 0
}

function runMessage(child: ExecutorProcess, request: ExecutionRequest, module: Uint8Array): RunMessage {
  const { args, environ, seed, capabilities, memoryBytesMax, outputBytesMax, fuelMax } = request
  const { digest } = request.module
  const drop = child.modules.use(digest, module.length === 0 ? undefined : module.length)
  const limits = { memoryBytesMax, outputBytesMax, fuelMax }
  return { type: 'run', digest, moduleBytes: module.length, drop, args, environ, seed, capabilities, ...limits }
}

const fault = (reason: Fault['reason'], detail: string): Fault => ({ kind: 'faulted', reason, detail })

/** Kills a child when its time is over or when nobody waits any more, and remembers why. */
class Watch {
  ended: KillReason | undefined
  detail = ''
  private readonly child: ExecutorProcess
  private readonly signal: AbortSignal
  private readonly killed: (reason: KillReason) => void
  private readonly timer: NodeJS.Timeout
  private cpuUs: Promise<number | undefined> | undefined

  constructor(child: ExecutorProcess, signal: AbortSignal, timeoutMs: number, killed: (reason: KillReason) => void) {
    this.child = child
    this.signal = signal
    this.killed = killed
    this.timer = setTimeout(() => this.end('timedOut', `it was not done after ${timeoutMs} ms`), timeoutMs)
    signal.addEventListener('abort', this.cancel)
    if (signal.aborted) this.cancel()
  }

  stop(): void {
    clearTimeout(this.timer)
    this.signal.removeEventListener('abort', this.cancel)
  }

  /** The detail with what the operating system measured before the kill. */
  async whole(): Promise<string> {
    const cpuUs = await this.cpuUs
    return cpuUs === undefined ? this.detail : `${this.detail}; it took ${(cpuUs / 1e6).toFixed(3)} s of processor time`
  }

  private readonly cancel = (): void => this.end('cancelled', 'it was cancelled while it ran')

  private end(reason: KillReason, detail: string): void {
    if (this.ended !== undefined) return
    this.ended = reason
    this.detail = detail
    this.killed(reason)
    this.cpuUs = this.child.cpuUsSinceLastWord()
    void this.cpuUs.finally(() => this.child.kill())
  }
}

function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
