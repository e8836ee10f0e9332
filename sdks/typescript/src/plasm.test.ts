import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { compileFixture } from '../../../machine/fixtures/compile.ts'
import { helloFile } from '../../../server/testing/client.ts'
import { type NodeProcess, startNodeProcess } from '../../../server/testing/process.ts'
import {
  ArgumentError,
  ConflictError,
  type JobEvent,
  JobFailedError,
  ModuleRejectedError,
  NotFoundError,
  Plasm,
  Receipt,
  ReceiptError,
  TimeoutError,
  UnauthorizedError,
  UnknownDigestError,
} from './index.ts'

let directory: string
let node: NodeProcess
let plasm: Plasm
const token = 'a-token-of-this-test'
const stranger = 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK'

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'plasm-sdk-'))
  await writeFile(join(directory, 'tokens'), `${token}\n`)
  node = await startNodeProcess({
    dataDir: directory,
    flags: ['--token-file', join(directory, 'tokens'), '--slots', '2'],
  })
  plasm = new Plasm({ url: node.http, token })
})
after(async () => {
  await node.stop()
  await rm(directory, { recursive: true, force: true })
})

test('a module runs, its output comes back, its receipt is held against both', async () => {
  const jobId = await plasm.submit(helloFile, { cpu: 1, stdin: 'Hello, World', args: ['ä'], env: { A: '1', b: '2' } })
  const output = await plasm.result(jobId)
  assert.deepEqual([String(output), output.length], ['dlroW ,olleH', 12])
  const { verdict, assurance, checks } = await plasm.verify(jobId)
  assert.deepEqual([verdict, assurance], ['valid', 'signed'])
  const checked = checks.map(({ name }) => name)
  for (const name of ['module', 'args', 'env', 'stdin', 'stdout', 'stderr', 'nonce', 'request', 'submitter', 'task']) {
    assert.ok(checked.includes(name), name)
  }
})

test('a module may be bytes, a Blob, a URL or a digest, and stdin any size in any form', async () => {
  const bytes = await readFile(helloFile)
  const digest = (await plasm.receipt(await ended(await plasm.submit(bytes)))).claim.module
  const large = new Blob(['x'.repeat(300_000)])
  const modules = [new Blob([bytes]), new URL(`file://${helloFile}`), digest, new Uint8Array(bytes).buffer]
  const inputs = [large, large.stream(), new Uint8Array(await large.arrayBuffer()), 'x'.repeat(300_000)]
  for (const [index, module] of modules.entries()) {
    const jobId = await plasm.submit(module, { stdin: inputs[index] })
    assert.equal((await plasm.result(jobId)).length, 300_000)
    assert.equal((await plasm.verify(jobId)).verdict, 'valid')
  }
  await assert.rejects(plasm.submit(`sha256:${'0'.repeat(64)}`), UnknownDigestError)
  await assert.rejects(plasm.submit(digest, { stdin: { digest: `sha256:${'0'.repeat(64)}` } }), UnknownDigestError)
  await assert.rejects(plasm.submit(new Uint8Array([1])), ModuleRejectedError)
  await assert.rejects(plasm.submit(join(directory, 'nothing.wasm')), ArgumentError)
})

test('a receipt is worth what is known by other ways', async () => {
  const jobId = await ended(await plasm.submit(helloFile, { stdin: 'Hello, World' }))
  const { did, peerId } = await plasm.node()
  for (const executor of [did, peerId, [stranger, peerId]]) {
    assert.equal((await plasm.verify(jobId, { executor })).assurance, 'pinned')
  }
  const receipt = new Receipt(String(await plasm.receipt(jobId)))
  assert.equal((await plasm.verify(receipt, { expected: { jobId } })).verdict, 'valid')
  assert.equal((await new Plasm({ url: node.http, token, executors: [did] }).verify(jobId)).assurance, 'pinned')
  await assert.rejects(plasm.verify(jobId, { executor: stranger }), ReceiptError)
  await assert.rejects(plasm.verify(jobId, { executor: [stranger, stranger] }), ReceiptError)
  await assert.rejects(plasm.verify(receipt, { expected: { nonce: 'ab'.repeat(16) } }), ReceiptError)
  await assert.rejects(plasm.verify(receipt, { expected: { sdtout: receipt.id } as object }), ArgumentError)
  await assert.rejects(plasm.verify(receipt, { executor: 'me' }), ArgumentError)
  assert.throws(() => new Receipt('{}'), ReceiptError)
})

