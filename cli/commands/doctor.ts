import type { CommandFile } from '../command-file.ts'
import type { Context } from '../context.ts'
import type { Check, Finding } from '../doctor/finding.ts'
import { machineChecks } from '../doctor/machine.ts'
import { nodeChecks } from '../doctor/node.ts'
import { plain } from '../text.ts'

export const doctor: CommandFile = {
  needsNode: true,
  define: command => void command.option('--no-job', 'do not run a job on the node'),
  after:
    'Looks at this machine as plasm serve would find it, then at the node that --url names. Exit code: 1 when something is wrong.',
  async run(context, _args, { job }: { job: boolean }) {
    context.catchInterrupt()
    const checks = [...machineChecks(context), ...(await nodeChecks(context, job))]
    const found: (Finding & { name: string })[] = []
    for (const { name, look } of checks) {
      const finding = await examined(look)
      found.push({ name, ...finding })
      if (!context.json) context.terminal.stdout.write(line(name, finding, context))
    }
    const wrong = found.filter(({ result }) => result === 'wrong').length
    const doubtful = found.filter(({ result }) => result === 'doubtful').length
    context.print(
      { healthy: wrong === 0, checks: found },
      () => `\n${found.length} checks: ${wrong} wrong, ${doubtful} doubtful\n`,
    )
    return wrong === 0 ? 0 : 1
  },
}

/** A check that itself fails has found something. */
async function examined(look: Check['look']): Promise<Finding> {
  try {
    return await look()
  } catch (error) {
    const { message, hint } = error as Error & { hint?: string }
    return { result: 'wrong', detail: message, fix: hint ?? 'Mend that, then run plasm doctor again.' }
  }
}

function line(name: string, { result, detail, fix }: Finding, context: Context): string {
  const mark = {
    fine: context.style('green', '✓'),
    doubtful: context.style('yellow', '!'),
    wrong: context.style('red', '✗'),
    skipped: context.style('dim', '-'),
  }
  const advice = fix === undefined ? '' : `      ${plain(fix)}\n`
  return `${mark[result]} ${name.padEnd(18)} ${plain(detail)}\n${advice}`
}
