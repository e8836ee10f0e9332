import type { CommandFile } from '../command-file.ts'

export const cancel: CommandFile = {
  needsNode: true,
  define: command => void command.argument('<job>', 'the id of a job'),
  async run(context, [jobId]: [string]) {
    context.catchInterrupt()
    const plasm = await context.plasm()
    const job = await plasm.cancel(jobId, { signal: context.signal })
    context.print(
      job,
      () => `${job.id} ${job.state === 'cancelled' ? 'is cancelled' : `is ${job.state}, and will be cancelled`}\n`,
    )
    return undefined
  },
}
