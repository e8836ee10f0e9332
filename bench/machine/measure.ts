/**
 * What the machine's rules cost one module: the module as it is and its metered form, run in turns in one process, with the same WASI. Plain
 * portable code: whatever engine runs this file is the one that is measured.
 */
import { newMemory } from '../../machine/memories.ts'
import { memoryName, meter, metered, meteredModule } from '../../machine/meter.ts'
import { PreparedModule, type RunnableModule, type RunOptions, type RunResult, runModule } from '../../machine/run.ts'
import { admit } from '../../machine/validate.ts'
import { RunEnd } from '../../machine/wasi/errno.ts'
import { wasiModule } from '../../machine/wasi/signatures.ts'
import { Wasi } from '../../machine/wasi/wasi.ts'
import { fromHex } from '../../phase/bytes.ts'
import { contentOf, digestOf } from '../../phase/digest.ts'
import { completeManifest } from '../../phase/manifest.ts'
import { claimDigest, makeClaim } from '../../phase/receipt.ts'
import { median } from '../statistics.ts'

export interface MeasureOptions {
  args: readonly string[]
  stdin: Uint8Array
  /** Pairs that count. */
  runs: number
  memoryBytes: number
  /** The budget, of the claim too. */
  fuelMax: number
}

/** A module that cannot be measured, and what is `known` of it all the same. */
export class NotMeasured extends Error {
  readonly known: object

  constructor(message: string, known: object = {}) {
    super(message)
    this.known = known
  }
}

/** Pairs before the first that counts: engines compile hot functions again. */
const warmUps = 3
const outputBytes = 64 * 1024 * 1024
/** Below it the ratio says more of the machine's noise than of the module. */
const shortMs = 50

/** @throws {PhaseError} `moduleRejected`. @throws {NotMeasured} if its metered run does not end by itself. */
export function measure(bytes: Uint8Array, options: MeasureOptions) {
  // First of all: nothing of the rewriter has been compiled yet.
  const rewriting = measureRewriting(bytes)
  const manifest = completeManifest(
    {
      module: digestOf(bytes),
      args: [...options.args],
      resources: { memoryBytes: options.memoryBytes, fuel: options.fuelMax, outputBytes },
    },
    { stdin: contentOf(options.stdin), nonce: '00'.repeat(16) },
  )
  const runOptions: RunOptions = {
    args: options.args,
    environ: [],
    stdin: options.stdin,
    seed: fromHex(manifest.seed),
    memoryBytesMax: options.memoryBytes,
    outputBytesMax: outputBytes,
    fuelMax: options.fuelMax,
  }
  const prepared = new PreparedModule(bytes)
  const result = runModule(prepared, runOptions)
  if (result.kind === 'faulted') throw new NotMeasured(`Cannot measure the module: ${result.reason}: ${result.detail}`)
  const { outcome, fuel, stdout, stderr } = result
  const claim = makeClaim(manifest, { outcome, fuel, stdout: contentOf(stdout), stderr: contentOf(stderr) })
  const said = { fuel, outcome, claimDigest: claimDigest(claim), outputDigest: digestOf(stdout) }
  if (outcome.reason !== 'exited') throw new NotMeasured(`Cannot measure the module: ${whyNot(result)}`, said)
  // What the machine itself goes on with: once a NaN has shown, the form that makes each canonical.
  const floats = prepared.met ? 'repair' : 'detect'
  const speed = measureRuns(
    bytes,
    { bytes: meter(admit(bytes), floats), memory: prepared.memory },
    runOptions,
    options.runs,
  )
  return {
    ratio: speed.ratio,
    rawMs: speed.rawMs,
    meteredMs: speed.meteredMs,
    runs: options.runs,
    clock: speed.clock,
    ...(speed.rawMs.median < shortMs && { warning: `runs below ${shortMs} ms: the ratio is mostly noise` }),
    floats,
    sameOutput: speed.rawOutput === digestOf(stdout),
    ...said,
    fuelPerNs: round(fuel / speed.rawMs.median / 1e6),
    rewriting,
  }
}

function whyNot({ outcome, stopped, trap, fuel }: RunResult & { kind: 'ended' }): string {
  if (outcome.reason === 'outputExceeded') return `it wrote more than ${outputBytes} bytes`
  if (stopped === 'fuelExhausted') return `it used all of ${fuel} fuel: raise --fuel, if it ends by itself`
  return `it did not end by itself but was ${stopped}${trap === undefined ? '' : `: ${trap}`}`
}

/**
 * Reading, validating and rewriting, as a node does it before a module's first run; both validations by the engine included, of which it also
 * says what they take alone.
 */
