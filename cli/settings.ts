/** The node's settings, as `plasm serve` would read them here. */
import { type Config, readConfig, settings } from '../server/config.ts'
import type { Context } from './context.ts'

export const readSettings = ({ terminal }: Context, argv: readonly string[] = []): Config =>
  readConfig({ argv, env: terminal.env, isTerminal: terminal.stdout.isTTY })

export { settings }
