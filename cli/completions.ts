/** Completion scripts, made from the commands themselves. They hold all there is to complete: no shell has to start Node for it. */

import type { Entries } from './command-file.ts'
import { commandOf } from './run-command.ts'

interface Described {
  name: string
  summary: string
  options: { long: string; short: string | undefined; help: string; takesValue: boolean }[]
}

async function describeAll(entries: Entries): Promise<Described[]> {
  return await Promise.all(
    Object.entries(entries).map(async ([name, entry]) => {
      if (name === 'serve') return { name, summary: entry.summary, options: await serveOptions() }
      const command = commandOf({ name, summary: entry.summary }, await entry.load())
      const options = command.options.map(({ long, short, description, required }) => ({
        long: long as string,
        short,
        help: description,
        takesValue: required,
      }))
      return {
        name,
        summary: entry.summary,
        options: [...options, { long: '--help', short: '-h', help: 'help', takesValue: false }],
      }
    }),
  )
}

async function serveOptions(): Promise<Described['options']> {
  const { settings } = await import('./settings.ts')
  return settings.map(({ name, help }) => ({ long: `--${name}`, short: undefined, help, takesValue: true }))
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`

async function bash(entries: Entries): Promise<string> {
  const all = await describeAll(entries)
  const cases = all.map(
    ({ name, options }) => `    ${name}) words=${quoted(options.map(({ long }) => long).join(' '))} ;;`,
  )
  return `# bash completion for plasm
_plasm() {
  local current=\${COMP_WORDS[COMP_CWORD]} words
  if [ "$COMP_CWORD" = 1 ]; then
    COMPREPLY=($(compgen -W ${quoted(all.map(({ name }) => name).join(' '))} -- "$current"))
    return
  fi
  case \${COMP_WORDS[1]} in
${cases.join('\n')}
    *) words= ;;
  esac
  case $current in
    -*) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
    *) COMPREPLY=($(compgen -f -- "$current")) ;;
  esac
}
complete -o filenames -F _plasm plasm
`
}

async function zsh(entries: Entries): Promise<string> {
  const all = await describeAll(entries)
  const colonless = (text: string) => text.replaceAll(/[:[\]\\]/g, ' ')
  const names = all.map(({ name, summary }) => `    ${quoted(`${name}:${colonless(summary)}`)}`)
  const cases = all.map(({ name, options }) => {
    const specs = options.map(({ long, help, takesValue }) =>
      quoted(`*${long}[${colonless(help)}]${takesValue ? ':value:_files' : ''}`),
    )
    return `    ${name}) _arguments ${[...specs, quoted('*:file:_files')].join(' ')} ;;`
  })
  return `#compdef plasm
_plasm() {
  local -a names
  names=(
${names.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command names
    return
  fi
  local name=$words[2]
  shift words
  (( CURRENT-- ))
  case $name in
${cases.join('\n')}
    *) _files ;;
  esac
}
_plasm "$@"
`
}

async function fish(entries: Entries): Promise<string> {
  const all = await describeAll(entries)
  const lines = all.flatMap(({ name, summary, options }) => [
    `complete -c plasm -n __fish_use_subcommand -f -a ${name} -d ${quoted(summary)}`,
    ...options.map(
      ({ long, short, help, takesValue }) =>
        `complete -c plasm -n '__fish_seen_subcommand_from ${name}' -l ${long.slice(2)}${short === undefined ? '' : ` -s ${short.slice(1)}`}${takesValue ? ' -r' : ''} -d ${quoted(help)}`,
    ),
  ])
  return `# fish completion for plasm\n${lines.join('\n')}\n`
}

export const scripts = { bash, zsh, fish } as const
