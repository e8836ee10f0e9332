/**
 * The hostile corpus on one real node: `node_modules/.bin/node bench/hostile.ts [PATTERN]` prints JSON. Each module as a stranger's job, one
 * after the other, while /livez and /v1/node are asked fifty times a second; how far past its deadline each ended, and what memory is left behind. Times are
 * milliseconds. PATTERN: only modules whose name it matches.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { corpus, type Hostile } from '../machine/testing/hostile/corpus.ts'
import { Client } from '../server/testing/client.ts'
import { endlessMs, expected, limitMsOf, type Met, meet } from '../server/testing/hostile.ts'
import { type NodeProcess, startNodeProcess } from '../server/testing/process.ts'
import { residentBytes } from '../server/testing/resident.ts'
import type { Probed } from './probe.ts'
import { percentiles } from './statistics.ts'

const pattern = new RegExp(process.argv[2] ?? '')
const beyondMs = 250
const probeEveryMs = 20
const settleMs = 15_000
const steadyMs = 500
const mebibyte = 1024 * 1024

const directory = await mkdtemp(join(tmpdir(), 'plasm-bench-'))
const node = await startNodeProcess({ dataDir: directory, flags: ['--slots', '2'] })
try {
  console.log(JSON.stringify(await measure(node), null, 2))
} finally {
  await node.stop()
  await rm(directory, { recursive: true, force: true })
}

async function measure({ http, child }: NodeProcess): Promise<object> {
  const client = new Client(http)
  const pid = child.pid as number
  const hello = await client.uploadHello()
  for (let warm = 0; warm < 200; warm++) await client.run({ module: hello })
  const idle = await probedWhile(http, () => new Promise(resolve => setTimeout(resolve, 2_000)))
  const baseline = await residentBytes(pid)
  const chosen = await made()
  const outcomes: (Met & { name: string; hostile: Hostile })[] = []
  const busy = await probedWhile(http, async () => {
    for (const [name, hostile] of chosen) outcomes.push({ name, hostile, ...(await meet(client, hostile)) })
  })
  const helloAfterwards = (await client.run({ module: hello })).state
  const settled = await settledBytes(pid, baseline)
  const wrong = outcomes.filter(({ ended, hostile }) => !isExpected(ended, hostile))
  const over = outcomes.map(({ name, hostile, ...met }) => ({ name, ...met, overMs: met.runMs - limitMsOf(hostile) }))
  const endless = over.filter((_, index) => outcomes[index]?.hostile.endless)
  const late = over.filter(({ overMs }) => overMs > beyondMs)
  return {
    machine: { cores: availableParallelism(), node: process.version, loadOneMinute: loadavg()[0] },
    modules: outcomes.length,
    wrongReason: wrong.map(({ name, ended }) => ({ name, ended })),
    withinLimitAnd250Ms: outcomes.length - late.length,
    late: late.map(({ name, overMs }) => ({ name, overMs: Math.round(overMs) })),
    endless: { modules: endless.length, limitMs: endlessMs, overMs: percentiles(endless.map(({ overMs }) => overMs)) },
    slowestUploads: slowest(over, 'uploadMs'),
    slowestRuns: slowest(
      over.filter((_, index) => !outcomes[index]?.hostile.endless),
      'runMs',
    ),
    api: { idle: percentiles(idle.times), meanwhile: percentiles(busy.times), failed: busy.failed },
    nodeAlive: child.exitCode === null && child.pid === pid && helloAfterwards === 'succeeded',
    residentMiB: { baseline: round(baseline), afterwards: round(settled.bytes), withinMs: settled.withinMs },
    ratioOfResident: Number((settled.bytes / baseline).toFixed(3)),
  }
}

/** Made before anything is measured: that takes long, too, and this process shares its cores with the node. */
async function made(): Promise<[string, Hostile][]> {
  const chosen = Object.entries(corpus).filter(([name]) => pattern.test(name))
  return await Promise.all(
    chosen.map(async ([name, hostile]): Promise<[string, Hostile]> => {
      const bytes = await hostile.make()
      return [name, { ...hostile, make: () => bytes }]
    }),
  )
}

function isExpected(ended: string, hostile: Hostile): boolean {
  const ends = expected(hostile)
  return typeof ends === 'string' ? ended === ends : ended.startsWith('moduleRejected: ') && ends.test(ended)
}

function slowest(all: readonly (Met & { name: string })[], by: 'uploadMs' | 'runMs'): object[] {
  const sorted = [...all].sort((a, b) => b[by] - a[by])
  return sorted.slice(0, 5).map(({ name, [by]: ms }) => ({ name, ms: Math.round(ms) }))
}

/** Answers of the API while something is done, asked from another process. */
async function probedWhile(url: string, work: () => Promise<unknown>): Promise<Probed> {
  const probe = fork(new URL('probe.ts', import.meta.url), [url, String(probeEveryMs)])
  try {
    await work()
    const answer = once(probe, 'message')
    probe.send('stop')
    return (await answer)[0] as Probed
  } finally {
    probe.kill('SIGKILL')
  }
}

/** Children are replaced in the background, and small at first: looked at until it is steady and back, or for so long. */
async function settledBytes(pid: number, baseline: number): Promise<{ bytes: number; withinMs: number }> {
  const begun = performance.now()
  for (let before = await residentBytes(pid); ; ) {
    await new Promise(resolve => setTimeout(resolve, steadyMs))
    const bytes = await residentBytes(pid)
    const withinMs = Math.round(performance.now() - begun)
    const isSteady = Math.abs(bytes - before) < mebibyte
    if ((isSteady && bytes <= baseline * 1.1) || withinMs > settleMs) return { bytes, withinMs }
    before = bytes
  }
}

function round(bytes: number): number {
  return Math.round(bytes / mebibyte)
}
