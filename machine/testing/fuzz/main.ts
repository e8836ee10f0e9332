/** `make fuzz`: FUZZ_SECONDS of mutated modules from FUZZ_SEED on; what fails is written to build/fuzz, minimised, by its seed. */
import { mkdirSync, writeFileSync } from 'node:fs'
import process from 'node:process'
import { fuzz } from './fuzz.ts'

const seconds = Number(process.env['FUZZ_SECONDS'] ?? 600)
const seed = Number(process.env['FUZZ_SEED'] ?? 1)
const folder = new URL('../../../build/fuzz/', import.meta.url)

const report = await fuzz({ seconds, seed, log: line => console.error(line) })
const failures = report.failures.map(({ seed, what, bytes }) => {
  mkdirSync(folder, { recursive: true })
  const file = new URL(`${seed}.wasm`, folder)
  writeFileSync(file, bytes)
  return { seed, what, bytes: bytes.length, file: file.pathname }
})
const kinds = Object.fromEntries(Object.entries(report.kinds).sort(([, a], [, b]) => b - a))
console.log(JSON.stringify({ seconds, seed, ...report, kinds, failures }, undefined, 2))
process.exitCode = failures.length > 0 ? 1 : 0
