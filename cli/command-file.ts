import type { Command } from 'commander'
import type { Context } from './context.ts'

/** One subcommand: what it takes, and what it does. */
export interface CommandFile {
  /** Arguments and options beyond those that every command has. */
  define(command: Command): void
  /** Whether it talks to a node: then it takes --url and --token-file. */
  needsNode: boolean
  /** For the end of its help text. */
  after?: string
  /**
   * @param args as `define` named them, those that may be repeated as one list; a missing one is `undefined`
   * @param all every command there is
   * @returns the exit code; none is 0
   */
  run(context: Context, args: never, options: never, all: Entries): Promise<number | undefined>
}

/** A subcommand before it is loaded. */
export interface Entry {
  summary: string
  /** Under which heading of `plasm --help`. */
  section: string
  load: () => Promise<CommandFile>
}
export type Entries = Readonly<Record<string, Entry>>
