import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'
import { build } from 'esbuild'
import { runConformance } from '../conformance/testing/harness.ts'

const directory = mkdtempSync(join(tmpdir(), 'plasm-conformance-'))
const runner = join(directory, 'runner.mjs')

// As one file, which is how the SDK is published, and starts once for each scenario.
before(async () => {
  await build({
    entryPoints: [join(import.meta.dirname, 'testing', 'conformance.ts')],
    outfile: runner,
    bundle: true,
    format: 'esm',
    platform: 'node',
  })
})
after(() => rm(directory, { recursive: true, force: true }))

runConformance({ name: 'TypeScript', command: process.execPath, args: [runner] })
