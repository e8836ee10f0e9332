import type { CommandFile } from '../command-file.ts'
import { exitHelp, exitOf } from '../exit.ts'
import { untilEnded } from '../progress.ts'
import { describe } from './status.ts'

export const wait: CommandFile = {
  needsNode: true,
  define(command) {
    command
      .argument('<job>', 'the id of a job')
      .option('--timeout <time>', 'give up waiting after this long; the job goes on')
  },
  after: exitHelp,
  async run(context, [jobId]: [string], { timeout }: { timeout?: string }) {
    const { job } = await untilEnded(context, jobId, timeout)
    context.print(job, () => describe(job, context))
    return exitOf(job).code
  },
}
