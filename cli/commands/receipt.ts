import { writeFile } from 'node:fs/promises'
import type { CommandFile } from '../command-file.ts'
import { facts } from '../text.ts'

interface Flags {
  output?: string
  request?: true
  explain?: true
}

export const receipt: CommandFile = {
  needsNode: true,
  define(command) {
    command
      .argument('<job>', 'the id of a job')
      .option('-o, --output <file>', 'write it there')
      .option('--request', 'the signed request that it answers instead: what was asked for, for plasm verify')
      .option('--explain', 'what it says, for a person; nothing is checked')
  },
  after: `The DSSE envelope exactly as its executor signed it: plasm verify checks it, with or without a node.

  plasm receipt -o receipt.json $JOB && plasm receipt --request -o request.json $JOB
  plasm verify receipt.json --replay --request request.json --module prog.wasm --stdin input`,
  async run(context, [jobId]: [string], { output, request, explain }: Flags) {
    context.catchInterrupt()
    const plasm = await context.plasm()
    if (request === true) {
      const envelope = JSON.stringify(await plasm.api.getJobRequest(jobId, { signal: context.signal }))
      if (output === undefined) context.terminal.stdout.write(`${envelope}\n`)
      else {
        await writeFile(output, envelope)
        context.print({ jobId, file: output }, () => '')
      }
      return undefined
    }
    const found = await plasm.receipt(jobId, { signal: context.signal })
    const { claim, measurement, binding } = found
    if (output !== undefined) await writeFile(output, found.envelope)
    if (explain === true) {
      const { outcome } = claim
      const text = () =>
        facts([
          ['receipt', found.id],
          ['executor', measurement.executor.did],
          ['job', binding.jobId],
          ['module', claim.module],
          ['profile', claim.profile],
          ['outcome', `${outcome.reason}${outcome.exitCode === undefined ? '' : ` ${outcome.exitCode}`}`],
          ['fuel', `${claim.fuel} of ${claim.limits.fuel}`],
          ['stdout', `${claim.stdout.size} bytes, ${claim.stdout.digest}`],
          ['stderr', `${claim.stderr.size} bytes, ${claim.stderr.digest}`],
          ['wall clock', `${measurement.wallUs} µs`],
          ['processor', `${measurement.cpuUs} µs`],
          ['memory', `${measurement.memoryBytesPeak} bytes`],
          ['nonce', binding.nonce],
        ])
      context.print({ receiptId: found.id, claim, measurement, binding }, text)
    } else if (output === undefined) context.terminal.stdout.write(`${found.envelope}\n`)
    else context.print({ receiptId: found.id, file: output }, () => '')
    return undefined
  },
}
