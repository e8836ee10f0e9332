/** `make bench-machine`: every kernel in a process of its own, with its bar, as one JSON document. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

interface Kernel {
  name: string
  arg: string
  /** Metered / raw at most. */
  bar: number
}

/** Sized to 100 ms and more. The bars are those of the class that a kernel stands for: integers, interpreters, floats, calls. */
const kernels: readonly Kernel[] = [
  { name: 'sha256', arg: '32', bar: 1.05 },
  { name: 'sieve', arg: '20000000', bar: 1.05 },
  { name: 'zstd', arg: '8', bar: 1.05 },
  { name: 'sqlite', arg: '20000', bar: 1.1 },
  { name: 'lua', arg: '60000', bar: 1.1 },
  { name: 'quickjs', arg: '20000', bar: 1.1 },
  { name: 'nbody', arg: '2000000', bar: 1.25 },
  { name: 'matmul', arg: '400', bar: 1.25 },
  { name: 'matmul-simd', arg: '512', bar: 1.25 },
  { name: 'mandelbrot', arg: '700', bar: 1.25 },
  { name: 'fib', arg: '36', bar: 1.25 },
]
const here = fileURLToPath(new URL('.', import.meta.url))
const chosen = process.argv.slice(2)

const results = kernels
  .filter(({ name }) => chosen.length === 0 || chosen.includes(name))
  .map(({ name, arg, bar }) => {
    const file = `${here}kernels/${name}.wasm.br`
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [...process.execArgv, `${here}run.ts`, file, '--arg', arg, '--json'],
      { encoding: 'utf8', timeout: 120_000 },
    )
    if (status !== 0) throw new Error(`Cannot measure "${name}": ${stderr}`)
    const report = JSON.parse(stdout) as { ratio: { median: number; min: number }; fuelPerNs: number }
    console.error(`${name}: ${report.ratio.median} (bar ${bar})`)
    return { ...report, bar, met: report.ratio.median <= bar }
  })
const rates = results.map(({ fuelPerNs }) => fuelPerNs)
const fuelSpread = Number((Math.max(...rates) / Math.min(...rates)).toPrecision(3))
console.log(JSON.stringify({ fuelSpread, results }, undefined, 2))
