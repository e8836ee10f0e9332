/** The programs of bench/machine/kernels, as tests run them. */
import { readFileSync } from 'node:fs'
import { brotliDecompressSync } from 'node:zlib'
import type { RunOptions } from '../run.ts'

export function readKernel(name: string): Uint8Array {
  const file = new URL(`../../bench/machine/kernels/${name}.wasm.br`, import.meta.url)
  return new Uint8Array(brotliDecompressSync(readFileSync(file)))
}

/** Each takes one number: how much it has to do. */
export const kernelOptions = (size: number): RunOptions => ({
  args: [String(size)],
  environ: [],
  stdin: new Uint8Array(0),
  seed: new Uint8Array(32),
  memoryBytesMax: 128 * 1024 * 1024,
  outputBytesMax: 1024 * 1024,
  fuelMax: 100_000_000_000,
})
