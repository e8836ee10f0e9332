/**
 * The executor by itself: `node_modules/.bin/node bench/executor.ts [--quick] [--host]` prints JSON. With `--host` the jobs go through the client
 * and the host's stream, as the node's do. Times are milliseconds; the floor is the same module compiled once and run in a bare process.
 */
import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { compileFixture } from '../machine/fixtures/compile.ts'
import { ExecutorClient } from '../server/executor/client.ts'
import type { Execution, ExecutionRequest } from '../server/executor/execution.ts'
import { Executor } from '../server/executor/executor.ts'
import { ExecutorHost } from '../server/executor/host.ts'
import { mebibyte, requestOf } from '../server/executor/testing/request.ts'
import { helloFile } from '../server/testing/client.ts'
import { instantiateAndRun } from './floors.ts'
import { residentMiB } from './resident.ts'
import { median, percentiles } from './statistics.ts'

const quick = process.argv.includes('--quick')
const overHost = process.argv.includes('--host')
const runs = quick ? 500 : 5_000
const rounds = quick ? 3 : 9
const warmUpRounds = quick ? 1 : 3
const flatJobs = quick ? 1_000 : 10_000
const spins = quick ? 10 : 60
const spinMs = 200
const children = 2

const log = { warn: () => {} }
const never = new AbortController().signal

interface Running {
  executor: { run(request: ExecutionRequest, signal: AbortSignal): Promise<Execution>; sandbox: string[] }
  stop(): Promise<void>
}

const running = await start()
const { executor } = running
try {
  console.log(JSON.stringify(await measure(), null, 2))
} finally {
  await running.stop()
}

async function start(): Promise<Running> {
  const host = new ExecutorHost({ log })
  const executor = overHost
    ? new ExecutorClient({ children, isolation: 'pool', log, connect: () => host.connect() })
    : new Executor({ children, isolation: 'pool', log })
  await executor.start()
  return {
    executor,
    stop: async () => {
      await executor.stop()
      await host.stop()
    },
  }
}

async function measure(): Promise<object> {
  const hello = requestOf(await readFile(helloFile), { stdin: Buffer.from('Hello, World') })
  const floor = await instantiateAndRun(await readFile(helloFile), runs)
  for (let warm = 0; warm < 500; warm++) await run(hello)
  const single = await timed(runs, () => run(hello))
  const resident = await residentDuring(hello)
  return {
    machine: { cores: availableParallelism(), node: process.version },
    through: overHost ? 'client and host' : 'executor',
    sandbox: executor.sandbox,
    hello: {
      ...percentiles(single),
      floorP50Ms: percentiles(floor).p50Ms,
      ratioToFloor: round(median(single) / median(floor)),
    },
    helloPerSecond: { children, ...(await throughput(hello)) },
    spinOvershootMs: await overshoots(),
    residentMiB: resident,
    afterOneGiB: await afterLargeGuest(hello),
  }
}

async function run(request: ExecutionRequest): Promise<Execution> {
  const execution = await executor.run(request, never)
  if (execution.kind !== 'ended') throw new Error(`a job failed: ${execution.detail}`)
  return execution
}

/** Rounds of so many jobs; those in which both children get warm do not count. */
async function throughput(request: ExecutionRequest): Promise<object> {
  const perSecond: number[] = []
  for (let round = -warmUpRounds; round < rounds; round++) {
    let left = runs
    const begun = performance.now()
    await Promise.all(
      Array.from({ length: children * 2 }, async () => {
        while (left-- > 0) await run(request)
      }),
    )
    if (round >= 0) perSecond.push(Math.round(runs / ((performance.now() - begun) / 1000)))
  }
  return {
    jobs: runs,
    rounds,
    perSecond: median(perSecond),
    least: Math.min(...perSecond),
    most: Math.max(...perSecond),
  }
}

/** How long after its deadline a guest that never ends is gone, and its answer is here: in a loop, and in a loop around bulk memory. */
async function overshoots(): Promise<object> {
  const measured: Record<string, object> = {}
  for (const name of ['loop', 'bulk-memory-loop']) {
    const request = requestOf(await compileFixture(name), { timeoutMs: spinMs, memoryBytesMax: 256 * mebibyte })
    const times = await timed(spins, async () => {
      const execution = await executor.run(request, never)
      if (execution.kind !== 'faulted' || execution.reason !== 'timedOut') throw new Error('a spinning guest ended')
    })
    measured[name] = percentiles(times.map(time => time - spinMs))
  }
  return measured
}

/** Resident memory of this process and all below it, before and after many jobs. */
async function residentDuring(request: ExecutionRequest): Promise<object> {
  const at: number[] = [await residentMiB(process.pid)]
  for (let part = 0; part < 4; part++) {
    for (let job = 0; job < flatJobs / 4; job++) await run(request)
    at.push(await residentMiB(process.pid))
  }
  return { jobs: flatJobs, at, growth: round((at.at(-1) as number) / (at[0] as number)) }
}

async function afterLargeGuest(hello: ExecutionRequest): Promise<object> {
  const before = await residentMiB(process.pid)
  const large = requestOf(await compileFixture('memory-fill'), { memoryBytesMax: 1024 * mebibyte })
  await run(large)
  await run(hello)
  const deadline = performance.now() + 5_000
  let after = await residentMiB(process.pid)
  const begun = performance.now()
  while (after > before * 1.1 && performance.now() < deadline) after = await residentMiB(process.pid)
  return { beforeMiB: before, afterMiB: after, withinMs: Math.round(performance.now() - begun) }
}

async function timed(count: number, once: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = []
  for (let index = 0; index < count; index++) {
    const begun = performance.now()
    await once()
    times.push(performance.now() - begun)
  }
  return times
}

function round(value: number): number {
  return Number(value.toPrecision(3))
}
