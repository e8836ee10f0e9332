import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { brotliDecompressSync } from 'node:zlib'
import { PreparedModule, runModule } from '../../machine/run.ts'
import { digestOf } from '../../phase/digest.ts'

const run = promisify(execFile)
const here = fileURLToPath(new URL('.', import.meta.url))
const kernel = (name: string) => join(here, 'kernels', `${name}.wasm.br`)

test('a module is measured raw and metered: the same output, the fuel that the machine says, ratios', async () => {
  const { stdout } = await run(process.execPath, [
    join(here, 'run.ts'),
    kernel('quickjs'),
    '--arg=200',
    '--runs=2',
    '--json',
  ])
  const report = JSON.parse(stdout) as {
    fuel: number
    sameOutput: boolean
    outputDigest: string
    claimDigest: string
    ratio: { median: number }
    rewriting: { warmMBps: number; sizeRatio: number }
  }
  const bytes = new Uint8Array(brotliDecompressSync(await readFile(kernel('quickjs'))))
  const ran = runModule(new PreparedModule(bytes), {
    args: ['200'],
    environ: [],
    stdin: new Uint8Array(0),
    seed: new Uint8Array(32),
    memoryBytesMax: 2 ** 28,
    outputBytesMax: 1000,
    fuelMax: 1e12,
  })
  assert.ok(ran.kind === 'ended' && report.sameOutput)
  assert.equal(report.outputDigest, digestOf(ran.stdout))
  assert.equal(report.fuel, ran.fuel)
  assert.match(report.claimDigest, /^sha256:[0-9a-f]{64}$/)
  for (const figure of [report.ratio.median, report.rewriting.warmMBps, report.rewriting.sizeRatio]) {
    assert.ok(figure > 0 && Number.isFinite(figure))
  }
})

test('the one file for engines that do not strip types measures as well', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'plasm-bench-'))
  const file = join(directory, 'run.mjs')
  const flags = ['--bundle', '--platform=node', '--format=esm', '--log-level=warning', `--outfile=${file}`]
  await run(join(here, '../../node_modules/.bin/esbuild'), [join(here, 'run.ts'), ...flags])
  const { stdout } = await run(process.execPath, ['--liftoff-only', file, kernel('fib'), '--arg=20', '--runs=1'])
  assert.match(stdout, /metered \/ raw +[\d.]+/)
  await rm(directory, { recursive: true })
})

test('a module that is not admitted, or does not end by itself, is refused with the reason', async () => {
  const failed = (argument: string) =>
    run(process.execPath, [join(here, 'run.ts'), argument]).then(
      () => assert.fail('it was measured'),
      (error: { code: number; stderr: string }) => error,
    )
  const { code, stderr } = await failed(join(here, 'run.ts'))
  assert.equal(code, 1)
  assert.match(stderr, /Cannot admit the module/)
})
