import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import type { CommandFile } from '../command-file.ts'
import { exitHelp, exitOf } from '../exit.ts'
import { fetchOutput, sinkTo } from '../outputs.ts'
import { untilEnded } from '../progress.ts'

interface Flags {
  timeout?: string
  stderr?: true
  output?: string
}

export const result: CommandFile = {
  needsNode: true,
  define(command) {
    command
      .argument('<job>', 'the id of a job')
      .option('--stderr', 'what it wrote to stderr instead')
      .option('-o, --output <file>', 'write it there')
      .option('--timeout <time>', 'give up waiting after this long; the job goes on')
  },
  after: exitHelp,
  async run(context, [jobId]: [string], { timeout, stderr, output }: Flags) {
    const { plasm, job } = await untilEnded(context, jobId, timeout)
    const stream = stderr === true ? 'stderr' : 'stdout'
    const file = output === undefined ? undefined : createWriteStream(output)
    const to = file ?? (context.json ? undefined : context.terminal.stdout)
    const { document, digest } = await fetchOutput(plasm, job, stream, to === undefined ? undefined : sinkTo(to))
    if (file !== undefined) await finished(file.end())
    const exit = exitOf(job)
    const { size = 0 } = job[stream] ?? {}
    context.print(
      {
        jobId,
        state: job.state,
        reason: job.reason,
        exitCode: exit.code,
        exitBy: exit.by,
        [stream]: document ?? { size, digest },
      },
      () => '',
    )
    if (exit.by !== 'guest')
      context.note(`plasm: Job ${jobId} ended with ${job.reason ?? job.state}\nplasm status ${jobId} says more.\n`)
    return exit.code
  },
}