function measureRewriting(bytes: Uint8Array) {
  const first = rewriteOnce(bytes)
  const rounds: ReturnType<typeof rewriteOnce>[] = []
  for (const begun = performance.now(); performance.now() - begun < 1_500 || rounds.length < 7; ) {
    rounds.push(rewriteOnce(bytes))
  }
  const warm = rounds.slice(rounds.length >> 1)
  const speed = (ms: number) => round(bytes.length / ms / 1000)
  const validations = warm.slice(0, 9).map(() => {
    const begun = performance.now()
    for (const one of [bytes, first.rewritten]) WebAssembly.validate(one as Uint8Array<ArrayBuffer>)
    return performance.now() - begun
  })
  return {
    moduleBytes: bytes.length,
    sizeRatio: round(first.rewritten.length / bytes.length),
    firstCallMs: round(first.ms),
    firstCallMBps: speed(first.ms),
    firstCallParts: { admitMs: round(first.admitMs), meterMs: round(first.ms - first.admitMs) },
    warmMBps: speed(median(warm.map(({ ms }) => ms))),
    warmParts: {
      admitMs: round(median(warm.map(({ admitMs }) => admitMs))),
      meterMs: round(median(warm.map(({ ms, admitMs }) => ms - admitMs))),
      validationsMs: round(median(validations)),
    },
  }
}

function rewriteOnce(bytes: Uint8Array) {
  const begun = performance.now()
  const admitted = admit(bytes)
  const admitMs = performance.now() - begun
  const rewritten = meter(admitted, 'detect')
  return { ms: performance.now() - begun, admitMs, rewritten }
}

interface Rewritten {
  bytes: Uint8Array<ArrayBuffer>
  memory: RunnableModule['memory']
}

function measureRuns(bytes: Uint8Array, rewritten: Rewritten, options: RunOptions, runs: number) {
  const raw = new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>)
  const module = new WebAssembly.Module(rewritten.bytes)
  const rawTimes: number[] = []
  const meteredTimes: number[] = []
  let rawOutput = ''
  for (let run = -warmUps; run < runs; run++) {
    const one = runOnce(raw, options)
    const other = runOnce(module, options, rewritten)
    rawOutput = digestOf(one.stdout)
    if (run < 0) continue
    rawTimes.push(one.ms)
    meteredTimes.push(other.ms)
  }
  const [rawMs, meteredMs] = [spread(rawTimes), spread(meteredTimes)]
  const ratio = { median: round(meteredMs.median / rawMs.median), min: round(meteredMs.min / rawMs.min) }
  return { ratio, rawMs, meteredMs, rawOutput, clock: cpuMs === undefined ? ('wall' as const) : ('cpu' as const) }
}

/** `_start` alone, in an instance of its own. */
function runOnce(module: WebAssembly.Module, options: RunOptions, rewritten?: Rewritten) {
  const wasi = new Wasi(options)
  const memory = rewritten?.memory && newMemory(rewritten.memory)
  const given = memory === undefined ? {} : { [memoryName]: memory }
  const { exports } = new WebAssembly.Instance(module, { [wasiModule]: wasi.imports, [meteredModule]: given })
  wasi.bind(memory ?? (exports['memory'] as WebAssembly.Memory | undefined))
  if (rewritten !== undefined) {
    setGlobal(exports, metered.fuel, BigInt(options.fuelMax))
    setGlobal(exports, metered.memoryPagesMax, options.memoryBytesMax / 65_536)
    ;(exports[metered.start] as (() => void) | undefined)?.()
  }
  const begun = now()
  try {
    ;(exports['_start'] as () => void)()
  } catch (error) {
    if (!(error instanceof RunEnd)) throw error
  }
  return { ms: now() - begun, stdout: wasi.stdout }
}

function setGlobal(exports: WebAssembly.Exports, name: string, value: bigint | number): void {
  ;(exports[name] as WebAssembly.Global<'i64' | 'i32'>).value = value
}

/** Processor time where the engine's host tells it (warm, nothing else runs in the process), else the clock on the wall. */
const cpuMs =
  globalThis.process?.cpuUsage === undefined
    ? undefined
    : () => {
        const { user, system } = process.cpuUsage()
        return (user + system) / 1000
      }
const now = cpuMs ?? (() => performance.now())

const spread = (times: readonly number[]) => ({
  median: round(median(times)),
  min: round(Math.min(...times)),
  max: round(Math.max(...times)),
})

const round = (value: number) => Number(value.toPrecision(4))
