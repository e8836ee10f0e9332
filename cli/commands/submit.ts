import type { CommandFile } from '../command-file.ts'
import { defineJob, type JobFlags, jobOptionsOf } from '../job-options.ts'

export const submit: CommandFile = {
  needsNode: true,
  define: defineJob,
  after: `  JOB=$(plasm submit prog.wasm < input) && plasm wait $JOB && plasm result $JOB`,
  async run(context, [module, args]: [string, string[]], flags: JobFlags) {
    context.catchInterrupt()
    const plasm = await context.plasm()
    const jobId = await plasm.submit(module, { ...jobOptionsOf(flags, args, context), signal: context.signal })
    context.print({ jobId }, () => `${jobId}\n`)
    return undefined
  },
}
