/**
 * The process in which strangers' modules run, one at a time: a thin shell around machine/. It was granted nothing but the pipe to its parent,
 * and it has no event loop to speak of: it reads a frame, does what it says, writes one back.
 */
import { randomFillSync } from 'node:crypto'
import { PreparedModule, type RunOptions, type RunResult, runModule } from '../../machine/run.ts'
import { inspectModule } from '../../machine/validate.ts'
import { isPhaseError } from '../../phase/errors.ts'
import type { FaultedMessage, RunMessage } from './messages.ts'
import { readFrame, writeFrame } from './pipe.ts'

/** Node gives no memory of a WebAssembly instance back by itself: above this a collection (about 3 ms) is cheaper than keeping it. */
const collectAboveBytes = 16 * 1024 * 1024
/** Small instances leave address space behind: 10 GiB each, of 128 TiB. */
const collectEveryJobs = 256

/** In steps of a millisecond: a finer clock would measure what other processes do (Spectre). */
const realClock = {
  realtimeNs: () => BigInt(Date.now()) * 1_000_000n,
  monotonicNs: () => BigInt(Math.floor(performance.now())) * 1_000_000n,
  sleep: (ns: bigint) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(ns) / 1e6),
}

const modules = new Map<string, PreparedModule>()
let jobs = 0

writeFrame({ type: 'ready', cpuTotalUs: cpuTotalUs() })
for (let frame = readFrame(); frame !== undefined; frame = readFrame()) {
  const bytes = frame.header.type === 'run' ? run(frame.header, frame.body) : inspect(frame.body)
  frame = undefined
  if (bytes > collectAboveBytes || ++jobs % collectEveryJobs === 0) globalThis.gc?.()
}

/** @returns bytes that the work took and left behind. */
function inspect(bytes: Uint8Array): number {
  try {
    const found = inspectModule(bytes)
    writeFrame({ type: 'inspected' }, [new TextEncoder().encode(JSON.stringify(found))])
  } catch (error) {
    writeFrame(faulted(error))
  }
  return bytes.length
}

function run(message: RunMessage, body: Uint8Array): number {
  const cpuBefore = cpuTotalUs()
  for (const digest of message.drop) modules.delete(digest)
  try {
    const begin = performance.now()
    const prepared = prepare(message.digest, body.subarray(0, message.moduleBytes))
    const compileUs = Math.round((performance.now() - begin) * 1000)
    const result = runModule(prepared, optionsOf(message, body.subarray(message.moduleBytes)))
    return reply(message.digest, result, cpuBefore, compileUs) + body.length
  } catch (error) {
    writeFrame(faulted(error))
    return body.length
  }
}

function prepare(digest: string, bytes: Uint8Array): PreparedModule {
  const known = bytes.length === 0 ? modules.get(digest) : undefined
  if (known !== undefined) return known
  const prepared = new PreparedModule(bytes)
  modules.set(digest, prepared)
  return prepared
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

function faulted(error: unknown): FaultedMessage {
  const detail = error instanceof Error ? error.message.slice(0, 1000) : 'something that is no error was thrown'
  return { type: 'faulted', reason: isPhaseError(error, 'moduleRejected') ? 'moduleRejected' : 'internal', detail }
}

/** All threads of this process, by the operating system. */
function cpuTotalUs(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}
