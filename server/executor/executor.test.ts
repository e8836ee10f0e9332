import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { compileFixture } from '../../machine/fixtures/compile.ts'
import { digestOf } from '../../phase/digest.ts'
import { isPhaseError } from '../../phase/errors.ts'
import { type Execution, type ExecutionRequest, Executor } from './executor.ts'
import { mebibyte, moduleOf, requestOf, rewritten } from './testing/request.ts'

const log = { warn: () => {} }
const never = new AbortController().signal
const hello = await readFile(new URL('../../examples/hello/hello.wasm', import.meta.url))
const executor = new Executor({ children: 2, isolation: 'pool', log })
before(() => executor.start())
after(() => executor.stop())

const fixture = async (name: string, more: Partial<ExecutionRequest> = {}) =>
  requestOf(await compileFixture(name), more)

/** What a test looks at: how it ended, in a word or two. */
function end(execution: Execution): string {
  if (execution.kind === 'faulted') return execution.reason
  const { outcome, stopped, trap } = execution
  if (outcome.reason === 'exited') return `exited ${outcome.exitCode}`
  return outcome.reason === 'stopped' ? [stopped, trap].filter(Boolean).join(' ') : outcome.reason
}

async function helloStillWorks(on = executor): Promise<void> {
  const execution = await on.run(requestOf(hello, { stdin: Buffer.from('abc\n') }), never)
  assert.ok(execution.kind === 'ended', JSON.stringify(execution))
  assert.equal(Buffer.from(execution.stdout).toString(), 'cba\n')
}

describe('whatever a guest does, it ends in a word, and the next job is served', () => {
  const ends: Record<string, [string, Partial<ExecutionRequest>?]> = {
    'args-and-environ': ['exited 0'],
    'bulk-memory-loop': ['timedOut', { timeoutMs: 300, memoryBytesMax: 256 * mebibyte }],
    'clock-and-random': ['exited 0'],
    'deep-recursion': ['depthExhausted'],
    echo: ['exited 0'],
    exceptions: ['moduleRejected'],
    'exit-3': ['exited 3'],
    'file-flood': ['exited 22'],
    files: ['exited 0'],
    'imported-memory': ['moduleRejected'],
    loop: ['timedOut', { timeoutMs: 100 }],
    'loop-in-start': ['timedOut', { timeoutMs: 100 }],
    'memory-big': ['exited 0', { memoryBytesMax: 96 * mebibyte }],
    'memory-bomb': ['exited 1024'],
    'memory-bomb-at-once': ['exited 0'],
    'memory-initial-big': ['moduleRejected'],
    memory64: ['moduleRejected'],
    'no-memory': ['exited 0'],
    'no-start': ['moduleRejected'],
    'output-flood': ['outputExceeded'],
    'relaxed-simd': ['moduleRejected'],
    'reserved-export': ['moduleRejected'],
    'several-memories': ['moduleRejected'],
    simd: ['exited 10'],
    sleep: ['exited 0'],
    'start-function': ['exited 0'],
    'table-bomb': ['moduleRejected'],
    'table-grow-bomb': ['exited 99001'],
    threads: ['moduleRejected'],
    'trap-data': ['trapped memoryOutOfBounds'],
    'trap-divide': ['trapped divideByZero'],
    'trap-indirect': ['trapped indirectCallMismatch'],
    'trap-memory': ['trapped memoryOutOfBounds'],
    'trap-unreachable': ['trapped unreachable'],
    'unknown-import': ['moduleRejected'],
    'wild-pointers': ['trapped memoryOutOfBounds'],
    'wrong-import-type': ['moduleRejected'],
  }
  for (const [name, [expected, more]] of Object.entries(ends)) {
    test(`${name}: ${expected}`, async () => {
      const job = await fixture(name, more)
      const execution = await executor.run(more?.timeoutMs === undefined ? job : await rewritten(executor, job), never)
      assert.equal(end(execution), expected, JSON.stringify(execution).slice(0, 500))
      await helloStillWorks()
    })
  }

  test('what is not WebAssembly at all: moduleRejected', async () => {
    const execution = await executor.run(requestOf(Buffer.from('#!/bin/sh\n')), never)
    assert.equal(end(execution), 'moduleRejected')
    await helloStillWorks()
  })
})

test('a run is measured', async () => {
  const execution = await executor.run(await fixture('memory-bomb'), never)
  assert.ok(execution.kind === 'ended')
  const { usage, startedAt, finishedAt } = execution
  assert.equal(usage.memoryBytesPeak, 64 * mebibyte)
  assert.ok(usage.wallUs > 0 && usage.cpuUs > 0)
  assert.ok(startedAt <= finishedAt)
})

test('a run that was late says what it took, as the operating system saw it', {
  skip: process.platform !== 'linux',
}, async () => {
  const job = await rewritten(executor, await fixture('loop', { timeoutMs: 150 }))
  const execution = await executor.run(job, never)
  assert.ok(execution.kind === 'faulted')
  assert.match(execution.detail, /not done after 150 ms; it took \d+\.\d+ s of processor time/)
})

test('clock and random are the real ones where they are granted', async () => {
  const execution = await executor.run(await fixture('clock-and-random', { capabilities: ['clock', 'random'] }), never)
  assert.ok(execution.kind === 'ended')
  const milliseconds = Number(Buffer.from(execution.stdout).readBigUInt64LE() / 1_000_000n)
  assert.ok(Math.abs(milliseconds - Date.now()) < 60_000)
  assert.notEqual(Buffer.from(execution.stdout).toString('hex', 8, 12), '76b8e0ad')
})

