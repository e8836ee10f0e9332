/**
 * The official WASI preview 1 tests (WebAssembly/wasi-testsuite): read from beside the repository, or from where WASI_TESTS says. Each folder
 * in there is a suite of `NAME.wasm`, with `NAME.json` where a test wants arguments, environment, a folder as `/`, or a certain end.
 */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { PreparedModule, runModule } from '../run.ts'
import type { FileTree } from './files.ts'

const root = process.env['WASI_TESTS'] ?? fileURLToPath(new URL('../../../shared/tests/wasi/', import.meta.url))

interface Expected {
  args?: string[]
  env?: Record<string, string>
  root?: string
  stdout?: string
  stderr?: string
  exit_code?: number
}

const suites = existsSync(root) ? readdirSync(root, { withFileTypes: true }).filter(entry => entry.isDirectory()) : []
if (suites.length === 0) test('the official WASI tests', { skip: 'they are not beside this clone (shared/tests/wasi)' })
for (const { name: suite } of suites) {
  const folder = join(root, suite)
  for (const file of readdirSync(folder).filter(name => name.endsWith('.wasm'))) {
    const name = file.slice(0, -'.wasm'.length)
    test(`the official WASI test ${suite}/${name} passes`, () => runOfficial(folder, name))
  }
}

function runOfficial(folder: string, name: string): void {
  const description = join(folder, `${name}.json`)
  const expected = (existsSync(description) ? JSON.parse(readFileSync(description, 'utf8')) : {}) as Expected
  const prepared = new PreparedModule(readFileSync(join(folder, `${name}.wasm`)))
  const result = runModule(prepared, {
    args: expected.args ?? [],
    environ: Object.entries(expected.env ?? {}).map(([key, value]) => `${key}=${value}`),
    stdin: new Uint8Array(0),
    seed: new Uint8Array(32),
    memoryBytesMax: 64 * 1024 * 1024,
    outputBytesMax: 1024 * 1024,
    fuelMax: 10_000_000_000,
    files: expected.root === undefined ? {} : readTree(join(folder, expected.root)),
  })
  assert.equal(result.kind, 'ended')
  const shown = `stderr: ${Buffer.from(result.stderr).toString()}`
  assert.deepEqual(result.outcome, { reason: 'exited', exitCode: expected.exit_code ?? 0 }, shown)
  if (expected.stdout !== undefined) assert.equal(Buffer.from(result.stdout).toString(), expected.stdout)
  if (expected.stderr !== undefined) assert.equal(Buffer.from(result.stderr).toString(), expected.stderr)
}

function readTree(folder: string): FileTree {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return Object.fromEntries(
    entries.map(entry => {
      const path = join(entry.parentPath, entry.name)
      return [path.slice(folder.length + 1), entry.isDirectory() ? undefined : readFileSync(path)]
    }),
  )
}
