/**
 * The command and the SDK beside what they stand on: `node_modules/.bin/node bench/command.ts` prints JSON. `plasm run hello.wasm` is the whole
 * process, from the bundle, against a node that runs; its floor is the same Node that does nothing. `submit` and `result` are held against the
 * same calls by undici alone, and verifying against nothing: it is arithmetic. Times are milliseconds.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Pool } from 'undici'
import { bundle } from '../release/bundle.ts'
import { Plasm } from '../sdks/typescript/src/index.ts'
import { helloFile } from '../server/testing/client.ts'
import { type NodeProcess, startNodeProcess } from '../server/testing/process.ts'
import { timeProcesses } from './processes.ts'
import { median, percentiles } from './statistics.ts'

const quick = process.argv.includes('--quick')
const commandRuns = quick ? 10 : 40
const jobRuns = quick ? 50 : 500
const warmUpRuns = 5

const directory = await mkdtemp(join(tmpdir(), 'plasm-bench-'))
let node: NodeProcess | undefined
try {
  await bundle(join(directory, 'dist'))
  node = await startNodeProcess({ dataDir: join(directory, 'node') })
  console.log(JSON.stringify(await measure(node.http), null, 2))
} finally {
  await node?.stop()
  await rm(directory, { recursive: true, force: true })
}

async function measure(url: string): Promise<object> {
  const plasm = [join(directory, 'dist', 'plasm.mjs')]
  const commands = [
    ['--eval', '0'],
    [...plasm, '--help'],
    [...plasm, 'run', helloFile],
  ]
  const env = { PATH: process.env['PATH'] ?? '', PLASM_URL: url, XDG_CACHE_HOME: directory }
  const times = timeProcesses({ runs: commandRuns, warmUpRuns, env, commands })
  const [bare, help, run] = times as [number[], number[], number[]]
  const pool = new Pool(url)
  const [sdk, undici] = (await turns(jobRuns, [await bySdk(url), await byHand(pool)])) as [number[], number[]]
  await pool.close()
  const [verify] = (await turns(jobRuns, [await verification(url)])) as [number[]]
  return {
    machine: { cores: availableParallelism(), node: process.version, loadOneMinute: loadavg()[0] },
    bareNode: percentiles(bare),
    help: { ...percentiles(help), ratioToBareNode: ratio(help, bare) },
    runHello: { ...percentiles(run), ratioToBareNode: ratio(run, bare) },
    submitAndResult: { sdk: percentiles(sdk), undici: percentiles(undici), ratio: ratio(sdk, undici) },
    verifyReceipt: percentiles(verify),
  }
}

async function bySdk(url: string): Promise<() => Promise<void>> {
  const plasm = new Plasm({ url })
  const module = await readFile(helloFile)
  return async () => {
    const jobId = await plasm.submit(module, { stdin: 'Hello, World' })
    check((await plasm.result(jobId)).text())
  }
}

/** What the SDK asks for, by hand: the job, its output once it has ended, and how it ended. */
async function byHand(pool: Pool): Promise<() => Promise<void>> {
  const ask = async (method: 'GET' | 'POST', path: string, headers: Record<string, string> = {}, body?: string) =>
    (await pool.request({ method, path, headers, ...(body === undefined ? {} : { body }) })).body
  const [module] = ((await (await ask('GET', '/v1/modules')).json()) as { items: { digest: string }[] }).items
  const manifest = JSON.stringify({ module: module?.digest, stdin: { text: 'Hello, World' } })
  return async () => {
    const accepted = await ask('POST', '/v1/jobs', { 'content-type': 'application/json' }, manifest)
    const { id } = (await accepted.json()) as { id: string }
    check(await (await ask('GET', `/v1/jobs/${id}/output`, { prefer: 'wait=25' })).text())
    const { state } = (await (await ask('GET', `/v1/jobs/${id}`)).json()) as { state: string }
    if (state !== 'succeeded') throw new Error(`a job ended ${state}`)
  }
}

async function verification(url: string): Promise<() => Promise<void>> {
  const plasm = new Plasm({ url })
  const jobId = await plasm.submit(helloFile)
  await plasm.result(jobId)
  const receipt = await plasm.receipt(jobId)
  const { claim, binding, measurement } = receipt
  const { module, stdin, stdout } = claim
  const expected = { module, stdin: stdin.digest, stdout: stdout.digest, nonce: binding.nonce, args: [], env: {} }
  return async () => void (await plasm.verify(receipt, { executor: measurement.executor.did, expected }))
}

/** Each in its turn, so that what else the machine does falls on all of them alike. */
async function turns(runs: number, works: (() => Promise<void>)[]): Promise<number[][]> {
  const times: number[][] = works.map(() => [])
  for (let run = 0; run < runs + warmUpRuns; run++) {
    for (const [index, work] of works.entries()) {
      const begun = performance.now()
      await work()
      if (run >= warmUpRuns) times[index]?.push(performance.now() - begun)
    }
  }
  return times
}

function check(output: string): void {
  if (output !== 'dlroW ,olleH') throw new Error(`a job wrote "${output}"`)
}

function ratio(times: readonly number[], floor: readonly number[]): number {
  return Number((median(times) / median(floor)).toPrecision(3))
}
