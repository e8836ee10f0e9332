/**
 * The node's first figures, each beside a floor measured in the same run: `node_modules/.bin/node bench/run.ts` prints JSON.
 * Times are milliseconds; `ratio` is the median over the floor's median. Absolute figures are of one machine, ratios travel better.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Pool } from 'undici'
import { helloFile } from '../server/testing/client.ts'
import { type NodeProcess, startNodeProcess } from '../server/testing/process.ts'
import { bareRoute, fsyncRow, instantiateAndRun } from './floors.ts'
import { median, percentiles } from './statistics.ts'

const quick = process.argv.includes('--quick')
const helloRuns = quick ? 100 : 1000
const submits = quick ? 500 : 5000
const starts = quick ? 3 : 9

const directory = await mkdtemp(join(tmpdir(), 'plasm-bench-'))
const nodes: NodeProcess[] = []
try {
  console.log(JSON.stringify(await measure(), null, 2))
} finally {
  for (const node of nodes.toReversed()) await node.stop()
  await rm(directory, { recursive: true, force: true })
}

async function measure(): Promise<object> {
  const hello = await readFile(helloFile)
  const floor = {
    instantiateAndRunMs: await instantiateAndRun(hello, helloRuns),
    bareRouteMs: await bareRoute(helloRuns),
    fsyncRowMs: await fsyncRow(join(directory, 'floor.db'), helloRuns),
  }
  const executor = await start('executor', [])
  const gateway = await start('gateway', ['--slots', '0', ...executor.p2p.flatMap(address => ['--bootstrap', address])])
  const idle = { executor: await residentMiB(executor), gateway: await residentMiB(gateway) }
  const floorMs = median(floor.instantiateAndRunMs) + median(floor.bareRouteMs) + 2 * median(floor.fsyncRowMs)
  const local = await helloJobs(executor.http, hello)
  const remote = await helloJobs(gateway.http, hello)
  return {
    machine: { cores: availableParallelism(), node: process.version },
    helloSubmitToReceipt: {
      local: { ...percentiles(local), ratioToFloor: ratio(median(local), floorMs) },
      remote: { ...percentiles(remote), ratioToFloor: ratio(median(remote), floorMs) },
      floor: {
        sumMs: round(floorMs),
        instantiateAndRun: percentiles(floor.instantiateAndRunMs),
        bareFastifyRoute: percentiles(floor.bareRouteMs),
        fsyncOfOneRow: percentiles(floor.fsyncRowMs),
      },
    },
    durableSubmits: await durableSubmits(hello, median(floor.bareRouteMs)),
    startToReadyMs: percentiles(await startTimes()),
    residentIdleMiB: idle,
    residentAfterMiB: { executor: await residentMiB(executor), gateway: await residentMiB(gateway) },
  }
}

/** Submit with `Prefer: wait`, then the receipt: what a program does that wants one verified answer. */
async function helloJobs(url: string, hello: Uint8Array): Promise<number[]> {
  const pool = new Pool(url, { connections: 1 })
  const module = await upload(pool, hello)
  await pool.request({ method: 'POST', path: '/v1/peers/discover' }).then(({ body }) => body.dump())
  const times: number[] = []
  for (let run = 0; run < helloRuns + 50; run++) {
    const begun = performance.now()
    const answer = await post(pool, { module, stdin: { text: 'Hello, World' } }, { prefer: 'wait=10' })
    if (answer['state'] !== 'succeeded') throw new Error(`a hello job failed: ${JSON.stringify(answer)}`)
    const receipt = await pool.request({ method: 'GET', path: `/v1/jobs/${String(answer['id'])}/receipt` })
    await receipt.body.json()
    if (run >= 50) times.push(performance.now() - begun)
  }
  await pool.close()
  return times
}

/** Acknowledged submits per second at 32 connections, to a node that has nobody to run them: the store's own pace. */
async function durableSubmits(hello: Uint8Array, bareRouteMs: number): Promise<object> {
  const node = await start('submits', ['--slots', '0', '--queue-max', '1000000'])
  const pool = new Pool(node.http, { connections: 32 })
  const module = await upload(pool, hello)
  const times: number[] = []
  let left = submits
  const begun = performance.now()
  await Promise.all(
    Array.from({ length: 32 }, async () => {
      while (left-- > 0) {
        const at = performance.now()
        await post(pool, { module, queueMs: 86_400_000 })
        times.push(performance.now() - at)
      }
    }),
  )
  const seconds = (performance.now() - begun) / 1000
  await pool.close()
  return {
    connections: 32,
    perSecond: Math.round(submits / seconds),
    ...percentiles(times),
    bareRouteMs: round(bareRouteMs),
  }
}

async function startTimes(): Promise<number[]> {
  const times: number[] = []
  for (let run = 0; run < starts; run++) {
    const node = await startNodeProcess({ dataDir: join(directory, `start-${run}`) })
    times.push(node.readyMs)
    await node.stop()
  }
  return times
}

async function start(name: string, flags: string[]): Promise<NodeProcess> {
  const node = await startNodeProcess({ dataDir: join(directory, name), flags })
  nodes.push(node)
  return node
}

async function upload(pool: Pool, bytes: Uint8Array): Promise<string> {
  const { body } = await pool.request({
    method: 'PUT',
    path: '/v1/modules',
    headers: { 'content-type': 'application/wasm' },
    body: bytes,
  })
  return ((await body.json()) as { digest: string }).digest
}

async function post(
  pool: Pool,
  manifest: object,
  headers: Record<string, string> = {},
): Promise<Record<string, unknown>> {
  const { statusCode, body } = await pool.request({
    method: 'POST',
    path: '/v1/jobs',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(manifest),
  })
  const answer = (await body.json()) as Record<string, unknown>
  if (statusCode >= 300) throw new Error(`a submit failed: ${JSON.stringify(answer)}`)
  return answer
}

async function residentMiB(node: NodeProcess): Promise<number> {
  const status = await readFile(`/proc/${node.child.pid}/status`, 'utf8')
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024)
}

function ratio(value: number, floorMs: number): number {
  return round(value / floorMs)
}

function round(value: number): number {
  return Number(value.toPrecision(3))
}
