/** Whole programs (bench/machine/kernels) through the interpreter and the fast machine: same end, output and fuel. KERNELS=large gives them more to do. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { interpret } from '../interpreter.ts'
import { PreparedModule, runModule } from '../run.ts'
import { differencesOf } from './agreement.ts'
import { kernelOptions, readKernel } from './kernels.ts'

/** What each is given: a little, and more. */
const kernels: Record<string, [little: number, more: number]> = {
  fib: [12, 20],
  lua: [20, 1000],
  mandelbrot: [12, 60],
  matmul: [12, 48],
  'matmul-simd': [16, 64],
  nbody: [200, 5000],
  quickjs: [10, 400],
  sha256: [0, 1],
  sieve: [2000, 200_000],
  sqlite: [5, 300],
  zstd: [0, 1],
}
const place = process.env['KERNELS'] === 'large' ? 1 : 0

for (const [name, sizes] of Object.entries(kernels)) {
  const size = sizes[place]
  test(`${name} ${size}`, t => {
    const bytes = readKernel(name)
    const options = kernelOptions(size)
    const prepared = new PreparedModule(bytes)
    const whole = interpret(bytes, options)
    assert.deepEqual(differencesOf(whole, runModule(prepared, options)), [])
    assert.ok(whole.kind === 'ended')
    assert.deepEqual(whole.outcome, { reason: 'exited', exitCode: 0 })
    t.diagnostic(`fuel ${whole.fuel}, output ${whole.stdout.length} bytes`)
    const half = { ...options, fuelMax: Math.floor(whole.fuel / 2) }
    assert.deepEqual(differencesOf(interpret(bytes, half), runModule(prepared, half)), [])
  })
}
