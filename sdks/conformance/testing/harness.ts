/** Runs every scenario with an SDK's runner, against a real node behind the fault proxy (README.md). */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { compileFixture } from '../../../machine/fixtures/compile.ts'
import { didOfPeerId } from '../../../phase/identity.ts'
import { type NodeProcess, startNodeProcess } from '../../../server/testing/process.ts'
import { otherDid, otherPeerId } from './faults.ts'
import { FaultProxy, matches } from './proxy.ts'
import { difference, fill, type RequestsExpected, type Scenario, scenarioFiles } from './scenario.ts'

export interface Runner {
  /** Which SDK. */
  name: string
  command: string
  args: readonly string[]
  env?: Record<string, string>
  /** Why it cannot run here. */
  skip?: string | false
}

/** One scenario, its retries included. */
const runnerMs = 60_000
const guests = ['loop', 'exit-3', 'echo', 'trap-unreachable']
const helloFile = join(import.meta.dirname, '..', '..', '..', 'examples', 'hello', 'hello.wasm')

/** Registers a test for each scenario. */
export function runConformance(runner: Runner): void {
  describe(`the contract of all SDKs, kept by ${runner.name}`, { skip: runner.skip ?? false }, () => {
    let directory: string
    const nodes = new Map<string, NodeProcess>()

    /** Scenarios that want the same node share it. */
    async function nodeFor(flags: readonly string[]): Promise<NodeProcess> {
      const key = JSON.stringify(flags)
      const known = nodes.get(key)
      if (known !== undefined) return known
      const node = await startNodeProcess({ dataDir: join(directory, `node-${nodes.size}`), flags })
      nodes.set(key, node)
      return node
    }

    before(async () => {
      directory = await mkdtemp(join(tmpdir(), 'plasm-conformance-'))
      await writeFiles(join(directory, 'files'))
    })
    after(async () => {
      await Promise.all([...nodes.values()].map(node => node.stop()))
      await rm(directory, { recursive: true, force: true })
    })

    for (const { file, scenarios } of scenarioFiles()) {
      describe(file, () => {
        for (const scenario of scenarios) {
          test(scenario.name, async () => {
            const files = join(directory, 'files')
            await writeFresh(files)
            const flags = scenario.node?.flags.map(flag => flag.replace('$files', files)) ?? ['--slots', '2']
            await play(runner, scenario, await nodeFor(flags), files)
          })
        }
      })
    }
  })
}

async function writeFiles(directory: string): Promise<void> {
  await mkdir(directory)
  await copyFile(helloFile, join(directory, 'hello.wasm'))
  for (const name of guests) await writeFile(join(directory, `${name}.wasm`), await compileFixture(name))
  await writeFile(join(directory, 'not.wasm'), 'This is no module.')
  await writeFile(join(directory, 'token'), 'correct-horse-battery-staple\n', { mode: 0o600 })
}

/** A module and an input that no node has seen: hello.wasm with a custom section, a large text with a line of its own. */
async function writeFresh(directory: string): Promise<void> {
  const salt = randomUUID()
  const section = Buffer.concat([Buffer.from([0, salt.length + 2, 1]), Buffer.from(`x${salt}`)])
  await writeFile(join(directory, 'fresh.wasm'), Buffer.concat([await readFile(helloFile), section]))
  await writeFile(join(directory, 'fresh.txt'), `${salt}\n${`${'x'.repeat(999)}\n`.repeat(400)}`)
}

async function play(runner: Runner, raw: Scenario, node: NodeProcess, files: string): Promise<void> {
  const scenario = fill(
    raw,
    { did: didOfPeerId(node.peerId), peerId: node.peerId, other: otherDid, otherPeerId },
    files,
  )
  const proxy = new FaultProxy(node.http, scenario.faults ?? [])
  const url = await proxy.start()
  try {
    const calls = scenario.calls.map(call =>
      Object.fromEntries(Object.entries(call).filter(([name]) => name !== 'expect')),
    )
    const lines = await runCalls(runner, { url, client: scenario.client ?? {}, calls }, files)
    for (const [index, { call, expect }] of scenario.calls.entries()) {
      const problem = difference(expect ?? { '!error': 0 }, lines[index])
      assert.equal(problem, undefined, `call ${index + 1}, ${call}: ${problem}\n${JSON.stringify(lines[index])}`)
    }
    assert.equal(lines.length, calls.length)
    assert.deepEqual(proxy.unused(), [], 'faults that nothing met')
    if (scenario.expect?.jobs !== undefined)
      assert.equal(proxy.jobs.length, scenario.expect.jobs, 'jobs that were made')
    for (const expected of scenario.expect?.requests ?? []) checkRequests(expected, proxy)
  } finally {
    await proxy.stop()
  }
}

function checkRequests(expected: RequestsExpected, proxy: FaultProxy): void {
  const { on, count, min, max, apartMs, same } = expected
  const found = proxy.seen.filter(one => matches(on, one.on))
  const seen = `${found.length} of ${proxy.seen.map(one => one.on).join(', ')}`
  if (count !== undefined) assert.equal(found.length, count, `${on}: ${seen}`)
  assert.ok(found.length >= (min ?? 0) && found.length <= (max ?? Number.MAX_SAFE_INTEGER), `${on}: ${seen}`)
  if (apartMs !== undefined) {
    for (const [index, { atMs }] of found.slice(1).entries()) {
      const apart = atMs - (found[index] as { atMs: number }).atMs
      assert.ok(apart >= apartMs, `${on} came again after ${Math.round(apart)} ms, not ${apartMs}`)
    }
  }
  if (same !== undefined) {
    const values = new Set(found.map(({ headers }) => headers[same]))
    assert.ok(values.size === 1 && !values.has(undefined), `${on}: ${same} is ${[...values].join(', ')}`)
  }
}

async function runCalls(runner: Runner, input: object, cwd: string): Promise<unknown[]> {
  const child = spawn(runner.command, runner.args, {
    cwd,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...runner.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: runnerMs,
    killSignal: 'SIGKILL',
  })
  child.stdin.end(JSON.stringify(input))
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout as unknown as BodyInit).text(),
    new Response(child.stderr as unknown as BodyInit).text(),
    new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', resolve)
    }),
  ])
  assert.equal(code, 0, `the runner ended with ${code}: ${stderr}\n${stdout}`)
  return stdout
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as unknown)
}
