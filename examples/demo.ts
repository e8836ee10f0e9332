/**
 * The whole way of one job, on loopback: an executor and a gateway as processes of their own, the gateway told of one bootstrap address,
 * PHP talking to the gateway. `--third-bootstrap`: a third node is the bootstrap, so that executor and gateway do not know each other.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const root = join(import.meta.dirname, '..')
const startMs = 20_000

interface Ready {
  http: string
  p2p: string[]
  peerId: string
}

interface Started {
  name: string
  ready: Ready
  stop(): Promise<void>
}

const directory = await mkdtemp(join(tmpdir(), 'plasm-demo-'))
const started: Started[] = []
process.exitCode = await demo(process.argv.includes('--third-bootstrap')).catch((error: unknown) => {
  console.error(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`)
  return 1
})
for (const node of started.reverse()) await node.stop()
await rm(directory, { recursive: true, force: true })

async function demo(thirdBootstrap: boolean): Promise<number> {
  const bootstrap = thirdBootstrap ? await start('bootstrap', ['--slots', '0']) : undefined
  const through = (node: Started | undefined) => node?.ready.p2p.flatMap(address => ['--bootstrap', address]) ?? []
  const executor = await start('executor', through(bootstrap))
  const gateway = await start('gateway', ['--slots', '0', ...through(bootstrap ?? executor)])
  console.log('')
  const php = spawn('php', [join(root, 'examples', 'remote_test.php')], {
    stdio: 'inherit',
    env: { ...process.env, PLASM_URL: gateway.ready.http },
  })
  php.once('error', error => console.error(`php: ${error.message}`))
  const [code] = (await once(php, 'close')) as [number | null]
  console.log('')
  return code ?? 1
}

/** A node on free ports with a fresh data directory and identity; resolves when it serves. */
async function start(name: string, flags: string[]): Promise<Started> {
  const child = spawn(
    process.execPath,
    [
      join(root, 'server', 'main.ts'),
      'serve',
      ...[
        '--data-dir',
        join(directory, name),
        '--http',
        '127.0.0.1:0',
        '--p2p',
        '/ip4/127.0.0.1/tcp/0',
        '--log',
        'json',
      ],
      ...flags,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { PATH: process.env['PATH'] } },
  )
  const node: Started = { name, ready: { http: '', p2p: [], peerId: '' }, stop: () => end(child) }
  started.push(node)
  node.ready = await readyLine(child, name)
  console.log(`${name.padEnd(9)} ${node.ready.http}  ${node.ready.peerId}  pid ${child.pid}`)
  return node
}

async function readyLine(child: ChildProcess, name: string): Promise<Ready> {
  const signal = AbortSignal.timeout(startMs)
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  for await (const line of AbortableLines(lines, signal)) {
    const message = JSON.parse(line) as Ready & { msg: string }
    if (message.msg === 'ready') {
      child.stdout?.resume()
      return message
    }
  }
  throw new Error(`the ${name} node ended or said nothing within ${startMs / 1000} s`)
}

async function* AbortableLines(lines: ReturnType<typeof createInterface>, signal: AbortSignal): AsyncGenerator<string> {
  signal.addEventListener('abort', () => lines.close(), { once: true })
  yield* lines
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const closed = once(child, 'exit')
  child.kill('SIGTERM')
  const kill = setTimeout(() => child.kill('SIGKILL'), 12_000)
  await closed
  clearTimeout(kill)
}