test('a node that answers with another job is found out', async () => {
  const other = await ended(await plasm.submit(helloFile, { stdin: 'other' }))
  const swapped = new Plasm({
    url: node.http,
    token,
    fetch: (input, init) => fetch(input.replace(/jobs\/[0-9a-f-]+\/(receipt|request)$/, `jobs/${other}/$1`), init),
  })
  const jobId = await ended(await swapped.submit(helloFile, { stdin: 'mine' }))
  await assert.rejects(swapped.verify(jobId), /asked for another job/)
  const changed = new Plasm({
    url: node.http,
    token,
    fetch: (input, init) =>
      fetch(input, {
        ...init,
        body:
          typeof init?.body === 'string'
            ? init.body.replace('"memoryBytes":131072', '"memoryBytes":16777216')
            : (init?.body ?? null),
      }),
  })
  await assert.rejects(
    changed.verify(await ended(await changed.submit(helloFile, { memoryBytes: 131_072 }))),
    /memoryBytes is 16777216, not 131072/,
  )
})

test('events come in order and end; a job that fails says why', async () => {
  const jobId = await plasm.submit(await compileFixture('exit-3'))
  const steps = await Array.fromAsync(plasm.events(jobId))
  assert.deepEqual(
    steps.map(({ sequence }) => sequence),
    steps.map((_, index) => index + 1),
  )
  assert.deepEqual((await Array.fromAsync(plasm.events(jobId, { after: 2 }))).length, steps.length - 2)
  await assert.rejects(plasm.result(jobId), (error: unknown) => error instanceof JobFailedError && error.exitCode === 3)
  assert.equal((await plasm.verify(jobId)).verdict, 'valid')
})

test('waiting ends when its time or its signal does, and the job goes on until it is cancelled', async () => {
  const jobId = await plasm.submit(await compileFixture('loop'), { timeout: '1m' })
  const seen: string[] = []
  const stop = new AbortController()
  const reason = new Error('seen enough')
  const onEvent = ({ type }: JobEvent) => {
    if (seen.push(type) === 2) stop.abort(reason)
  }
  await assert.rejects(plasm.wait(jobId, { signal: stop.signal, onEvent }), error => error === reason)
  assert.deepEqual(seen.slice(0, 2), ['created', 'assigned'])
  await assert.rejects(plasm.wait(jobId, { timeout: '50ms' }), TimeoutError)
  await assert.rejects(plasm.result(jobId, { timeout: '50ms' }), TimeoutError)
  await assert.rejects(plasm.result(jobId, { signal: AbortSignal.timeout(50) }), { name: 'TimeoutError' })
  await plasm.cancel(jobId)
  const job = await plasm.wait(jobId)
  assert.equal(job.state, 'cancelled')
  await assert.rejects(
    plasm.result(jobId),
    (error: unknown) => error instanceof JobFailedError && error.job.state === 'cancelled',
  )
})

test('the same idempotency key is the same job', async () => {
  const options = { stdin: 'once', idempotencyKey: 'key-1' }
  const jobId = await plasm.submit(helloFile, options)
  assert.equal(await plasm.submit(helloFile, options), jobId)
  await assert.rejects(plasm.submit(helloFile, { ...options, stdin: 'twice' }), ConflictError)
})

test('what the node refuses is an error of its kind, with hint and request id', async () => {
  await assert.rejects(plasm.status('01a20ea3-a6d5-7f1d-be26-efbc0fd22475'), (error: unknown) => {
    assert.ok(error instanceof NotFoundError)
    assert.match(error.requestId ?? '', /^[0-9a-f-]{36}$/)
    return error.status === 404 && error.message.endsWith(error.hint ?? '?')
  })
  await assert.rejects(new Plasm({ url: node.http, token: 'wrong' }).node(), UnauthorizedError)
})

async function ended(jobId: string): Promise<string> {
  await plasm.wait(jobId)
  return jobId
}
