import type { JobEvent } from '../../sdks/typescript/src/index.ts'
import type { CommandFile } from '../command-file.ts'
import type { Context } from '../context.ts'
import { plain } from '../text.ts'

export const events: CommandFile = {
  needsNode: true,
  define(command) {
    command.argument('<job>', 'the id of a job').option('--after <n>', 'only what comes after that event [0]', '0')
  },
  after: 'Ends with the job. With --json one event on each line.',
  async run(context, [jobId]: [string], { after }: { after: string }) {
    context.catchInterrupt()
    const plasm = await context.plasm()
    for await (const event of plasm.events(jobId, { signal: context.signal, after: Number(after) })) {
      context.terminal.stdout.write(context.json ? `${JSON.stringify(event)}\n` : line(event, context))
    }
    return undefined
  },
}

function line({ at, sequence, type, state, executor, reason, exitCode, detail }: JobEvent, context: Context): string {
  const words = [reason === 'exited' ? `exit ${exitCode}` : reason, executor && `on ${executor}`, detail].filter(
    word => word !== undefined,
  )
  return `${context.style('dim', at)}  ${String(sequence).padStart(3)}  ${plain(type).padEnd(15)} ${plain(state).padEnd(10)} ${plain(words.join(', '))}\n`
}
