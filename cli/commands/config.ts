import type { CommandFile } from '../command-file.ts'
import { table } from '../text.ts'

export const config: CommandFile = {
  needsNode: false,
  define(command) {
    command
      .argument('[show]', 'what to do: show', 'show')
      .argument('[flags...]', 'flags as plasm serve would get them, after --')
      .option('--origin', 'where each setting is from')
  },
  after: `  plasm config show --origin
  plasm config show --origin -- --config plasm.toml --slots 0`,
  async run(context, [_show, flags]: [string, string[]], { origin }: { origin?: true }) {
    const { explain, readSettings } = await import('../settings.ts')
    const { env } = context.terminal
    const node = explain(readSettings(context, flags))
    const from = (variable: string) => ((env[variable] ?? '') === '' ? 'default' : `environment ${variable}`)
    const client = [
      { name: 'url', value: context.url(), source: from('PLASM_URL') },
      // Whether there is one, never which.
      { name: 'token', value: (env['PLASM_TOKEN'] ?? '') === '' ? 'none' : 'set', source: from('PLASM_TOKEN') },
    ]
    const rows = [...client, ...node].map(({ name, value, source }) =>
      origin === true ? [name, value, source] : [name, value],
    )
    context.print({ client, node }, () =>
      table(origin === true ? ['SETTING', 'VALUE', 'ORIGIN'] : ['SETTING', 'VALUE'], rows),
    )
    return undefined
  },
}
