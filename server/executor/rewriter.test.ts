/** Where modules are admitted and rewritten: in processes of their own, one module each. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { compileFixture } from '../../machine/fixtures/compile.ts'
import { body, command, op, repeat } from '../../machine/testing/hostile/binary.ts'
import { compilation } from '../../machine/testing/hostile/compilation.ts'
import { Executor } from './executor.ts'
import { mebibyte, moduleOf, requestOf } from './testing/request.ts'

const never = new AbortController().signal
const hello = await readFile(new URL('../../examples/hello/hello.wasm', import.meta.url))

describe('a module', () => {
  const executor = new Executor({ children: 1, isolation: 'pool', log: { warn: () => {} } })
  before(() => executor.start())
  after(() => executor.stop())

  async function poolsAreWhole(): Promise<readonly number[]> {
    for (let waits = 0; executor.rewritingPids.length < 2 || executor.pids.length < 2; waits++) {
      assert.ok(waits < 1000, 'a child is not replaced')
      await delay(10)
    }
    return executor.rewritingPids
  }

  /** How many of the processes that rewrite were replaced for `work`. */
  async function replacedBy(work: () => Promise<unknown>): Promise<number> {
    const pids = await poolsAreWhole()
    await work()
    return pids.filter(pid => !executor.rewritingPids.includes(pid)).length
  }

  test('is rewritten once, when it is admitted, and its process ends with it; the job does not ask for it again', async () => {
    await poolsAreWhole()
    const runs = executor.pids
    const replaced = await replacedBy(async () => {
      await executor.inspect(moduleOf(hello), never)
      const job = requestOf(hello)
      job.module.bytes = () => Promise.reject(new Error('asked'))
      for (let run = 0; run < 3; run++) assert.equal((await executor.run(job, never)).kind, 'ended')
    })
    assert.equal(replaced, 1)
    assert.deepEqual(executor.pids, runs)
  })

  test('that is rejected takes its process with it, and no run child', async () => {
    const bomb = await compileFixture('table-bomb')
    const runs = executor.pids
    const rejected = () => assert.rejects(executor.inspect(moduleOf(bomb), never), { code: 'moduleRejected' })
    assert.equal(await replacedBy(rejected), 1)
    assert.deepEqual(executor.pids, runs)
  })

  test('whose NaN shows is rewritten twice, and then no more', async () => {
    const job = requestOf(await compileFixture('nan-payload'))
    const run = async () => assert.equal((await executor.run(job, never)).kind, 'ended')
    assert.equal(await replacedBy(run), 2)
    assert.equal(await replacedBy(run), 0)
  })

  test('whose process is killed is rewritten in another one', async () => {
    const bytes = await compileFixture('files')
    await poolsAreWhole()
    const job = requestOf(bytes)
    job.module.bytes = async () => {
      for (const pid of executor.rewritingPids) process.kill(pid, 'SIGKILL')
      return bytes
    }
    assert.equal((await executor.run(job, never)).kind, 'ended')
  })

  test('that nobody waits for any more is given up, and asked for again by who comes then', async () => {
    const module = moduleOf(await compileFixture('simd'))
    const stop = new AbortController()
    const given = assert.rejects(executor.inspect(module, stop.signal), { name: 'AbortError' })
    stop.abort()
    await given
    assert.ok(await executor.inspect(module, never))
  })

  test('that takes long is waited for as long as the job may run, and no longer; the next module is served', async () => {
    await poolsAreWhole()
    const job = requestOf(await slowToRewrite(), { timeoutMs: 20 })
    const execution = await executor.run(job, never)
    assert.ok(execution.kind === 'faulted')
    assert.equal(execution.reason, 'timedOut')
    assert.match(execution.detail, /was not rewritten after 20 ms/)
    assert.equal((await executor.run(requestOf(hello), never)).kind, 'ended')
    assert.equal((await executor.run({ ...job, timeoutMs: 20_000 }, never)).kind, 'ended')
  })

  test('for which no process is free as long as the job may run is left to another node', async () => {
    await poolsAreWhole()
    const others = await Promise.all([slowToRewrite(1), slowToRewrite(2)])
    const ahead = others.map(bytes => executor.inspect(moduleOf(bytes), never))
    const job = requestOf(await compileFixture('exit-3'), { timeoutMs: 20 })
    await assert.rejects(executor.run(job, never), { code: 'busy', message: /still waits to be rewritten/ })
    await Promise.all(ahead)
    assert.equal((await executor.run({ ...job, timeoutMs: 20_000 }, never)).kind, 'ended')
  })

  test('is rewritten for every other waiter when one gives up', async () => {
    const module = moduleOf(await compileFixture('echo'))
    const stop = new AbortController()
    const given = assert.rejects(executor.inspect(module, stop.signal), { name: 'AbortError' })
    const other = executor.inspect(module, never)
    stop.abort()
    await given
    assert.ok(await other)
  })
})

test('a module for which the memory of a rewriting process does not do is too large', async t => {
  const rewritingAddressBytesMax = 1_500 * mebibyte
  const log = { warn: () => {} }
  const executor = new Executor({ children: 1, isolation: 'pool', rewritingAddressBytesMax, log })
  await executor.start()
  try {
    if (!executor.sandbox.includes('resourceLimits')) return t.skip('no limits can be set here')
    assert.ok(await executor.inspect(moduleOf(hello), never))
    const bytes = twentyLongBodies()
    await assert.rejects(executor.inspect(moduleOf(bytes), never), {
      code: 'tooLarge',
      message: /^Cannot admit the module: this node has too little memory to rewrite it/,
    })
    const execution = await executor.run(requestOf(bytes), never)
    assert.ok(execution.kind === 'faulted')
    assert.equal(execution.reason, 'memoryExhausted')
  } finally {
    await executor.stop()
  }
})

/** 58 MB of instructions that do nothing. */
function twentyLongBodies(): Uint8Array {
  const long = body(repeat(2_900_000, [op.nop]))
  return command({ functions: Array.from({ length: 20 }, () => [0, long] as const) })
}

/** Some seconds of work, and nothing to run. Each `number` makes another module. */
async function slowToRewrite(number = 0): Promise<Uint8Array> {
  const bytes = await compilation['three hundred thousand functions']?.make()
  assert.ok(bytes)
  // A custom section with a name of one letter.
  return Buffer.concat([bytes, Uint8Array.of(0, 2, 1, 97 + number)])
}
