/** Where a stranger's module runs: in another process, watched, and killed when late. DESIGN.md says why it is so. */
import type { RewrittenModule } from '../../machine/compiled.ts'
import { isPhaseError, PhaseError } from '../../phase/errors.ts'
import type { ModuleInterface } from '../../phase/module.ts'
import { readEnded } from './answers.ts'
import { BriefModules } from './brief-modules.ts'
import type { Execution, ExecutionRequest, ExecutorOptions, Fault, ModuleSource } from './execution.ts'
import type { Frame, RunMessage } from './messages.ts'
import { Pool } from './pool.ts'
import { ExecutorProcess } from './process.ts'
import { Rewriter } from './rewriter.ts'
import { RewrittenCache } from './rewritten-cache.ts'
import { openSandbox, type Sandbox } from './sandbox.ts'
import { encodeProgram, readProgram } from './sources.ts'
import type { Turn } from './turn.ts'
import { Watch } from './watch.ts'

export type { Execution, ExecutionRequest } from './execution.ts'

const jobsPerChild = 50_000
/** A module that takes long must not hold up the next one. */
const rewritersMax = 2
/** In a run child a bound would cost guard pages, and with them speed. */
export const rewritingAddressBytesMax = 4 * 1024 * 1024 * 1024
/** Memory of this size comes back most surely with its process. */
const retireAboveBytes = 256 * 1024 * 1024
/** Idle, a child holds some 90 MiB, and its compiled modules: above this, twice in a row, something else stays. Looked at now and then. */
const residentBytesMax = 256 * 1024 * 1024
const weighEveryJobs = 64
const weighAboveBytes = 16 * 1024 * 1024
/** With what is sent behind another task, nothing waits for room in the pipe. */
const behindBytesMax = 16 * 1024
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
  private readonly brief = new BriefModules()
  private readonly cache: RewrittenCache
  private parts: { runs: Pool; rewrites: Pool; rewriter: Rewriter } | undefined

  /** `cache`: for all executors of a process. */
  constructor(options: ExecutorOptions, cache = new RewrittenCache()) {
    this.options = options
    this.cache = cache
  }

  async start(): Promise<void> {
    const [sandbox, child, rewritingChild] = await Promise.all([
      openSandbox(),
      readProgram(new URL('./child.ts', import.meta.url)),
      readProgram(new URL('./rewriting-child.ts', import.meta.url)),
    ])
    this.sandbox = [...sandbox.layers, ...(this.options.isolation === 'fresh' ? ['freshProcess'] : [])]
    // One more than jobs can be, while a killed child is being replaced.
    const { children } = this.options
    const sizes = { size: children + 1, atOnce: Math.max(children, 1) }
    const runs = this.poolOf(sizes, encodeProgram(child), () => sandbox.spawn('running'))
    const rewrites = this.poolOf({ size: rewritersMax }, encodeProgram(rewritingChild), () =>
      sandbox.spawn('rewriting', {
        addressBytesMax: this.options.rewritingAddressBytesMax ?? rewritingAddressBytesMax,
      }),
    )
    this.parts = {
      runs,
      rewrites,
      rewriter: new Rewriter({ pool: rewrites, cache: this.cache, killed: this.options.killed }),
    }
    await Promise.all([runs.start(), rewrites.start()])
  }

  async stop(): Promise<void> {
    await Promise.all([this.parts?.runs.stop(), this.parts?.rewrites.stop()])
  }

  /** Process ids of the children that run jobs, for whoever watches them. */
  get pids(): readonly number[] {
    return this.parts?.runs.pids ?? []
  }

  /** Of those that rewrite modules. */
  get rewritingPids(): readonly number[] {
    return this.parts?.rewrites.pids ?? []
  }

  /**
   * Admits a module, in a child.
   * @throws {PhaseError} `moduleRejected` with reason and place; `timedOut`; `cancelled` by the signal.
   */
  async inspect(module: ModuleSource, signal: AbortSignal): Promise<ModuleInterface> {
    return await this.running().rewriter.admit(module, signal)
  }

  /**
   * Waits for a free child and runs the module there. An abort kills the child; what it ran has then `faulted` as `cancelled`.
   * Where the module must be rewritten first, the job waits for it as long as it may run, and has `faulted` as `timedOut` then.
   * @throws {PhaseError} `busy` where so long nobody began to rewrite it.
   */
  async run(request: ExecutionRequest, signal: AbortSignal): Promise<Execution> {
    try {
      return await this.runWith(request, undefined, signal, nothingSpent)
    } catch (error) {
      if (signal.aborted) return fault('cancelled', 'it was cancelled before it began')
      if (isPhaseError(error, 'moduleRejected')) return fault('moduleRejected', error.message)
      if (isPhaseError(error, 'timedOut')) return fault('timedOut', error.message)
      if (isPhaseError(error, 'tooLarge')) return fault('memoryExhausted', error.message)
      throw error
    }
  }

  /** `spent`: by a run before this one, which needed the exact form. */
  private async runWith(
    request: ExecutionRequest,
    given: RewrittenModule | undefined,
    signal: AbortSignal,
    spent: Spent,
  ): Promise<Execution> {
    const { runs, rewriter } = this.running()
    const { module } = request
    const fitsBehind = given === undefined && this.isBrief(request) ? this.behind(module.digest) : undefined
    const { child, turn } = await runs.acquire({ signal, digest: module.digest, ...(fitsBehind && { fitsBehind }) })
    if (turn !== undefined) {
      const execution = await this.runBehind(child, turn, request, signal)
      return execution ?? (await this.runWith(request, rewriter.kept(module.digest), signal, spent))
    }
    const rewritten = given ?? rewriter.kept(module.digest)
    if (rewritten === undefined && !child.modules.has(module.digest)) {
      runs.release(child)
      const prepared = await rewriter.rewrite(module, signal, request.timeoutMs)
      return await this.runWith(request, prepared, signal, spent)
    }
    const execution = await this.runIn(child, request, rewritten, signal, spent)
    return await this.finish(child, request, signal, execution)
  }

  private behind(digest: string): (child: ExecutorProcess) => boolean {
    const lastJob = (this.options.jobsPerChild ?? jobsPerChild) - 1
    return child => child.brief && child.modules.has(digest) && child.jobs < lastJob
  }

  /** Sent while the child is at another short task. `undefined` where that came to nothing: it is run as if it had not been tried. */
  private async runBehind(
    child: ExecutorProcess,
    turn: Turn,
    request: ExecutionRequest,
    signal: AbortSignal,
  ): Promise<Execution | undefined> {
    const { message, bodies } = runMessage(child, request, undefined)
    const answer = child.exchange(message, bodies, request.outputBytesMax)
    answer.catch(() => {})
    if (!(await turn.begins)) return undefined
    const execution = await this.answered(child, request, answer, 0, signal, nothingSpent)
    // It may have been the task before that took the module, or the child, with it.
    if (execution.kind !== 'faulted' || execution.reason !== 'internal')
      return await this.finish(child, request, signal, execution)
    this.giveBack(child, true)
    return undefined
  }

  private isBrief({ module, args, environ, stdin }: ExecutionRequest): boolean {
    if (this.options.isolation === 'fresh' || !this.brief.has(module.digest)) return false
    return [...args, ...environ].reduce((size, text) => size + 3 * text.length, stdin.length) <= behindBytesMax
  }

  private async finish(
    child: ExecutorProcess,
    request: ExecutionRequest,
    signal: AbortSignal,
    execution: Execution | ExactWanted,
  ): Promise<Execution> {
    const { rewriter } = this.running()
    const { module } = request
    if (execution.kind === 'exactWanted') {
      this.giveBack(child, child.spent)
      const exact = await rewriter.rewriteExactly(module, signal, leftMs(request, execution.spent))
      if (exact.exact === undefined) return fault('internal', 'the module has no exact form')
      return await this.runWith(request, exact, signal, execution.spent)
    }
    this.giveBack(child, child.spent || this.isSpent(child, request, execution), execution)
    return execution
  }

  private giveBack(child: ExecutorProcess, spent: boolean, execution?: Execution): void {
    const { runs } = this.running()
    if (spent) return runs.retire(child)
    runs.release(child)
    if (execution !== undefined && isWorthWeighing(child, execution)) void this.weigh(child)
  }

  private running() {
    if (this.parts === undefined)
      throw new PhaseError('unavailable', 'Cannot run the module: the executor is not started')
    return this.parts
  }

  private poolOf(
    sizes: { size: number; atOnce?: number },
    program: Uint8Array,
    spawn: () => ReturnType<Sandbox['spawn']>,
  ): Pool {
    const open = async () => {
      const child = new ExecutorProcess(spawn())
      await child.start(program)
      return child
    }
    return new Pool({ ...sizes, log: this.options.log, open })
  }

  private async runIn(
    child: ExecutorProcess,
    request: ExecutionRequest,
    rewritten: RewrittenModule | undefined,
    signal: AbortSignal,
    spent: Spent,
  ): Promise<Execution | ExactWanted> {
    const { message, bodies } = runMessage(child, request, rewritten)
    const sentBytes = bodies.reduce((sum, { length }) => sum + length, 0)
    const answer = child.exchange(message, bodies, request.outputBytesMax)
    return await this.answered(child, request, answer, sentBytes, signal, spent)
  }

  /** What becomes of a task that the child is at from now on. */
  private async answered(
    child: ExecutorProcess,
    request: ExecutionRequest,
    answer: Promise<Frame<unknown>>,
    sentBytes: number,
    signal: AbortSignal,
    spent: Spent,
  ): Promise<Execution | ExactWanted> {
    const startedAt = spent.startedAt ?? new Date().toISOString()
    const begin = performance.now()
    child.brief = this.brief.has(request.module.digest)
    const timeoutMs = leftMs(request, spent) + Math.floor(sentBytes / transferBytesPerMs)
    const watch = new Watch(child, signal, timeoutMs, this.options.killed)
    try {
      const ended = readEnded(await answer)
      if (watch.ended !== undefined) return fault(watch.ended, watch.detail)
      const tookUs = Math.round((performance.now() - begin) * 1000)
      if (ended.kind === 'faulted') {
        child.jobs++
        child.modules.delete(request.module.digest)
        child.exact.delete(request.module.digest)
        return ended
      }
      child.cpuTotalUs = ended.cpuTotalUs
      this.brief.note(request.module.digest, ended.usage.cpuUs)
      // One that was sent ahead may have begun before it was known here.
      const wallUs = spent.wallUs + Math.max(tookUs, ended.usage.cpuUs)
      const cpuUs = spent.cpuUs + ended.usage.cpuUs
      const compileUs = spent.compileUs + ended.usage.compileUs
      if (ended.kind === 'exactWanted') return { kind: ended.kind, spent: { wallUs, cpuUs, compileUs, startedAt } }
      child.jobs++
      const { cpuTotalUs: _, ...rest } = ended
      const usage = { wallUs, cpuUs, compileUs, memoryBytesPeak: ended.usage.memoryBytesPeak }
      return { ...rest, usage, startedAt, finishedAt: new Date().toISOString() }
    } catch (error) {
      if (watch.ended !== undefined) return fault(watch.ended, await watch.whole())
      return fault('internal', error instanceof Error ? error.message : String(error))
    } finally {
      watch.stop()
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
    this.running().runs.retireIdle(child)
  }
}

