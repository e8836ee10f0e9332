/**
 * The documentation, held to what it says: every `sh` block of README.md and docs/*.md runs, page by page, from top to bottom, as a reader would
 * type it. `sh background` blocks keep a terminal: they run until the page is over, and the next block waits until they serve.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, test } from 'node:test'
import { errorCodes } from '../phase/errors.ts'
import { claimedReasons, unclaimedReasons } from '../phase/job.ts'

const root = join(import.meta.dirname, '..')
const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'))
    .filter(name => name.endsWith('.md'))
    .map(name => `docs/${name}`),
]
/** Pages that install packages or build guests have tests of their own, with the tools that they need. */
const testedElsewhere = new Set(['docs/run-a-node.md', 'docs/write-a-guest.md'])
/** The whole of a page, with every node that it starts. */
const pageMs = 120_000

interface Block {
  kind: 'run' | 'background'
  text: string
  line: number
}

describe('every command in the documentation works', () => {
  for (const page of pages.filter(page => !testedElsewhere.has(page))) {
    const blocks = blocksOf(readFileSync(join(root, page), 'utf8'))
    if (blocks.length === 0) continue
    test(page, { timeout: pageMs + 20_000 }, async () => {
      const directory = workplace()
      const shell = new Shell(directory, await freePorts())
      try {
        for (const block of blocks) await shell.run(block, page)
      } finally {
        await shell.stop()
        rmSync(directory, { recursive: true, force: true })
      }
    })
  }
})

test('links between pages lead somewhere', () => {
  for (const page of pages) {
    const text = readFileSync(join(root, page), 'utf8')
    const headings = (file: string) =>
      [...readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, title]) => anchorOf(title as string))
    for (const [, target] of text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
      const [path = '', anchor] = (target as string).split('#')
      const file = path === '' ? join(root, page) : join(root, page, '..', path)
      const text = path.endsWith('/') || (!path.includes('.') && path !== '') ? '' : readFileSync(file, 'utf8')
      if (anchor !== undefined && text !== '')
        assert.ok(headings(file).includes(anchor), `${page}: no heading for ${target}`)
    }
  }
})

test('troubleshooting has a section for every error code and every reason a job may end with', () => {
  const text = readFileSync(join(root, 'docs', 'troubleshooting.md'), 'utf8')
  for (const code of [...errorCodes, ...claimedReasons, ...unclaimedReasons]) {
    assert.match(text, new RegExp(`^### .*\`${code}\``, 'm'), `no section for ${code}`)
  }
})

const anchorOf = (title: string): string =>
  title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-')

function blocksOf(text: string): Block[] {
  return [...text.matchAll(/^```sh( background)?\n([\s\S]*?)^```$/gm)].map(match => ({
    kind: match[1] === undefined ? 'run' : 'background',
    text: match[2] as string,
    line: text.slice(0, match.index).split('\n').length,
  }))
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

/** One page's shell: variables live on from block to block. */
class Shell {
  private readonly directory: string
  private readonly ports: Map<string, string>
  private readonly processes: ChildProcess[] = []
  private readonly environment: NodeJS.ProcessEnv
  private history = ''

  constructor(directory: string, ports: Map<string, string>) {
    this.directory = directory
    this.ports = ports
    this.environment = {
      PATH: process.env['PATH'],
      HOME: directory,
      PLASM_HTTP: `127.0.0.1:${ports.get('7527')}`,
      PLASM_URL: `http://127.0.0.1:${ports.get('7527')}`,
      PLASM_P2P: `/ip4/127.0.0.1/tcp/${ports.get('7528')}`,
      BASH_ENV: join(directory, '.variables'),
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
    return spawn('bash', ['-O', 'expand_aliases', '-c', script], {
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
