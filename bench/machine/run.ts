/**
 * Measures what metering costs any WASI command: `node bench/machine/run.ts MODULE [--arg A]... [--stdin FILE] [--runs N] [--json]`.
 * Runs under other engines and flags as it is, or, where types are not stripped, as the one file that `make bench-machine-file` writes.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { brotliDecompressSync } from 'node:zlib'
import { measure } from './measure.ts'

const usage = 'usage: run.ts MODULE.wasm[.br] [--arg A]... [--stdin FILE] [--memory MIB] [--runs N] [--json]'
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    arg: { type: 'string', multiple: true, default: [] },
    stdin: { type: 'string' },
    memory: { type: 'string', default: '1024' },
    runs: { type: 'string', default: '9' },
    json: { type: 'boolean', default: false },
  },
})
const [file] = positionals
const runs = Number(values.runs)
const memoryMib = Number(values.memory)
if (file === undefined || positionals.length > 1 || !whole(runs, 1_000) || !whole(memoryMib, 4_096)) {
  console.error(usage)
  process.exit(2)
}

try {
  const bytes = readFileSync(file)
  const module = new Uint8Array(file.endsWith('.br') ? brotliDecompressSync(bytes) : bytes)
  const stdin = values.stdin === undefined ? new Uint8Array(0) : new Uint8Array(readFileSync(values.stdin))
  const engine = `${process.versions['bun'] === undefined ? `node ${process.versions.node}` : `bun ${process.versions['bun']}`} ${process.arch}`
  const report = {
    module: file.replace(/^.*\//, ''),
    engine: [engine, ...process.execArgv].join(' '),
    ...measure(module, { args: values.arg, stdin, runs, memoryBytes: memoryMib * 1_048_576 }),
  }
  console.log(values.json ? JSON.stringify(report) : people(report))
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exit(1)
}

function people(report: { module: string; engine: string } & ReturnType<typeof measure>): string {
  const { ratio, rawMs, meteredMs, rewriting } = report
  return [
    `${report.module} on ${report.engine}, ${report.runs} pairs, ${report.clock} time`,
    `metered / raw   ${ratio.median} (of the medians, ${meteredMs.median} / ${rawMs.median} ms), ${ratio.min} (of the fastest)`,
    `fuel            ${report.fuel} (${report.fuelPerNs} each ns of the raw run); floats: ${report.floats}`,
    `rewriting       ${rewriting.firstCallMBps} MB/s first (${rewriting.firstCallMs} ms), ${rewriting.warmMBps} MB/s warm; ${rewriting.moduleBytes} bytes become ${rewriting.sizeRatio} times as many`,
    `claim           ${report.claimDigest}`,
    `output          ${report.outputDigest}${report.sameOutput ? '' : ' (the raw run wrote something else)'}`,
    ...(report.warning === undefined ? [] : [`warning         ${report.warning}`]),
  ].join('\n')
}

function whole(value: number, max: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= max
}
