/** What every command may use: the client, the person's terminal, the way out. */
import { readFile } from 'node:fs/promises'
import { styleText } from 'node:util'
import type { Plasm } from '../sdks/typescript/src/index.ts'
import type { Terminal } from './terminal.ts'

export class Context {
  readonly terminal: Terminal
  /** Whether a program reads stdout. */
  readonly json: boolean
  /** Aborts at the first Ctrl-C; a second one ends the process. */
  readonly signal: AbortSignal
  private readonly options: Record<string, unknown>
  private readonly stop = new AbortController()
  private listening = false

  constructor(terminal: Terminal, options: Record<string, unknown>) {
    this.terminal = terminal
    this.options = options
    this.json = options['json'] === true
    this.signal = this.stop.signal
  }

  /** @throws {ArgumentError} for an address or token that cannot be used. */
  async plasm(executors: readonly string[] = []): Promise<Plasm> {
    const { url, tokenFile } = this.options as { url?: string; tokenFile?: string }
    const { env } = this.terminal
    const token = tokenFile === undefined ? env['PLASM_TOKEN'] : await tokenIn(tokenFile)
    // Loaded here: --help must not wait for it.
    const { Plasm } = await import('../sdks/typescript/src/plasm.ts')
    return new Plasm({ url: this.url(url), token: token === '' ? undefined : token, executors })
  }

  url(given = this.options['url'] as string | undefined): string {
    return given ?? (this.terminal.env['PLASM_URL'] || 'http://127.0.0.1:7527')
  }

  /** From here on Ctrl-C aborts `signal`. */
  catchInterrupt(): void {
    if (this.listening) return
    this.listening = true
    this.terminal.interrupted(() => {
      if (this.signal.aborted) process.exit(130)
      this.stop.abort(new Interrupted())
    })
  }

  /** One document for a program, or text for a person. */
  print(document: unknown, text: () => string): void {
    if (this.json) this.terminal.stdout.write(`${JSON.stringify(document, null, 2)}\n`)
    else this.terminal.stdout.write(text())
  }

  /** For a person alone; nothing for a program, which reads stdout. */
  note(text: string): void {
    if (!this.json) this.terminal.stderr.write(text)
  }

  style(
    format: Parameters<typeof styleText>[0],
    text: string,
    stream: NodeJS.WriteStream = this.terminal.stdout,
  ): string {
    const { env } = this.terminal
    const plain = !stream.isTTY || (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb'
    return plain ? text : styleText(format, text, { validateStream: false })
  }

  end(): void {
    this.stop.abort(new Interrupted())
  }
}

/** Ctrl-C. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
  readonly hint: string

  constructor(message = 'Interrupted', hint = 'Nothing was undone by that.') {
    super(message)
    this.hint = hint
  }
}

async function tokenIn(file: string): Promise<string> {
  const text = await readFile(file, 'utf8')
  const [token = ''] = text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'))
  return token
}