test('large input and output pass through whole', async () => {
  const stdin = new Uint8Array(40 * mebibyte).map((_, index) => index * 31)
  const execution = await executor.run(await fixture('echo', { stdin, outputBytesMax: stdin.length }), never)
  assert.ok(execution.kind === 'ended')
  assert.equal(digestOf(execution.stdout), digestOf(stdin))
  await helloStillWorks()
})

test('an abort kills what runs, and what waits never begins', async () => {
  const loop = await fixture('loop')
  const stops = Array.from({ length: 6 }, () => new AbortController())
  const runs = stops.map(stop => executor.run(loop, stop.signal))
  for (const stop of stops.toReversed()) stop.abort()
  for (const run of runs) assert.equal(end(await run), 'cancelled')
  assert.equal(end(await executor.run(loop, AbortSignal.abort())), 'cancelled')
  await helloStillWorks()
})

test('children killed from outside in the middle of jobs are replaced, and the jobs say so', async t => {
  const loop = await fixture('loop')
  const stop = new AbortController()
  t.after(() => stop.abort())
  const runs = [executor.run(loop, stop.signal), executor.run(loop, stop.signal), executor.run(loop, stop.signal)]
  const before = [...executor.pids]
  for (const pid of before) process.kill(pid, 'SIGKILL')
  // Two run at once, where so many children are there.
  const ends = await Promise.all(runs.slice(0, Math.min(2, before.length)))
  for (const execution of ends) {
    assert.equal(end(execution), 'internal')
    assert.match(execution.kind === 'faulted' ? execution.detail : '', /ended: SIGKILL|closed its pipe/)
  }
  stop.abort()
  await Promise.all(runs)
  await helloStillWorks()
  assert.ok(executor.pids.every(pid => !before.includes(pid)))
})

test('two hundred jobs at once ask for the module once', async t => {
  const other = new Executor({ children: 2, isolation: 'pool', log })
  t.after(() => other.stop())
  await other.start()
  let asked = 0
  const job = requestOf(hello, { stdin: Buffer.from('abc') })
  job.module.bytes = async () => {
    asked++
    return hello
  }
  const executions = await Promise.all(Array.from({ length: 200 }, () => other.run(job, never)))
  for (const execution of executions) {
    assert.ok(execution.kind === 'ended')
    assert.equal(Buffer.from(execution.stdout).toString(), 'cba')
  }
  assert.equal(asked, 1)
})

test('a NaN shows as the canonical one, at first, in a warm child, and where the real clock was granted', async () => {
  for (const capabilities of [[], [], ['clock']]) {
    const execution = await executor.run(await fixture('nan-payload', { capabilities }), never)
    assert.ok(execution.kind === 'ended', JSON.stringify(execution))
    assert.equal(Buffer.from(execution.stdout).readBigUInt64LE(), 0xfff8_0000_0000_0000n)
    assert.ok(execution.usage.cpuUs >= execution.usage.compileUs)
  }
  await helloStillWorks()
})

test('with isolation fresh no process sees two jobs', async t => {
  // With the one child that is there beyond the jobs, it is known whose turn it is.
  const fresh = new Executor({ children: 0, isolation: 'fresh', log })
  t.after(() => fresh.stop())
  await fresh.start()
  assert.ok(fresh.sandbox.includes('freshProcess'))
  const seen = new Set<number>()
  for (let run = 0; run < 3; run++) {
    while (fresh.pids.length === 0) await delay(5)
    const [pid] = fresh.pids as [number]
    assert.equal(end(await fresh.run(requestOf(hello), never)), 'exited 0')
    assert.ok(!fresh.pids.includes(pid))
    seen.add(pid)
  }
  assert.equal(seen.size, 3)
})

test('a module whose bytes cannot be had rejects, and the child stays', async () => {
  const job = requestOf(hello)
  job.module = { digest: digestOf(Buffer.from('elsewhere')), bytes: () => Promise.reject(new Error('gone')) }
  const before = executor.pids
  await assert.rejects(executor.run(job, never), /gone/)
  assert.deepEqual(executor.pids, before)
  await helloStillWorks()
})

describe('inspect', () => {
  test('says what a module asks for and offers', async () => {
    const { imports, memory } = await executor.inspect(moduleOf(hello), never)
    assert.deepEqual(
      imports.map(({ name }) => name),
      ['fd_read', 'fd_write', 'proc_exit'],
    )
    assert.equal(memory?.initialBytes, 131_072)
  })

  test('rejects with reason and place, and the child stays', async () => {
    const before = executor.pids
    const bytes = await compileFixture('table-bomb')
    await assert.rejects(executor.inspect(moduleOf(bytes), never), error => {
      assert.ok(isPhaseError(error, 'moduleRejected'))
      assert.match(error.message, /table section, byte 21: a table of 10000000 entries/)
      return true
    })
    assert.deepEqual(executor.pids, before)
  })

  test('can be given up', async () => {
    await assert.rejects(executor.inspect(moduleOf(hello), AbortSignal.abort()))
    await helloStillWorks()
  })
})

test('after stop no process is left, and runs are refused', async () => {
  const other = new Executor({ children: 2, isolation: 'pool', log })
  await assert.rejects(other.run(requestOf(hello), never), /not started/)
  await other.start()
  await helloStillWorks(other)
  const { pids } = other
  assert.ok(pids.length > 0)
  await other.stop()
  for (const pid of pids) assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
  await assert.rejects(other.run(requestOf(hello), never), /stopping/)
})
