/** Fuel says how much was done: whole programs (bench/machine/kernels) with a size, and with a size that means twice the work. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PreparedModule, runModule } from '../run.ts'
import { kernelOptions, readKernel } from './kernels.ts'

interface Kernel {
  /** What a size means, in steps of the program's own. */
  work: (size: number) => number
  sizes: [size: number, twice: number]
}

const linear = (size: number) => size
const kernels: Record<string, Kernel> = {
  sha256: { work: linear, sizes: [1, 2] },
  zstd: { work: linear, sizes: [1, 2] },
  nbody: { work: linear, sizes: [4000, 8000] },
  // The next two with a logarithm on top, too small to matter from one size to twice as much.
  sieve: { work: linear, sizes: [100_000, 200_000] },
  sqlite: { work: linear, sizes: [1200, 2400] },
  // Beside what grows, both compute fib(24): from here on that is little.
  lua: { work: linear, sizes: [100_000, 200_000] },
  quickjs: { work: linear, sizes: [40_000, 80_000] },
  // Not linear: points of an image, products of matrices.
  mandelbrot: { work: size => size ** 2, sizes: [140, 198] },
  matmul: { work: size => size ** 3, sizes: [100, 126] },
  'matmul-simd': { work: size => size ** 3, sizes: [200, 252] },
}

for (const [name, { work, sizes }] of Object.entries(kernels)) {
  test(`${name}: twice the work is 1.9 to 2.1 times the fuel`, t => {
    const [once, twice] = sizes
    assert.ok(Math.abs(work(twice) / work(once) - 2) < 0.001)
    const ratio = grown(name, once, twice)
    t.diagnostic(`${ratio}`)
    assert.ok(ratio >= 1.9 && ratio <= 2.1, `${ratio}`)
  })
}

test('fib: fuel grows as its calls do, of which no size has twice as many as another', t => {
  const calls = (size: number): number => (size < 2 ? 1 : 1 + calls(size - 1) + calls(size - 2))
  const ratio = (2 * grown('fib', 24, 25)) / (calls(25) / calls(24))
  t.diagnostic(`${ratio}`)
  assert.ok(ratio >= 1.9 && ratio <= 2.1, `${ratio}`)
})

/** How many times the fuel of the first size the second uses. */
function grown(name: string, once: number, twice: number): number {
  const prepared = new PreparedModule(readKernel(name))
  const [less, more] = [once, twice].map(size => {
    const result = runModule(prepared, kernelOptions(size))
    assert.ok(result.kind === 'ended')
    assert.deepEqual(result.outcome, { reason: 'exited', exitCode: 0 })
    return result.fuel
  }) as [number, number]
  return more / less
}
