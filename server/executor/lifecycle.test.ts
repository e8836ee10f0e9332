/** How long a child lives, and what is left when it is gone. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { compileFixture } from '../../machine/fixtures/compile.ts'
import type { ExecutionRequest, ExecutorOptions } from './execution.ts'
import { Executor } from './executor.ts'
import { mebibyte, requestOf, rewritten } from './testing/request.ts'

const never = new AbortController().signal
const hello = await readFile(new URL('../../examples/hello/hello.wasm', import.meta.url))
const started: Executor[] = []
after(() => Promise.all(started.map(executor => executor.stop())))

/** One slot, and so two children. */
async function startExecutor(options: Partial<ExecutorOptions> = {}): Promise<Executor> {
  const executor = new Executor({ children: 1, isolation: 'pool', log: { warn: () => {} }, ...options })
  started.push(executor)
  await executor.start()
  await until(() => executor.pids.length === 2)
  return executor
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let waits = 0; !(await holds()); waits++) {
    assert.ok(waits < 1000, 'it does not come to be')
    await delay(10)
  }
}

/** Which of the children that there were are gone, and that there are as many as before. */
async function retiredBy(executor: Executor, work: () => Promise<unknown>): Promise<number> {
  const before = executor.pids
  await work()
  await until(() => executor.pids.length === before.length)
  return before.filter(pid => !executor.pids.includes(pid)).length
}

describe('a child is retired', async () => {
  const executor = await startExecutor()
  const cases: Record<string, [Partial<ExecutionRequest>, number]> = {
    'exit-3': [{}, 0],
    'output-flood': [{}, 0],
    'no-start': [{}, 0],
    'memory-initial-big': [{}, 0],
    'trap-divide': [{}, 1],
    'wild-pointers': [{}, 1],
    'deep-recursion': [{}, 1],
    loop: [{ timeoutMs: 50 }, 1],
    'memory-fill': [{ memoryBytesMax: 300 * mebibyte }, 1],
  }
  for (const [name, [more, retired]] of Object.entries(cases)) {
    test(`after ${name}: ${retired === 1 ? 'yes' : 'no'}`, async () => {
      const job = requestOf(await compileFixture(name), more)
      if (more.timeoutMs !== undefined) await retiredBy(executor, () => rewritten(executor, job))
      assert.equal(await retiredBy(executor, () => executor.run(job, never)), retired)
    })
  }

  test('after so many jobs', async () => {
    const executor = await startExecutor({ jobsPerChild: 3 })
    const twice = async (jobs: number) => {
      for (let job = 0; job < jobs; job++) await executor.run(requestOf(hello), never)
    }
    assert.equal(await retiredBy(executor, () => twice(2)), 0)
    assert.equal(await retiredBy(executor, () => twice(1)), 1)
  })

  test('after every job, where isolation is fresh', async () => {
    const executor = await startExecutor({ isolation: 'fresh' })
    for (let job = 0; job < 3; job++) {
      assert.equal(await retiredBy(executor, () => executor.run(requestOf(hello), never)), 1)
    }
  })
})

describe('memory comes back', { skip: process.platform !== 'linux' && 'only Linux tells what a process holds' }, () => {
  test('of a guest that filled 512 MiB: when it is done, its child is gone', async () => {
    const executor = await startExecutor()
    await executor.run(requestOf(hello), never)
    const before = await residentBytes(executor)
    const fill = requestOf(await compileFixture('memory-fill'), { memoryBytesMax: 512 * mebibyte })
    const execution = await executor.run(fill, never)
    assert.ok(execution.kind === 'ended')
    assert.deepEqual(execution.outcome, { reason: 'exited', exitCode: 8192 })
    await until(
      async () => executor.pids.length === 2 && (await residentBytes(executor)) < before * 1.1 + 16 * mebibyte,
    )
  })

  test('of many that filled 128 MiB each: one child does not add them up', async () => {
    const executor = await startExecutor()
    const before = await residentBytes(executor)
    const fill = requestOf(await compileFixture('memory-fill'), { memoryBytesMax: 128 * mebibyte })
    assert.equal(
      await retiredBy(executor, async () => {
        for (let job = 0; job < 8; job++) assert.equal((await executor.run(fill, never)).kind, 'ended')
      }),
      0,
    )
    assert.ok((await residentBytes(executor)) < before + 256 * mebibyte)
  })
})

/** Of the children, with what shuts them in. */
async function residentBytes(executor: Executor): Promise<number> {
  let kibibytes = 0
  const waiting = [...executor.pids]
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
    kibibytes += Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0)
    const below = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
    waiting.push(...below.split(' ').filter(Boolean).map(Number))
  }
  return kibibytes * 1024
}
