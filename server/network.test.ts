/** The main promise, between real processes: found through the DHT, run elsewhere, back with a receipt, whoever is killed meanwhile. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { compileFixture } from '../machine/fixtures/compile.ts'
import { Client } from './testing/client.ts'
import { type NodeProcess, startNodeProcess } from './testing/process.ts'

const directory = await mkdtemp(join(tmpdir(), 'plasm-network-'))
const running = new Set<NodeProcess>()
let made = 0

async function start(flags: string[], name = `node-${++made}`): Promise<NodeProcess> {
  const node = await startNodeProcess({ dataDir: join(directory, name), flags })
  running.add(node)
  return node
}

const through = (node: NodeProcess) => node.p2p.flatMap(address => ['--bootstrap', address])

after(async () => {
  await Promise.all([...running].map(node => node.stop()))
  await rm(directory, { recursive: true, force: true })
})

describe('an executor and a gateway that know only a third node', () => {
  let bootstrap: NodeProcess
  let executor: NodeProcess
  let gateway: NodeProcess
  let client: Client

  before(async () => {
    bootstrap = await start(['--slots', '0'])
    ;[executor, gateway] = await Promise.all([
      start(['--slots', '2', ...through(bootstrap)]),
      start(['--slots', '0', ...through(bootstrap)], 'gateway'),
    ])
    client = new Client(gateway.http)
  })

  test('the gateway finds the executor through the DHT, with the address that it listens on', async () => {
    const peer = await client.executor()
    assert.equal(peer.peerId, executor.peerId)
    assert.ok(
      executor.p2p.some(address => address.startsWith(peer.addresses[0] as string)),
      String(peer.addresses),
    )
  })

  test('a job runs on the executor and comes back with its receipt, pinned to that key', async () => {
    const module = await client.uploadHello()
    const peer = await client.executor()
    const job = await client.run({ module, stdin: { text: 'Hello, World' } })
    assert.equal(job.state, 'succeeded')
    assert.equal(job.executor, executor.peerId)
    assert.equal(await client.output(job.id), 'dlroW ,olleH')
    const verification = await client.verify(await client.receipt(job.id), {
      executor: peer.did,
      jobId: job.id,
      module,
    })
    assert.equal(verification.verdict, 'valid')
    assert.equal(verification.assurance, 'pinned')
  })

  test('a cancel reaches the executor and is confirmed', async () => {
    const module = await client.upload(await compileFixture('loop'))
    const job = await client.submit({ module, timeoutMs: 60_000 })
    await client.event(job.id, ({ state }) => state === 'running')
    await client.cancel(job.id)
    const ended = await client.ended(job.id)
    assert.equal(ended.state, 'cancelled')
    assert.equal(ended.reason, 'cancelled')
    const other = await client.run({ module: await client.uploadHello(), resources: { cpu: 2 } })
    assert.equal(other.state, 'succeeded', 'both slots are free again')
  })

  test('large output travels whole', async () => {
    const module = await client.uploadHello()
    const text = `${'abcdefghij'.repeat(600_000)}`
    const uploaded = await client.json<{ digest: string }>('/v1/blobs', {
      method: 'PUT',
      headers: { 'content-type': 'application/octet-stream' },
      body: text,
    })
    const job = await client.run({ module, stdin: { digest: uploaded.digest } })
    assert.equal(job.state, 'succeeded', String(job.detail))
    assert.equal(await client.output(job.id), [...text].reverse().join(''))
  })

  test('the executor is killed while it runs a job: the job ends on another one, with one receipt', async () => {
    const module = await client.upload(await compileFixture('slow'))
    const job = await client.submit({ module, timeoutMs: 60_000, queueMs: 60_000 })
    await client.event(job.id, ({ state }) => state === 'running')
    running.delete(executor)
    await executor.kill()
    const other = await start(['--slots', '1', ...through(bootstrap)])
    const ended = await client.ended(job.id)
    assert.equal(ended.state, 'succeeded', String(ended.detail))
    assert.equal(ended.executor, other.peerId)
    assert.equal(ended.attempt, 2)
    const receipts = await client.json<{ items: unknown[] }>(`/v1/jobs/${job.id}/receipts`)
    assert.equal(receipts.items.length, 1)
    executor = other
  })

  test('the gateway is killed after it acknowledged jobs: started again, it ends every one', async () => {
    const module = await client.uploadHello()
    const slow = await client.upload(await compileFixture('slow'))
    const jobs = await Promise.all([
      client.submit({ module: slow }),
      ...Array.from({ length: 20 }, (_, index) => client.submit({ module, stdin: { text: `job ${index}` } })),
    ])
    running.delete(gateway)
    await gateway.kill()
    gateway = await start(['--slots', '0', ...through(bootstrap)], 'gateway')
    client = new Client(gateway.http)
    for (const { id } of jobs) {
      const ended = await client.ended(id)
      assert.equal(ended.state, 'succeeded', String(ended.detail))
      const receipts = await client.json<{ items: unknown[] }>(`/v1/jobs/${id}/receipts`)
      assert.equal(receipts.items.length, 1)
    }
  })
})

test('a job that no node can take fails as noPeer when its queue time is over', async () => {
  const alone = await start(['--slots', '0'])
  const client = new Client(alone.http)
  const module = await client.uploadHello()
  const job = await client.run({ module, queueMs: 300 })
  assert.equal(job.state, 'failed')
  assert.equal(job.reason, 'noPeer')
  assert.match(job.detail ?? '', /no executor is known/)
})
