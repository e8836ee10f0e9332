/** `--network lan` on a network of its own: two namespaces joined by a cable, mDNS between them, nothing beyond. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import type { Job } from '../phase/job.ts'
import type { Peer } from '../phase/peer.ts'
import { helloFile } from './testing/client.ts'
import { type NodeProcess, startNodeProcess } from './testing/process.ts'

const run = promisify(execFile)
const mainFile = join(import.meta.dirname, 'main.ts')
const names = { executor: `plasm-e${process.pid}`, gateway: `plasm-g${process.pid}` }
const addresses = { executor: '10.83.7.1', gateway: '10.83.7.2' }
const nodes: NodeProcess[] = []
const directory = await mkdtemp(join(tmpdir(), 'plasm-lan-'))

after(async () => {
  await Promise.all(nodes.map(node => node.stop()))
  for (const name of Object.values(names)) await run('ip', ['netns', 'delete', name]).catch(() => {})
  await rm(directory, { recursive: true, force: true })
})

/** Two hosts and the cable between them. @returns why that cannot be had. */
async function makeNetwork(): Promise<string | undefined> {
  try {
    for (const name of Object.values(names)) await run('ip', ['netns', 'add', name])
  } catch (error) {
    return `needs network namespaces: ${(error as Error).message.split('\n')[0]}`
  }
  const [one, two] = [`pe${process.pid}`, `pg${process.pid}`]
  await run('ip', [
    'link',
    'add',
    one,
    'netns',
    names.executor,
    'type',
    'veth',
    'peer',
    'name',
    two,
    'netns',
    names.gateway,
  ])
  for (const [role, link] of [
    ['executor', one],
    ['gateway', two],
  ] as const) {
    const inside = (...words: string[]) => run('ip', ['-n', names[role], ...words])
    await inside('address', 'add', `${addresses[role]}/24`, 'dev', link)
    await inside('link', 'set', link, 'up')
    await inside('link', 'set', 'lo', 'up')
    await inside('route', 'add', 'default', 'dev', link)
  }
  return undefined
}

async function start(role: keyof typeof names, flags: string[]): Promise<NodeProcess> {
  const node = await startNodeProcess({
    dataDir: join(directory, role),
    command: ['ip', 'netns', 'exec', names[role], process.execPath, mainFile],
    flags: ['--network', 'lan', '--p2p', `/ip4/${addresses[role]}/tcp/0`, ...flags],
  })
  nodes.push(node)
  return node
}

/** The gateway's API, from inside its host: it listens on loopback there. */
async function ask<T>(node: NodeProcess, path: string, ...words: string[]): Promise<T> {
  const curl = ['curl', '-sS', '--fail-with-body', '--max-time', '40', ...words, `${node.http}${path}`]
  const { stdout } = await run('ip', ['netns', 'exec', names.gateway, ...curl])
  return JSON.parse(stdout) as T
}

test('a gateway finds an executor on its local network by mDNS alone, and runs a job there', async context => {
  const missing = await makeNetwork()
  if (missing !== undefined) {
    assert.notEqual(process.env['CI'], 'true', missing)
    return context.skip(missing)
  }
  const executor = await start('executor', [])
  const gateway = await start('gateway', ['--slots', '0'])
  const module = await ask<{ digest: string }>(
    gateway,
    '/v1/modules',
    '-T',
    helloFile,
    '-H',
    'content-type: application/wasm',
  )
  const manifest = JSON.stringify({ module: module.digest, stdin: { text: 'over the cable' }, queueMs: 60_000 })
  const sent = ['-H', 'content-type: application/json', '-H', 'prefer: wait=60', '-d', manifest]
  const job = await ask<Job>(gateway, '/v1/jobs', ...sent)
  assert.equal(job.state, 'succeeded', String(job.detail))
  assert.equal(job.executor, executor.peerId)
  const { items } = await ask<{ items: Peer[] }>(gateway, '/v1/peers')
  assert.ok(
    items[0]?.addresses.some(address => address.startsWith(`/ip4/${addresses.executor}/`)),
    JSON.stringify(items),
  )
})
