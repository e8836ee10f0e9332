/** The same module in the interpreter, in the fast machine and, where neither fuel nor a bound decided, in the engine alone. */

import { loadModule } from '../interpreter/instantiation.ts'
import { type Interpreted, interpret } from '../interpreter.ts'
import { PreparedModule, type RunOptions, type RunResult, runModule } from '../run.ts'
import { trapOf } from '../traps.ts'
import { HostTrap, RunEnd } from '../wasi/errno.ts'
import { wasiModule } from '../wasi/signatures.ts'
import { Wasi } from '../wasi/wasi.ts'
import type { Coverage } from './coverage.ts'
import { featuresOf, generateModule } from './generate/module.ts'
import { Random } from './generate/random.ts'

export const fuelMax = 2_000_000

const options: Omit<RunOptions, 'fuelMax'> = {
  args: ['an argument'],
  environ: [],
  stdin: new Uint8Array(0),
  seed: new Uint8Array(32).fill(7),
  memoryBytesMax: 4 * 65_536,
  outputBytesMax: 100_000,
}

export interface Compared {
  runs: number
  /** Compared with the engine alone, too. */
  raw: boolean
  differences: string[]
}

/** The module of `seed` with a whole budget, with some of a part of what it used, with one less than that, and with too little room for what it wrote. */
export function compareSeed(seed: number, coverage: Coverage): Compared {
  const bytes = generateModule(seed)
  const imported = loadModule(bytes).module.imports.length
  const whole = interpret(bytes, { ...options, fuelMax, observe: coverage.observer(imported) })
  coverage.ended(whole)
  const prepared = new PreparedModule(bytes)
  const random = new Random(seed)
  const differences = differencesOf(whole, runModule(prepared, { ...options, fuelMax }))
  const tighter = limitsBelow(whole, random)
  for (const limits of tighter) {
    const given = { ...options, ...limits }
    const interpreted = interpret(bytes, given)
    if (limits.outputBytesMax !== undefined) coverage.ended(interpreted)
    const found = differencesOf(interpreted, runModule(prepared, given))
    differences.push(...found.map(one => `with ${JSON.stringify(limits)}: ${one}`))
  }
  const raw = featuresOf(seed).plain === true && whole.kind === 'ended' && (whole.stopped ?? 'trapped') === 'trapped'
  if (raw) differences.push(...rawDifferences(whole, bytes).map(one => `raw: ${one}`))
  return { runs: 1 + tighter.length, raw, differences: differences.map(one => `seed ${seed}, ${one}`) }
}

function limitsBelow(whole: Interpreted, random: Random): { fuelMax: number; outputBytesMax?: number }[] {
  const ended = whole.kind === 'ended' ? whole : undefined
  const used = ended !== undefined && ended.stopped === undefined ? ended.fuel : fuelMax / 20
  const budgets = [...[1, 2, 3].map(() => random.between(1, used)), used, Math.max(1, used - 1)]
  const written = ended === undefined ? 0 : ended.stdout.length + ended.stderr.length
  const room = written > 0 ? [{ fuelMax, outputBytesMax: random.between(0, written - 1) }] : []
  return [...budgets.map(fuelMax => ({ fuelMax })), ...room]
}

/** Claims must be equal; why a run stopped may be called otherwise (SPEC.md, Metering), and a trap has to be the same where both call it so. */
export function differencesOf(interpreted: Interpreted, run: RunResult): string[] {
  const same = JSON.stringify(claimOf(interpreted)) === JSON.stringify(claimOf(run)) && sameTrap(interpreted, run)
  return same ? [] : [`${describeRun(interpreted)} | ${describeRun(run)}`]
}

const sameTrap = (a: Interpreted, b: RunResult) =>
  a.kind === 'faulted' || b.kind === 'faulted' || a.trap === b.trap || a.stopped !== b.stopped

function claimOf(result: Interpreted | RunResult): unknown {
  if (result.kind === 'faulted') return result.reason
  const { outcome, fuel, stdout, stderr } = result
  return [outcome, fuel, Buffer.from(stdout).toString('hex'), Buffer.from(stderr).toString('hex')]
}

function describeRun(result: Interpreted | RunResult): string {
  if (result.kind === 'faulted') return `${result.reason}: ${result.detail}`
  const { outcome, stopped, trap, fuel, stdout } = result
  const output = `${stdout.length} bytes ${Buffer.from(stdout).toString('hex').slice(0, 32)}`
  return [JSON.stringify(outcome), stopped, trap, `fuel ${fuel}`, output].filter(part => part !== undefined).join(' ')
}

/** Outcome, trap and output of the bytes as they are. */
function rawDifferences(interpreted: Interpreted & { kind: 'ended' }, bytes: Uint8Array<ArrayBuffer>): string[] {
  const wasi = new Wasi(options)
  let ending = 'exited 0'
  try {
    const module = new WebAssembly.Module(bytes)
    const { exports } = new WebAssembly.Instance(module, { [wasiModule]: wasi.imports })
    wasi.bind(exports['memory'] as WebAssembly.Memory)
    ;(exports['_start'] as () => void)()
  } catch (error) {
    ending = endingOf(error)
  }
  const { outcome, trap, stdout } = interpreted
  const expected = trap ?? (outcome.reason === 'exited' ? `exited ${outcome.exitCode}` : outcome.reason)
  const same = ending === expected && Buffer.compare(stdout, wasi.stdout) === 0
  return same ? [] : [`${describeRun(interpreted)} | ${ending} ${wasi.stdout.length} bytes`]
}

function endingOf(error: unknown): string {
  if (error instanceof RunEnd) {
    return error.outcome.reason === 'exited' ? `exited ${error.outcome.exitCode}` : error.outcome.reason
  }
  if (error instanceof HostTrap) return error.trap
  return error instanceof WebAssembly.RuntimeError ? trapOf(error) : String(error)
}
