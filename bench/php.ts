/**
 * The PHP SDK beside raw curl calls of the same requests in the same program, and the verification of one receipt:
 * `node_modules/.bin/node bench/php.ts` prints JSON. `ratio` is the median over the raw calls' median.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { helloFile } from '../server/testing/client.ts'
import { startNodeProcess } from '../server/testing/process.ts'
import { median, percentiles } from './statistics.ts'

const quick = process.argv.includes('--quick')
const runs = quick ? 50 : 500
const verifications = quick ? 200 : 2000
const benchMs = 240_000

interface Measured {
  php: string
  sodium: string
  rawMs: number[]
  sdkMs: number[]
  verifyMs: number[]
}

const directory = await mkdtemp(join(tmpdir(), 'plasm-bench-php-'))
const node = await startNodeProcess({ dataDir: join(directory, 'node') })
try {
  const script = join(import.meta.dirname, 'php.php')
  const args = [script, node.http, helloFile, String(runs), String(verifications)]
  const { stdout } = await promisify(execFile)('php', args, { timeout: benchMs, maxBuffer: 16 * 1024 * 1024 })
  const { php, sodium, rawMs, sdkMs, verifyMs } = JSON.parse(stdout) as Measured
  const figures = {
    php,
    sodium,
    submitAndResult: {
      sdk: percentiles(sdkMs),
      rawCurl: percentiles(rawMs),
      ratio: Number((median(sdkMs) / median(rawMs)).toPrecision(3)),
      bar: 1.15,
    },
    verifyReceipt: { ...percentiles(verifyMs), barMs: 1 },
  }
  console.log(JSON.stringify(figures, null, 2))
} finally {
  await node.stop()
  await rm(directory, { recursive: true, force: true })
}
