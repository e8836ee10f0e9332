import type { CommandFile } from '../command-file.ts'
import type { Terminal } from '../terminal.ts'

/** The node itself: the only command that loads it. Its settings are its own; `define` is for the completions. */
export const serve: CommandFile = {
  needsNode: false,
  define: command => void command.allowUnknownOption(),
  run: async () => undefined,
}

export async function serveNode({ env, stdout, stderr }: Terminal, argv: readonly string[]): Promise<number> {
  const { serve } = await import('../../server/main.ts')
  return await serve({ argv, env, stdout, stderr })
}
