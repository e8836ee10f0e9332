import type { Job, Plasm, Verification } from '../../sdks/typescript/src/index.ts'
import { adviceOn } from '../advice.ts'
import type { CommandFile } from '../command-file.ts'
import { type Context, Interrupted } from '../context.ts'
import { exitHelp, exitOf, exits } from '../exit.ts'
import { collect, defineJob, type JobFlags, jobOptionsOf } from '../job-options.ts'
import { fetchOutputs, type Outputs } from '../outputs.ts'
import { Progress } from '../progress.ts'
import { duration } from '../text.ts'

interface Flags extends JobFlags {
  verify: boolean
  executor?: string[]
  wait?: string
  quiet?: true
}

export const run: CommandFile = {
  needsNode: true,
  define(command) {
    defineJob(command)
    command
      .option(
        '--executor <key>',
        'did:key or peer id that must have signed the receipt; repeatable, one of them',
        collect,
      )
      .option('--no-verify', 'do not check the receipt')
      .option('--wait <time>', 'give up waiting after this long; the job goes on [as long as it takes]')
      .option('-q, --quiet', 'no progress, no summary')
  },
  after: `${exitHelp}

  plasm run hello.wasm <<< 'Hello, World'
  plasm run --memory 256MiB --timeout 5m --env LANG=C prog.wasm --flag-of-the-guest < input > output`,
  async run(context, [module, args]: [string, string[]], flags: Flags) {
    context.catchInterrupt()
    const plasm = await context.plasm(flags.executor)
    const progress = new Progress(context, 'uploading')
    try {
      const jobId = await plasm.submit(module, { ...jobOptionsOf(flags, args, context), signal: context.signal })
      const job = await ended(plasm, jobId, flags, context, progress)
      return await finish(plasm, job, flags, context, progress)
    } finally {
      progress.end()
    }
  },
}

/** Most jobs end within one question for them; longer ones are followed by their events. */
const shortJobSeconds = 20
/** A person who has pressed Ctrl-C waits no longer. */
const cancelMs = 5_000

/** Ctrl-C cancels the job; a wait that is over leaves it alone. */
async function ended(
  plasm: Plasm,
  jobId: string,
  { wait, verify }: Flags,
  context: Context,
  progress: Progress,
): Promise<Job> {
  try {
    // What checks the receipt is loaded while the job runs, once the question for it is on its way.
    if (verify) setImmediate(() => void import('../../sdks/typescript/src/verifier.ts'))
    if (!progress.isShown && wait === undefined) {
      const job = await plasm.api.getJob(jobId, { signal: context.signal, prefer: `wait=${shortJobSeconds}` })
      const { isEnded } = await import('../../sdks/typescript/src/plasm.ts')
      if (isEnded(job)) return job
    }
    const onEvent = progress.isShown ? { onEvent: progress.hear.bind(progress) } : {}
    return await plasm.wait(jobId, { signal: context.signal, timeout: wait, ...onEvent })
  } catch (error) {
    if (!context.signal.aborted) throw await waitedFor(error, jobId)
    progress.end()
    const { state } = await plasm.cancel(jobId, { signal: AbortSignal.timeout(cancelMs) })
    throw new Interrupted(
      `Job ${jobId} is ${state === 'cancelled' ? 'cancelled' : 'being cancelled'}`,
      `plasm wait ${jobId}`,
    )
  }
}

async function waitedFor(error: unknown, jobId: string): Promise<unknown> {
  const { TimeoutError } = await import('../../sdks/typescript/src/index.ts')
  if (!(error instanceof TimeoutError)) return error
  return new TimeoutError(`Job ${jobId} has not ended in the time that was given`, {
    hint: `It goes on: plasm wait ${jobId}`,
    cause: error,
  })
}

async function finish(plasm: Plasm, job: Job, flags: Flags, context: Context, progress: Progress): Promise<number> {
  progress.say('fetching the output')
  const outputs = await fetchOutputs(plasm, job, context, () => progress.end())
  const checked = flags.verify && job.receiptId !== undefined ? await check(plasm, job, outputs) : undefined
  const exit = exitOf(job)
  const failed = checked !== undefined && 'problem' in checked
  const code = failed ? exits.nodeOrNetwork : exit.code
  context.print(
    {
      jobId: job.id,
      state: job.state,
      reason: job.reason,
      detail: job.detail,
      guestExitCode: job.exitCode,
      exitCode: code,
      exitBy: failed ? 'plasm' : exit.by,
      executor: job.executor,
      usage: job.usage,
      stdout: outputs.stdout.document,
      stderr: outputs.stderr.document,
      receiptId: job.receiptId,
      verification: checked === undefined ? undefined : 'problem' in checked ? checked.verification : checked,
    },
    () => '',
  )
  if (!context.json) explain(job, checked, exit.by === 'guest', flags, context)
  return code
}

type Checked = Verification | { problem: string; verification: Verification | undefined }

async function check(plasm: Plasm, job: Job, { stdout, stderr }: Outputs): Promise<Checked> {
  try {
    return await plasm.verify(job.id, { expected: { stdout: stdout.digest, stderr: stderr.digest } })
  } catch (error) {
    const { ReceiptError } = await import('../../sdks/typescript/src/index.ts')
    if (error instanceof ReceiptError) return { problem: error.detail, verification: error.verification }
    throw error
  }
}

/** What went wrong is always said; that all went well only to somebody who watches. */
function explain(job: Job, checked: Checked | undefined, byGuest: boolean, flags: Flags, context: Context): void {
  const { stderr } = context.terminal
  const red = context.style('red', 'plasm:', stderr)
  if (checked !== undefined && 'problem' in checked) {
    context.note(
      `${red} ${checked.problem}\nDo not trust the output. Ask another node, or pin its key with --executor.\n`,
    )
    return
  }
  if (!byGuest) {
    const detail = job.detail === undefined ? '' : ` (${job.detail})`
    context.note(`${red} Job ${job.id} ended with ${job.reason ?? job.state}${detail}\n${adviceOn(job)}\n`)
    return
  }
  if (!stderr.isTTY || flags.quiet === true) return
  const time = job.usage === undefined ? '' : ` in ${duration(job.usage.wallUs / 1000)}`
  const receipt = checked === undefined ? 'receipt not checked' : `receipt ${checked.verdict}, ${checked.assurance}`
  const mark =
    job.state === 'succeeded'
      ? context.style('green', '✓', stderr)
      : context.style('yellow', `exit ${job.exitCode}`, stderr)
  context.note(context.style('dim', `${mark} ${job.executor?.slice(-8) ?? 'somewhere'}${time}, ${receipt}\n`, stderr))
}
