/** The node's settings, as `plasm serve` would read them here. */
import { type Config, readConfig, settings } from '../server/config.ts'
import type { Context } from './context.ts'

/** @throws {ConfigError} */
export const readSettings = ({ terminal }: Context, argv: readonly string[] = []): Config =>
  readConfig({ argv, env: terminal.env, isTerminal: terminal.stdout.isTTY })

export interface Explained {
  name: string
  value: string
  source: string
}

/** Each setting as it holds, and what said so. */
export function explain(config: Config): Explained[] {
  const { sources, http, ...rest } = config
  const values = { ...rest, http: `${http.host}:${http.port}` }
  return settings.map(({ name }) => {
    const member = name.replaceAll(/-(.)/g, (_all, letter: string) => letter.toUpperCase()) as keyof typeof values
    const value = [values[member] ?? 'none'].flat().join(' ')
    return { name, value: value === '' ? 'none' : value, source: sources.get(name) ?? 'default' }
  })
}

export { settings }
