/** What a command has around it, so that tests can say what that is. */
export interface Terminal {
  argv: readonly string[]
  env: Readonly<Record<string, string | undefined>>
  readonly stdin: NodeJS.ReadableStream
  /** Whether stdin is a pipe or a file: what a person might type is not waited for. */
  readonly isPiped: boolean
  stdout: NodeJS.WriteStream
  stderr: NodeJS.WriteStream
  /** Calls the listener at every Ctrl-C, instead of ending the process. */
  interrupted(listener: () => void): void
}
