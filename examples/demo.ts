/**
 * The whole way of one job, on loopback: an executor and a gateway as processes of their own, the gateway told of one bootstrap address,
 * PHP talking to the gateway. `--third-bootstrap`: a third node is the bootstrap, so that executor and gateway do not know each other.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type NodeProcess, startNodeProcess } from '../server/testing/process.ts'

const root = join(import.meta.dirname, '..')
const directory = await mkdtemp(join(tmpdir(), 'plasm-demo-'))
const started: NodeProcess[] = []
process.exitCode = await demo(process.argv.includes('--third-bootstrap')).catch((error: unknown) => {
  console.error(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`)
  return 1
})
for (const node of started.toReversed()) await node.stop()
await rm(directory, { recursive: true, force: true })

async function demo(thirdBootstrap: boolean): Promise<number> {
  const bootstrap = thirdBootstrap ? await start('bootstrap', ['--slots', '0']) : undefined
  const through = (node: NodeProcess | undefined) => node?.p2p.flatMap(address => ['--bootstrap', address]) ?? []
  const executor = await start('executor', through(bootstrap))
  const gateway = await start('gateway', ['--slots', '0', ...through(bootstrap ?? executor)])
  console.log('')
  const php = spawn('php', [join(root, 'examples', 'remote_test.php')], {
    stdio: 'inherit',
    env: { ...process.env, PLASM_URL: gateway.http },
  })
  php.once('error', error => console.error(`php: ${error.message}`))
  const [code] = (await once(php, 'close')) as [number | null]
  console.log('')
  return code ?? 1
}

/** A node on free ports with a fresh data directory and identity. */
async function start(name: string, flags: string[]): Promise<NodeProcess> {
  const node = await startNodeProcess({ dataDir: join(directory, name), flags })
  started.push(node)
  console.log(`${name.padEnd(9)} ${node.http}  ${node.peerId}  pid ${node.child.pid}`)
  return node
}
