/**
 * Measures what metering costs any WASI command: `node bench/machine/run.ts MODULE [--arg A]... [--stdin FILE] [--runs N] [--json]`.
 * Runs under other engines and flags as it is, or, where types are not stripped, as the one file that `make bench-machine-file` writes.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { brotliDecompressSync } from 'node:zlib'
import { measure, NotMeasured } from './measure.ts'

const usage = `usage: run.ts MODULE.wasm[.br] [--arg A]... [--stdin FILE] [--memory MIB] [--fuel N] [--runs N] [--json]
Exit code: 0 measured, whatever the module's own is; 1 not, and why; 2 wrong usage.`
const { file, values, runs, memoryMib, fuelMax } = readWords()
const name = file.replace(/^.*\//, '')
const bun = process.versions['bun']
const engine = [
  bun === undefined ? `node ${process.versions.node}` : `bun ${bun}`,
  process.arch,
  ...process.execArgv,
].join(' ')

try {
  const module = file.endsWith('.br') ? unpacked(file) : read(file, 'module')
  const stdin = values.stdin === undefined ? new Uint8Array(0) : read(values.stdin, 'stdin')
  const options = { args: values.arg, stdin, runs, memoryBytes: memoryMib * 1_048_576, fuelMax }
  const report = { module: name, engine, ...measure(module, options) }
  console.log(values.json ? JSON.stringify(report) : people(report))
} catch (error) {
  const message = error instanceof Error ? error.message : String(error)
  const known = error instanceof NotMeasured ? error.known : {}
  if (values.json) console.log(JSON.stringify({ module: name, engine, error: message, ...known }))
  console.error(message)
  process.exitCode = 1
}

function readWords() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        arg: { type: 'string', multiple: true, default: [] },
        stdin: { type: 'string' },
        memory: { type: 'string', default: '1024' },
        // Some ten seconds of one run, of which there are two dozen.
        fuel: { type: 'string', default: '200000000000' },
        runs: { type: 'string', default: '9' },
        json: { type: 'boolean', default: false },
      },
    })
    const [file, ...more] = positionals
    if (file === undefined || more.length > 0) throw new Error('one module is expected')
    return {
      file,
      values,
      runs: whole('--runs', values.runs, 1_000),
      memoryMib: whole('--memory', values.memory, 4_096),
      fuelMax: whole('--fuel', values.fuel, Number.MAX_SAFE_INTEGER),
    }
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`)
    process.exit(2)
  }
}

function whole(option: string, text: string, max: number): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= 1 && value <= max) return value
  throw new Error(`${option} ${text}: expected a whole number from 1 to ${max}`)
}

function read(path: string, what: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path))
  } catch (cause) {
    throw new Error(`Cannot read the ${what} "${path}": ${(cause as NodeJS.ErrnoException).code}`, { cause })
  }
}

function unpacked(path: string): Uint8Array {
  const bytes = read(path, 'module')
  try {
    return new Uint8Array(brotliDecompressSync(bytes))
  } catch (cause) {
    throw new Error(`Cannot read the module "${path}": it is not what brotli writes: ${(cause as Error).message}`, {
      cause,
    })
  }
}

function people(report: { module: string; engine: string } & ReturnType<typeof measure>): string {
  const { ratio, rawMs, meteredMs, rewriting, outcome } = report
  const ended = outcome.reason === 'exited' ? `exited with ${outcome.exitCode}` : outcome.reason
  return [
    `${report.module} on ${report.engine}, ${report.runs} pairs, ${report.clock} time`,
    `metered / raw   ${ratio.median} (of the medians, ${meteredMs.median} / ${rawMs.median} ms), ${ratio.min} (of the fastest)`,
    `outcome         ${ended}`,
    `fuel            ${report.fuel} (${report.fuelPerNs} each ns of the raw run); floats: ${report.floats}`,
    `rewriting       ${rewriting.firstCallMBps} MB/s first (${rewriting.firstCallMs} ms), ${rewriting.warmMBps} MB/s warm; ${rewriting.moduleBytes} bytes become ${rewriting.sizeRatio} times as many`,
    `                warm: admission ${rewriting.warmParts.admitMs} ms, metering ${rewriting.warmParts.meterMs} ms, in them the engine's two validations ${rewriting.warmParts.validationsMs} ms`,
    `claim           ${report.claimDigest}`,
    `output          ${report.outputDigest}${report.sameOutput ? '' : ' (the raw run wrote something else)'}`,
    ...(report.warning === undefined ? [] : [`warning         ${report.warning}`]),
  ].join('\n')
}
