import type { CommandFile } from '../command-file.ts'
import { exitHelp, exitOf } from '../exit.ts'
import { Progress } from '../progress.ts'
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
    context.catchInterrupt()
    const plasm = await context.plasm()
    const progress = new Progress(context, 'waiting')
    try {
      const job = await plasm.wait(jobId, { signal: context.signal, timeout, onEvent: event => progress.hear(event) })
      progress.end()
      context.print(job, () => describe(job, context))
      return exitOf(job).code
    } finally {
      progress.end()
    }
  },
}
