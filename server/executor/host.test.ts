/** The executor behind a stream: inside the node, and as a process of its own behind a socket. Both are asked by the same client. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { duplexPair } from 'node:stream'
import { after, before, describe, test } from 'node:test'
import * as fc from 'fast-check'
import { compileFixture } from '../../machine/fixtures/compile.ts'
import { digestOf } from '../../phase/digest.ts'
import { isPhaseError } from '../../phase/errors.ts'
import { ExecutorClient, overSocket } from './client.ts'
import { ExecutorHost } from './host.ts'
import { encodeFrame } from './messages.ts'
import { mebibyte, moduleOf, requestOf, rewritten } from './testing/request.ts'

const log = { warn: () => {} }
const never = new AbortController().signal
const options = { children: 2, isolation: 'pool', log } as const
const hello = await readFile(new URL('../../examples/hello/hello.wasm', import.meta.url))
const loop = await compileFixture('loop')
const directory = await mkdtemp(join(tmpdir(), 'plasm-host-'))
const socket = join(directory, 'socket')
after(() => rm(directory, { recursive: true, force: true }))

async function helloWorks(client: ExecutorClient): Promise<void> {
  const execution = await client.run(requestOf(hello, { stdin: Buffer.from('abc') }), never)
  assert.ok(execution.kind === 'ended', JSON.stringify(execution))
  assert.equal(Buffer.from(execution.stdout).toString(), 'cba')
}

/** Resolves once the process listens. */
async function startHost(): Promise<ChildProcess> {
  const host = spawn(process.execPath, [join(import.meta.dirname, 'host.ts'), socket], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(host.stdout as NodeJS.ReadableStream, 'data')
  return host
}

async function end(host: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const exit = once(host, 'exit')
  host.kill(signal)
  return ((await exit) as [number | null])[0]
}

interface Place {
  connect: ExecutorClient['options']['connect']
  stop(): Promise<unknown>
}

const places: Record<string, () => Promise<Place>> = {
  'inside the node': async () => {
    const host = new ExecutorHost({ log })
    return { connect: () => host.connect(), stop: () => host.stop() }
  },
  'behind a socket': async () => {
    const host = await startHost()
    return { connect: overSocket(socket), stop: async () => assert.equal(await end(host, 'SIGTERM'), 0) }
  },
}

for (const [where, open] of Object.entries(places)) {
  describe(`an executor ${where}`, () => {
    const kills: string[] = []
    let place: Place
    let client: ExecutorClient
    let killed = Promise.withResolvers<string>()

    before(async () => {
      place = await open()
      client = new ExecutorClient({ ...options, connect: place.connect, killed: reason => killed.resolve(reason) })
      await client.start()
    })
    after(async () => {
      await client.stop()
      await place.stop()
    })

    async function nextKill(): Promise<void> {
      kills.push(await killed.promise)
      killed = Promise.withResolvers()
    }

    test('says what it is', () => {
      assert.equal(client.runtime.version, process.versions.node)
      assert.ok(client.sandbox.includes('process'))
      assert.equal(client.sandbox.includes('ownService'), where !== 'inside the node')
    })

    test('runs a job, and asks for its module only once', async () => {
      let asked = 0
      const job = requestOf(hello, { stdin: Buffer.from('Hello, World') })
      job.module.bytes = async () => {
        asked++
        return hello
      }
      for (let run = 0; run < 5; run++) {
        const execution = await client.run(job, never)
        assert.ok(execution.kind === 'ended', JSON.stringify(execution))
        assert.equal(Buffer.from(execution.stdout).toString(), 'dlroW ,olleH')
        assert.ok(execution.usage.wallUs > 0 && execution.startedAt <= execution.finishedAt)
      }
      assert.ok(asked >= 1 && asked <= 2, `asked ${asked} times`)
    })

    test('large input and output pass through whole', async () => {
      const stdin = new Uint8Array(8 * mebibyte).map((_, index) => index * 31)
      const job = requestOf(await compileFixture('echo'), { stdin, outputBytesMax: stdin.length })
      const execution = await client.run(job, never)
      assert.ok(execution.kind === 'ended')
      assert.equal(digestOf(execution.stdout), digestOf(stdin))
    })

    test('ends what is late, what is cancelled, and tells of both kills', async () => {
      const late = await client.run(await rewritten(client, requestOf(loop, { timeoutMs: 100 })), never)
      assert.ok(late.kind === 'faulted')
      assert.equal(late.reason, 'timedOut')
      await nextKill()
      const stop = new AbortController()
      const running = client.run(requestOf(loop), stop.signal)
      // What is served later is answered: so the loop has begun, and its child must be killed.
      await helloWorks(client)
      stop.abort()
      const cancelled = await running
      assert.ok(cancelled.kind === 'faulted')
      assert.equal(cancelled.reason, 'cancelled')
      await nextKill()
      assert.deepEqual(kills, ['timedOut', 'cancelled'])
      await helloWorks(client)
    })

    test('admits and rejects modules', async () => {
      assert.equal((await client.inspect(moduleOf(hello), never)).memory?.initialBytes, 131_072)
      await assert.rejects(client.inspect(moduleOf(Buffer.from('#!/bin/sh')), never), { code: 'moduleRejected' })
      await assert.rejects(client.inspect(moduleOf(hello), AbortSignal.abort()))
    })

    test('a module whose bytes cannot be had rejects, and the next job is served', async () => {
      const job = requestOf(hello)
      job.module = { digest: digestOf(Buffer.from('elsewhere')), bytes: () => Promise.reject(new Error('gone')) }
      await assert.rejects(client.run(job, never), /gone/)
      await helloWorks(client)
    })

    test('two nodes at once do not disturb each other', async () => {
      const other = new ExecutorClient({ ...options, connect: place.connect })
      await other.start()
      await helloWorks(other)
      await other.stop()
      await helloWorks(client)
    })

    test('what one node had rewritten, the other finds', async () => {
      const bytes = await compileFixture('exit-3')
      await client.inspect(moduleOf(bytes), never)
      assert.equal((await client.run(requestOf(bytes), never)).kind, 'ended')
      const other = new ExecutorClient({ ...options, connect: place.connect })
      await other.start()
      const job = requestOf(bytes)
      job.module.bytes = () => Promise.reject(new Error('asked'))
      assert.equal((await other.run(job, never)).kind, 'ended')
      await other.stop()
    })

    test('a module under the digest of another is refused, admitted or run', async () => {
      const digest = digestOf(Buffer.from('another'))
      const job = { ...requestOf(hello), module: { digest, bytes: async () => hello } }
      await assert.rejects(client.inspect(job.module, never), { code: 'digestMismatch' })
      await assert.rejects(client.run(job, never), { code: 'digestMismatch' })
      await helloWorks(client)
    })
  })
}

test('an executor that is killed takes its jobs with it; when it is back, so is the session', async () => {
  const first = await startHost()
  const client = new ExecutorClient({ ...options, connect: overSocket(socket) })
  await client.start()
  const job = requestOf(loop)
  const sent = Promise.withResolvers<void>()
  job.module.bytes = async () => (sent.resolve(), loop)
  const lost = assert.rejects(client.run(job, never), { code: 'internal', message: /the executor closed its pipe/ })
  await sent.promise
  await end(first, 'SIGKILL')
  await lost
  const waiting = helloWorks(client)
  const second = await startHost()
  await waiting
  await client.stop()
  assert.equal(await end(second, 'SIGTERM'), 0)
  await assert.rejects(client.run(requestOf(hello), never), /stopping/)
})

test('an executor that is not there fails the start, and one that was not started refuses', async () => {
  const client = new ExecutorClient({ ...options, connect: overSocket(join(directory, 'nothing')) })
  await assert.rejects(client.run(requestOf(hello), never), /not started/)
  await assert.rejects(client.start(), { code: 'unavailable', message: /Cannot reach the executor: connect ENOENT/ })
  await client.stop()
})

test('a host that answers anything whatever makes the client reject, and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.object(), fc.constant({ type: 'ended', stdoutBytes: 1 })), async header => {
      let streams = 0
      const client = new ExecutorClient({
        ...options,
        connect: () => {
          const [near, far] = duplexPair({ allowHalfOpen: false })
          const opened = {
            type: 'opened',
            session: 's',
            runtime: { name: 'a', version: 'b', engine: 'c', arch: 'd' },
            sandbox: [],
          }
          far.once('data', () => far.write(Buffer.concat(encodeFrame(streams++ === 0 ? opened : header))))
          return near
        },
      })
      await client.start()
      await assert.rejects(client.run(requestOf(hello), never), isPhaseError)
      await client.stop()
    }),
    { numRuns: 50 },
  )
})

test('a stranger who sends garbage to the socket is cut off, and others are served', async () => {
  const host = await startHost()
  const client = new ExecutorClient({ ...options, connect: overSocket(socket) })
  await client.start()
  const garbage = [
    Buffer.alloc(64, 0xff),
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    Buffer.concat(encodeFrame({ type: 'module' })),
  ]
  for (const bytes of garbage) {
    const stranger = connect(socket)
    stranger.on('error', () => {})
    stranger.end(bytes)
    stranger.resume()
    await once(stranger, 'close')
  }
  await helloWorks(client)
  await client.stop()
  assert.equal(await end(host, 'SIGTERM'), 0)
})
