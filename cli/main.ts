/** From words to a command, from what it throws to an exit code. Only the command that is asked for is loaded. */
import { commands, overview } from './commands.ts'
import type { Terminal } from './terminal.ts'

/** @returns the exit code. */
export async function main(terminal: Terminal): Promise<number> {
  const { argv, stdout, stderr } = terminal
  const [name = '--help', ...rest] = argv
  if (name === '--help' || name === '-h' || (name === 'help' && rest.length === 0)) {
    stdout.write(overview(stdout))
    return argv.length === 0 ? 2 : 0
  }
  if (name === '--version') {
    stdout.write(`${(await import('../sdks/typescript/src/version.ts')).version}\n`)
    return 0
  }
  const [wanted, words] = name === 'help' ? [rest[0] as string, ['--help']] : [name, rest]
  // The node reads its own settings: it is started the same way without this command.
  if (wanted === 'serve') return await (await import('./commands/serve.ts')).serveNode(terminal, words)
  if (!Object.hasOwn(commands, wanted)) {
    const { nearest } = await import('./nearest.ts')
    stderr.write(`plasm: There is no command "${wanted.slice(0, 80)}"\n`)
    stderr.write(`Did you mean "plasm ${nearest(wanted, Object.keys(commands))}"? See plasm --help.\n`)
    return 2
  }
  const { runCommand } = await import('./run-command.ts')
  return await runCommand(commands, wanted, words, terminal)
}