function isWorthWeighing(child: ExecutorProcess, execution: Execution): boolean {
  const large = execution.kind === 'ended' && execution.usage.memoryBytesPeak > weighAboveBytes
  return large || child.heavy > 0 || child.jobs % weighEveryJobs === 0
}

/** What is sent to `child`, which may have the module compiled. */
function runMessage(
  child: ExecutorProcess,
  request: ExecutionRequest,
  rewritten: RewrittenModule | undefined,
): { message: RunMessage; bodies: Uint8Array[] } {
  const { module, args, environ, seed, capabilities, memoryBytesMax, outputBytesMax, fuelMax, stdin } = request
  const { digest } = module
  const news = child.modules.has(digest) ? undefined : rewritten
  const exact = child.exact.has(digest) ? undefined : rewritten?.exact
  const drop = child.modules.use(digest, news?.fast.length)
  for (const dropped of drop) child.exact.delete(dropped)
  if (exact !== undefined) child.exact.add(digest)
  const what = news && {
    ...(news.memory && { memory: news.memory }),
    differs: news.differs,
    fastBytes: news.fast.length,
  }
  const message: RunMessage = {
    type: 'run',
    digest,
    ...(what && { module: what }),
    exactBytes: exact?.length ?? 0,
    drop,
    args,
    environ,
    seed,
    capabilities,
    memoryBytesMax,
    outputBytesMax,
    fuelMax,
  }
  return { message, bodies: [news?.fast ?? nothing, exact ?? nothing, stdin] }
}

const nothing = new Uint8Array(0)

/** What a job took before this run of it. */
interface Spent {
  wallUs: number
  cpuUs: number
  compileUs: number
  startedAt: string | undefined
}
interface ExactWanted {
  kind: 'exactWanted'
  spent: Spent
}
const nothingSpent: Spent = { wallUs: 0, cpuUs: 0, compileUs: 0, startedAt: undefined }

const leftMs = ({ timeoutMs }: ExecutionRequest, { wallUs }: Spent): number =>
  Math.max(1, timeoutMs - Math.floor(wallUs / 1000))

const fault = (reason: Fault['reason'], detail: string): Fault => ({ kind: 'faulted', reason, detail })
