/**
 * The process in which strangers' modules run, one at a time: a thin shell around machine/. It was granted nothing but the pipe to its parent,
 * and it has no event loop to speak of: it reads a frame, does what it says, writes one back.
 */
import { randomFillSync } from 'node:crypto'
import { CompiledModule, ExactWanted } from '../../machine/compiled.ts'
import { Memories } from '../../machine/memories.ts'
import { type RunOptions, type RunResult, runModule } from '../../machine/run.ts'
import type { RunMessage } from './messages.ts'
import { cpuTotalUs, faulted, readFrame, writeFrame } from './pipe.ts'

/** Node gives no memory of a WebAssembly instance back by itself: above this a collection (about 3 ms) is cheaper than keeping it. */
const collectAboveBytes = 16 * 1024 * 1024
/**
 * A memory that is not used again leaves address space behind: 10 GiB each, of 128 TiB. Not more often than it must be: each collection takes
 * what the compiler knew of objects that live for one job, and with it the code that was built on that.
 */
const collectAfterMemories = 2_048
/** What small jobs leave behind: some 10 KiB each. */
const collectEveryMs = 2_000

/** In steps of a millisecond: a finer clock would measure what other processes do (Spectre). */
const realClock = {
  realtimeNs: () => BigInt(Date.now()) * 1_000_000n,
  monotonicNs: () => BigInt(Math.floor(performance.now())) * 1_000_000n,
  sleep: (ns: bigint) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(ns) / 1e6),
}

const modules = new Map<string, CompiledModule>()
const memories = new Memories()
let memoriesGone = 0
let collectedAtMs = performance.now()

writeFrame({ type: 'ready', cpuTotalUs: cpuTotalUs() })
for (let frame = readFrame<RunMessage>(); frame !== undefined; frame = readFrame<RunMessage>()) {
  const bytes = run(frame.header, frame.body)
  frame = undefined
  // After the answer: nobody waits for it.
  memoriesGone += memories.recycle()
  const nowMs = performance.now()
  const isDue = nowMs - collectedAtMs > collectEveryMs
  if (bytes <= collectAboveBytes && memoriesGone < collectAfterMemories && !isDue) continue
  globalThis.gc?.()
  memoriesGone = 0
  collectedAtMs = nowMs
}

/** @returns bytes that the work took and left behind. */
function run(message: RunMessage, body: Uint8Array): number {
  const before = cpuTotalUs()
  let compiled = before
  for (const digest of message.drop) modules.delete(digest)
  try {
    const { module, stdin } = moduleOf(message, body)
    if (message.module !== undefined || message.exactBytes > 0) compiled = cpuTotalUs()
    const result = runModule(module, optionsOf(message, stdin))
    return reply(message.digest, result, before, compiled - before) + body.length
  } catch (error) {
    const now = cpuTotalUs()
    const usage = { cpuUs: now - before, compileUs: compiled - before }
    writeFrame(error instanceof ExactWanted ? { type: 'exactWanted', cpuTotalUs: now, usage } : faulted(error))
    return body.length
  }
}

/** The module compiled, now or before, and what is left of the body. */
function moduleOf({ digest, module, exactBytes }: RunMessage, body: Uint8Array) {
  const fastBytes = module?.fastBytes ?? 0
  const exact = body.subarray(fastBytes, fastBytes + exactBytes)
  const stdin = body.subarray(fastBytes + exactBytes)
  const known = module === undefined ? modules.get(digest) : undefined
  if (known !== undefined) {
    if (exactBytes > 0) known.addExact(exact)
    return { module: known, stdin }
  }
  if (module === undefined) throw new Error('the module is not here')
  const { memory, differs } = module
  const given = { memory, differs, fast: body.subarray(0, fastBytes), ...(exactBytes > 0 && { exact }) }
  const compiled = new CompiledModule(given)
  modules.set(digest, compiled)
  return { module: compiled, stdin }
}

function optionsOf(message: RunMessage, stdin: Uint8Array): RunOptions {
  const { args, environ, memoryBytesMax, outputBytesMax, fuelMax, capabilities } = message
  return {
    args,
    environ,
    stdin,
    seed: Buffer.from(message.seed, 'hex'),
    memoryBytesMax,
    outputBytesMax,
    fuelMax,
    memories,
    ...(capabilities.includes('clock') ? { clock: realClock } : {}),
    ...(capabilities.includes('random') ? { random: target => void randomFillSync(target) } : {}),
  }
}

function reply(digest: string, result: RunResult, cpuBefore: number, compileUs: number): number {
  if (result.kind === 'faulted') {
    modules.delete(digest)
    writeFrame({ type: 'faulted', reason: result.reason, detail: result.detail.slice(0, 1000) })
    return Number.MAX_SAFE_INTEGER
  }
  const { kind: _, stdout, stderr, memoryBytesPeak, ...how } = result
  const now = cpuTotalUs()
  const usage = { cpuUs: now - cpuBefore, compileUs, memoryBytesPeak }
  writeFrame({ type: 'ended', ...how, stdoutBytes: stdout.length, cpuTotalUs: now, usage }, [stdout, stderr])
  return memoryBytesPeak + stdout.length + stderr.length
}
