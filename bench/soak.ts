/**
 * Many small jobs through one node, and what it and all below it then hold: `node_modules/.bin/node bench/soak.ts [--jobs N] [--warm N]` prints
 * JSON. Jobs are submitted over HTTP, some at a time, each waited for; resident memory is read when the node is idle between parts.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Pool } from 'undici'
import { helloFile } from '../server/testing/client.ts'
import { startNodeProcess } from '../server/testing/process.ts'
import { residentMiB } from './resident.ts'
import { percentiles } from './statistics.ts'

const { values } = parseArgs({
  options: { jobs: { type: 'string', default: '10000' }, warm: { type: 'string', default: '1000' } },
})
const jobs = Number(values.jobs)
const warm = Number(values.warm)
const atOnce = 8
const parts = 10

const directory = await mkdtemp(join(tmpdir(), 'plasm-soak-'))
const node = await startNodeProcess({ dataDir: directory })
const pool = new Pool(node.http, { connections: atOnce })
try {
  console.log(JSON.stringify(await measure(), null, 2))
} finally {
  await pool.close()
  await node.stop()
  await rm(directory, { recursive: true, force: true })
}

async function measure(): Promise<object> {
  const module = await upload()
  await submit(module, warm)
  const before = await residentMiB(node.child.pid as number)
  const at: number[] = []
  const times: number[] = []
  const begun = performance.now()
  for (let part = 0; part < parts; part++) {
    times.push(...(await submit(module, jobs / parts)))
    at.push(await residentMiB(node.child.pid as number))
  }
  const seconds = (performance.now() - begun) / 1000
  return {
    machine: { cores: availableParallelism(), node: process.version },
    jobs,
    warm,
    atOnce,
    perSecond: Math.round(jobs / seconds),
    submitToResult: percentiles(times),
    residentMiB: { before, at, growth: Number(((at.at(-1) as number) / before).toPrecision(3)) },
  }
}

async function upload(): Promise<string> {
  const { body } = await pool.request({
    method: 'PUT',
    path: '/v1/modules',
    headers: { 'content-type': 'application/wasm' },
    body: await readFile(helloFile),
  })
  return ((await body.json()) as { digest: string }).digest
}

/** Milliseconds that each of so many jobs took. */
async function submit(module: string, count: number): Promise<number[]> {
  const times: number[] = []
  let left = count
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (left-- > 0) {
        const begun = performance.now()
        const { body } = await pool.request({
          method: 'POST',
          path: '/v1/jobs',
          headers: { 'content-type': 'application/json', prefer: 'wait=30' },
          body: JSON.stringify({ module, stdin: { text: 'Hello, World' } }),
        })
        const job = (await body.json()) as { state?: string }
        if (job.state !== 'succeeded') throw new Error(`a hello job failed: ${JSON.stringify(job)}`)
        times.push(performance.now() - begun)
      }
    }),
  )
  return times
}
