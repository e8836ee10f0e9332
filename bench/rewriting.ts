/**
 * What a module's first job waits for: `node bench/rewriting.ts [MODULE.wasm[.br]]... [--runs N]`. Each time a new rewriting process, in the sandbox and
 * as a node keeps it ready, admits and rewrites one module; beside it the same work done warm in this process. JSON out.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { brotliDecompressSync } from 'node:zlib'
import { meter } from '../machine/meter.ts'
import { admit } from '../machine/validate.ts'
import { interfaceBytesMax, readInterface, readRewritten } from '../server/executor/answers.ts'
import { rewritingAddressBytesMax } from '../server/executor/executor.ts'
import { ExecutorProcess } from '../server/executor/process.ts'
import { openSandbox } from '../server/executor/sandbox.ts'
import { encodeProgram, readProgram } from '../server/executor/sources.ts'
import { median } from './statistics.ts'

const answerBytesMax = 256 * 1024 * 1024
/** From when a process says that it is ready until it has surely warmed up: a node's have mostly waited longer. */
const idleMs = 300
const warmRounds = 40

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '9' } },
})
const runs = Number(values.runs)
if (!(Number.isInteger(runs) && runs > 0)) throw new Error(`--runs ${values.runs} is not a number of runs`)
const kernel = (name: string) => fileURLToPath(new URL(`machine/kernels/${name}.wasm.br`, import.meta.url))
const files = positionals.length > 0 ? positionals : ['sqlite', 'quickjs', 'zstd', 'lua'].map(kernel)
const sandbox = await openSandbox()
const program = encodeProgram(await readProgram(new URL('../server/executor/rewriting-child.ts', import.meta.url)))

const results = []
for (const file of files) {
  const packed = readFileSync(file)
  const bytes = new Uint8Array(file.endsWith('.br') ? brotliDecompressSync(packed) : packed)
  const first: number[] = []
  for (let run = 0; run < runs; run++) first.push(await firstMs(bytes))
  const warm = Array.from({ length: warmRounds }, () => warmMs(bytes)).slice(warmRounds / 2)
  const speed = (ms: number) => Number((bytes.length / ms / 1000).toPrecision(3))
  const [firstMedian, warmMedian] = [median(first), median(warm)]
  results.push({
    module: file.replace(/^.*\//, ''),
    moduleBytes: bytes.length,
    first: { ms: Math.round(firstMedian), minMs: Math.round(Math.min(...first)), MBps: speed(firstMedian) },
    warm: { ms: Math.round(warmMedian), MBps: speed(warmMedian) },
    firstByWarm: Number((firstMedian / warmMedian).toPrecision(3)),
  })
}
console.log(JSON.stringify({ runs, sandbox: sandbox.layers, results }, null, 2))

async function firstMs(bytes: Uint8Array): Promise<number> {
  const child = new ExecutorProcess(sandbox.spawn('rewriting', { addressBytesMax: rewritingAddressBytesMax }))
  try {
    await child.start(program)
    await new Promise(resolve => setTimeout(resolve, idleMs))
    const begun = performance.now()
    readInterface(await child.exchange({ type: 'admit' }, [bytes], interfaceBytesMax))
    readRewritten(await child.exchange({ type: 'rewrite', mode: 'detect' }, [], answerBytesMax))
    return performance.now() - begun
  } finally {
    child.kill()
    await child.exited
  }
}

function warmMs(bytes: Uint8Array): number {
  const begun = performance.now()
  meter(admit(bytes), 'detect')
  return performance.now() - begun
}
