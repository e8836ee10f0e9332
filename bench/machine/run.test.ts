import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { brotliDecompressSync } from 'node:zlib'
import { compileFixture } from '../../machine/fixtures/compile.ts'
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
    fuelMax: 1e10,
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

test('what cannot be measured says why, and what is known of it, in text and as JSON', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'plasm-bench-'))
  const module = async (name: string) => {
    await writeFile(join(directory, name), await compileFixture(name))
    return join(directory, name)
  }
  const notBrotli = join(directory, 'text.wasm.br')
  await writeFile(notBrotli, 'text')
  const failed = (...words: string[]) =>
    run(process.execPath, [join(here, 'run.ts'), ...words]).then(
      () => assert.fail('it was measured'),
      (error: { code: number; stdout: string; stderr: string }) => error,
    )
  for (const [code, message, ...words] of [
    [1, /^Cannot admit the module: header, byte 0/, join(here, 'run.ts')],
    [1, /^Cannot admit the module: .*"_start"/, await module('no-start')],
    [1, /^Cannot read the module ".*none": ENOENT/, join(directory, 'none')],
    [1, /^Cannot read the module ".*": it is not what brotli writes/, notBrotli],
    [1, /^Cannot read the stdin ".*none"/, kernel('fib'), '--stdin', join(directory, 'none')],
    [1, /: it used all of 1000 fuel: raise --fuel/, await module('loop'), '--fuel', '1000'],
    [2, /^--runs 0: expected a whole number[^]*usage/, kernel('fib'), '--runs', '0'],
    [2, /^Unknown option '--frob'[^]*usage/, kernel('fib'), '--frob'],
    [2, /^one module is expected\n/],
  ] as const) {
    const { code: exitCode, stderr } = await failed(...words)
    assert.equal(exitCode, code)
    assert.match(stderr, message)
    assert.doesNotMatch(stderr, /^ +at /m)
  }
  const { stdout } = await failed(await module('trap-divide'), '--json')
  const { error, outcome, claimDigest } = JSON.parse(stdout) as Record<string, unknown>
  assert.match(String(error), /trapped: divideByZero/)
  assert.deepEqual(outcome, { reason: 'stopped' })
  assert.match(String(claimDigest), /^sha256:/)
  await rm(directory, { recursive: true })
})

test('a module with an exit code of its own is measured, and the code is told', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'plasm-bench-'))
  await writeFile(join(directory, 'exit-3'), await compileFixture('exit-3'))
  const { stdout } = await run(process.execPath, [join(here, 'run.ts'), join(directory, 'exit-3'), '--runs=1'])
  assert.match(stdout, /^outcome +exited with 3$/m)
  await rm(directory, { recursive: true })
})
