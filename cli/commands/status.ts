import type { Job } from '../../sdks/typescript/src/index.ts'
import type { CommandFile } from '../command-file.ts'
import type { Context } from '../context.ts'
import { ago, bytes, duration, facts, plain, table } from '../text.ts'

export const status: CommandFile = {
  needsNode: true,
  define(command) {
    command
      .argument('[job]', 'the id of a job')
      .option('--state <state>', 'only jobs that are queued, assigned, running, succeeded, failed or cancelled')
      .option('--limit <n>', 'how many at most [20]', '20')
  },
  async run(context, [jobId]: [string | undefined], { state, limit }: { state?: string; limit: string }) {
    context.catchInterrupt()
    const plasm = await context.plasm()
    if (jobId !== undefined) {
      const job = await plasm.status(jobId, { signal: context.signal })
      context.print(job, () => describe(job, context))
      return undefined
    }
    const page = await plasm.api.listJobs({ signal: context.signal, state, limit: Number(limit) })
    context.print(page, () => (page.items.length === 0 ? 'No jobs yet.\n' : list(page.items, context)))
    return undefined
  },
}

export function describe(job: Job, context: Context): string {
  const { usage, stdout, stderr } = job
  return facts([
    ['job', job.id],
    ['state', colored(job, context)],
    ['reason', job.reason === 'exited' ? `exited ${job.exitCode}` : job.reason],
    ['detail', job.detail],
    ['executor', job.executor],
    ['attempt', job.attempt > 1 ? String(job.attempt) : undefined],
    ['module', job.manifest.module],
    ['created', `${job.createdAt} (${ago(job.createdAt, Date.now())})`],
    ['finished', job.finishedAt],
    [
      'took',
      usage &&
        `${duration(usage.wallUs / 1000)} (processor ${duration(usage.cpuUs / 1000)}, memory ${bytes(usage.memoryBytesPeak)})`,
    ],
    ['stdout', stdout && bytes(stdout.size)],
    ['stderr', stderr && bytes(stderr.size)],
    ['receipt', job.receiptId],
  ])
}

function list(jobs: readonly Job[], context: Context): string {
  const rows = jobs.map(job => [
    job.id,
    job.state,
    plain(job.reason === 'exited' ? `exit ${job.exitCode}` : (job.reason ?? '')),
    ago(job.createdAt, Date.now()),
  ])
  return context.style([], table(['JOB', 'STATE', 'REASON', 'CREATED'], rows))
}

function colored({ state }: Job, context: Context): string {
  return context.style(state === 'succeeded' ? 'green' : state === 'failed' ? 'red' : 'yellow', plain(state))
}
