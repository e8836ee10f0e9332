/** Runs a page of documentation as a reader would type it. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export const root = join(import.meta.dirname, '..', '..')
/** The whole of a page, with every node that it starts. */
export const pageMs = 120_000

export interface Block {
  kind: 'run' | 'background'
  /** A server takes a Debian package as root, a laptop is its neighbour: both are machines that `make deb-test` has. */
  where: 'here' | 'server' | 'laptop'
  text: string
  line: number
}

/** The pages whose `server` and `laptop` blocks `make deb-test` runs. */
export const pagesOfMachines = ['README.md', 'docs/run-a-node.md']

/** The `sh` blocks of a page. @throws for one that nobody would run. */
export function blocksOf(text: string): Block[] {
  return [...text.matchAll(/^```sh\b(.*)\n([\s\S]*?)^```$/gm)].map(match => {
    const line = text.slice(0, match.index).split('\n').length
    const said = /^(?: (server|laptop))?( background)?$/.exec(match[1] as string)
    if (said === null) throw new Error(`line ${line}: "sh${match[1]}" is no kind of block`)
    const where = (said[1] ?? 'here') as Block['where']
    return { kind: said[2] === undefined ? 'run' : 'background', where, text: match[2] as string, line }
  })
}

/** A folder that looks like the checkout and may be littered. */
function workplace(): string {
  const directory = mkdtempSync(join(tmpdir(), 'plasm-docs-'))
  for (const name of readdirSync(root)) if (name !== '.git') symlinkSync(join(root, name), join(directory, name))
  return directory
}

/** The ports that the pages name, each with a free one that takes its place here. */
async function freePorts(): Promise<Map<string, string>> {
  const ports = new Map<string, string>()
  for (const documented of ['7527', '7528', '7627', '7628', '7727', '7728']) {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    ports.set(documented, String((server.address() as { port: number }).port))
    server.close()
    await once(server, 'close')
  }
  return ports
}

export interface Surroundings {
  variables?: NodeJS.ProcessEnv
  /** What starts each command: `ip netns exec NAME`, say. */
  within?: readonly string[]
}

/** Gives `use` a shell of its own in a folder of its own; both are gone afterwards, with all that ran in them. */
export async function runPage(use: (shell: Shell) => Promise<void>, around: Surroundings = {}): Promise<void> {
  const directory = workplace()
  const shell = new Shell(directory, await freePorts(), around)
  try {
    await use(shell)
  } finally {
    await shell.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

/** One page's shell: variables live on from block to block. */
export class Shell {
  private readonly directory: string
  private readonly ports: Map<string, string>
  private readonly processes: ChildProcess[] = []
  private readonly environment: NodeJS.ProcessEnv
  private readonly within: readonly string[]
  private history = ''

  constructor(directory: string, ports: Map<string, string>, { variables = {}, within = [] }: Surroundings) {
    this.directory = directory
    this.within = within
    this.ports = ports
    this.environment = {
      PATH: process.env['PATH'],
      HOME: directory,
      PLASM_HTTP: `127.0.0.1:${ports.get('7527')}`,
      PLASM_URL: `http://127.0.0.1:${ports.get('7527')}`,
      PLASM_P2P: `/ip4/127.0.0.1/tcp/${ports.get('7528')}`,
      BASH_ENV: join(directory, '.variables'),
      ...variables,
    }
  }

  async run({ kind, text, line }: Block, page: string): Promise<void> {
    const script = this.local(text)
    if (kind === 'background') {
      await this.serve(script)
      return
    }
    const child = this.spawn(
      `set -euo pipefail\n${this.history}${script}\ndeclare -p | grep -E '^declare -- [A-Z]+=' > "$BASH_ENV" || true`,
    )
    const output: string[] = []
    child.stdout?.on('data', (data: Buffer) => output.push(data.toString()))
    child.stderr?.on('data', (data: Buffer) => output.push(data.toString()))
    const timer = setTimeout(() => kill(child), pageMs)
    const [code] = (await once(child, 'close')) as [number | null]
    clearTimeout(timer)
    assert.equal(code, 0, `${page}:${line} ended with ${code}:\n${text}\n${output.join('')}`)
    // Functions and aliases of earlier blocks are said again; variables are kept in a file.
    this.history += script
      .split('\n')
      .filter(row => /^(alias|plasm\(\))/.test(row))
      .map(row => `${row}\n`)
      .join('')
  }

  async stop(): Promise<void> {
    for (const child of this.processes.toReversed()) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const gone = once(child, 'close')
      kill(child, 'SIGTERM')
      await gone
    }
  }

  private async serve(script: string): Promise<void> {
    const child = this.spawn(`${this.history}${script}`)
    this.processes.push(child)
    const said: string[] = []
    child.stderr?.on('data', (data: Buffer) => said.push(data.toString()))
    for await (const row of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
      said.push(row)
      if (row.includes('"msg":"ready"')) {
        child.stdout?.resume()
        return
      }
    }
    throw new Error(`it did not serve:\n${script}\n${said.join('\n')}`)
  }

  private spawn(script: string): ChildProcess {
    const bash = ['bash', '-O', 'expand_aliases', '-c', script]
    const [file = '', ...args] = [...this.within, ...bash]
    return spawn(file, args, {
      cwd: this.directory,
      env: this.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
  }

  private local(text: string): string {
    return text.replaceAll(/\b(7[567]2[78])\b/g, port => this.ports.get(port) ?? port)
  }
}

/** The whole process group: a shell passes no signal on. */
function kill(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): void {
  if (child.pid !== undefined) process.kill(-child.pid, signal)
}
