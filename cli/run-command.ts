/** One command, from its words to its exit code. */
import { Command, CommanderError } from 'commander'
import type { CommandFile, Entries } from './command-file.ts'
import { Context } from './context.ts'
import type { Terminal } from './terminal.ts'

const exitUsage = 2

/** @returns the exit code. */
export async function runCommand(
  entries: Entries,
  name: string,
  words: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const { summary, load } = entries[name] as Entries[string]
  const file = await load()
  const command = commandOf({ name, summary }, file)
  command.configureOutput({
    writeOut: text => terminal.stdout.write(text),
    writeErr: () => undefined,
  })
  let context: Context | undefined
  let code = 0
  command.action(async () => {
    const options: Record<string, unknown> = command.opts()
    context = new Context(terminal, options)
    code = (await file.run(context, command.processedArgs as never, options as never, entries)) ?? 0
  })
  try {
    await command.parseAsync([...words], { from: 'user' })
    return code
  } catch (error) {
    if (error instanceof CommanderError) return usage(error, name, words, terminal)
    const { report } = await import('./report.ts')
    return await report(error, context ?? new Context(terminal, {}))
  } finally {
    context?.end()
  }
}

/** The same for the completions, which only look at it. */
export function commandOf({ name, summary }: { name: string; summary: string }, file: CommandFile): Command {
  const command = new Command(`plasm ${name}`).description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`)
  command.exitOverride().helpOption('-h, --help', 'this text')
  file.define(command)
  if (file.needsNode) {
    command.option('--url <url>', 'where the node is [PLASM_URL, else http://127.0.0.1:7527]')
    command.option('--token-file <file>', 'a file with the bearer token [else PLASM_TOKEN]')
  }
  command.option('--json', 'one JSON document on stdout, for programs')
  if (file.after !== undefined) command.addHelpText('after', `\n${file.after}`)
  return command
}

function usage(error: CommanderError, name: string, words: readonly string[], terminal: Terminal): number {
  if (error.exitCode === 0) return 0
  const message = error.message.replace(/^error: /, '').split('\n')[0] as string
  const detail = `${message.charAt(0).toUpperCase()}${message.slice(1)}`
  const hint = `See plasm ${name} --help.`
  const json = words.slice(0, words.includes('--') ? words.indexOf('--') : undefined).includes('--json')
  if (json)
    terminal.stdout.write(
      `${JSON.stringify({ error: { code: 'usage', message: detail, hint }, exitCode: exitUsage }, null, 2)}\n`,
    )
  else terminal.stderr.write(`plasm ${name}: ${detail}\n${hint}\n`)
  return exitUsage
}
