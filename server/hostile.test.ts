/** The hostile corpus as strangers' jobs on one real node: each ends in its typed reason, and the node is the same afterwards. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { corpus } from '../machine/testing/hostile/corpus.ts'
import { Client } from './testing/client.ts'
import { expected, meet } from './testing/hostile.ts'
import { type NodeProcess, startNodeProcess } from './testing/process.ts'
import { residentBytes } from './testing/resident.ts'

const directory = await mkdtemp(join(tmpdir(), 'plasm-hostile-'))
let node: NodeProcess
let client: Client
let hello: string
let baselineBytes: number

before(async () => {
  node = await startNodeProcess({ dataDir: directory, flags: ['--slots', '2'] })
  client = new Client(node.http)
  hello = await client.uploadHello()
  for (let warm = 0; warm < 50; warm++) await checkNode()
  baselineBytes = await residentBytes(node.child.pid as number)
})

after(async () => {
  await node.stop()
  await rm(directory, { recursive: true, force: true })
})

for (const [name, hostile] of Object.entries(corpus)) {
  const ends = expected(hostile)
  test(`${name}: ${typeof ends === 'string' ? ends : 'refused'}`, async () => {
    const { ended } = await meet(client, hostile)
    if (typeof ends === 'string') assert.equal(ended, ends)
    else assert.match(ended, new RegExp(`^moduleRejected: .*${ends.source}`, 's'))
    await checkNode()
  })
}

/** Twice what there was at the start: what a single guest left behind, or a child that was kept, would be far more. */
test('the memory of the node and its children is back', { skip: process.platform !== 'linux' }, async () => {
  await checkNode()
  const bytes = await residentBytes(node.child.pid as number)
  assert.ok(bytes < baselineBytes * 2, `${bytes} bytes, ${baselineBytes} at the start`)
})

async function checkNode(): Promise<void> {
  assert.equal(node.child.exitCode, null)
  assert.equal(node.child.signalCode, null)
  const { state, detail } = await client.run({ module: hello, stdin: { text: 'still here' } })
  assert.equal(state, 'succeeded', String(detail))
}
