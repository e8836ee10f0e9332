import type { CommandFile } from '../command-file.ts'

export const completion: CommandFile = {
  needsNode: false,
  define: command => void command.argument('<shell>', 'bash, zsh or fish'),
  after: `  plasm completion bash > ~/.local/share/bash-completion/completions/plasm
  plasm completion zsh > "\${fpath[1]}/_plasm"
  plasm completion fish > ~/.config/fish/completions/plasm.fish`,
  async run(context, [shell]: [string], _options, all) {
    const { scripts } = await import('../completions.ts')
    const script = Object.hasOwn(scripts, shell) ? scripts[shell as keyof typeof scripts] : undefined
    if (script === undefined) {
      const { ArgumentError } = await import('../../sdks/typescript/src/index.ts')
      throw new ArgumentError(`Cannot complete for "${shell}": bash, zsh or fish was expected`)
    }
    const text = await script(all)
    context.print({ shell, script: text }, () => text)
    return undefined
  },
}
