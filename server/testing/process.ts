/** A real node as a process of its own, for tests, measurements and the demo: free ports, its own data directory, JSON logs read. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const mainFile = join(import.meta.dirname, '..', 'main.ts')
/** A node starts in well under a second; a machine that is busy with other tests may take longer. */
const startMs = 30_000
/** SIGTERM drains within 10 s; what is left then is a defect, and the process is ended so that nothing stays. */
const stopMs = 12_000

export interface NodeProcess {
  http: string
  p2p: string[]
  peerId: string
  child: ChildProcess
  /** From spawn to the ready line, milliseconds. */
  readyMs: number
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>
}

/** Starts `plasm serve` with `flags`; what it writes to stderr is shown. @throws when it ends before it serves. */
export async function startNodeProcess(options: {
  dataDir: string
  /** What is started, `serve` following: the sources here, unless it is a build of them. */
  command?: readonly [string, ...string[]]
  flags?: readonly string[]
  env?: Record<string, string>
}): Promise<NodeProcess> {
  const begun = performance.now()
  const defaults = [
    '--data-dir',
    options.dataDir,
    '--http',
    '127.0.0.1:0',
    '--p2p',
    '/ip4/127.0.0.1/tcp/0',
    '--log',
    'json',
  ]
  const [file, ...before] = options.command ?? [process.execPath, mainFile]
  const child = spawn(file, [...before, 'serve', ...defaults, ...(options.flags ?? [])], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'], ...options.env },
  })
  const ready = await readyLine(child)
  return {
    ...ready,
    child,
    readyMs: performance.now() - begun,
    stop: () => end(child),
    kill: async () => {
      const gone = exited(child)
      child.kill('SIGKILL')
      await gone
    },
  }
}

async function readyLine(child: ChildProcess): Promise<Pick<NodeProcess, 'http' | 'p2p' | 'peerId'>> {
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  const timer = setTimeout(() => child.kill('SIGKILL'), startMs)
  try {
    for await (const line of lines) {
      const message = JSON.parse(line) as NodeProcess & { msg: string }
      if (message.msg === 'ready') return { http: message.http, p2p: message.p2p, peerId: message.peerId }
    }
  } finally {
    clearTimeout(timer)
    child.stdout?.resume()
  }
  throw new Error('the node ended before it served, or said nothing in time')
}

async function end(child: ChildProcess): Promise<number | null> {
  const gone = exited(child)
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), stopMs)
  await gone
  clearTimeout(timer)
  return child.exitCode
}

const exited = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}
