/** What has to hold of any bytes whatever: the same verdict as the engine's within the profile, and the same run on every way. */
import { PhaseError } from '../../../phase/errors.ts'
import { loadModule } from '../../interpreter/instantiation.ts'
import { ModuleError } from '../../interpreter/reader.ts'
import { type Interpreted, type InterpreterOptions, interpret } from '../../interpreter.ts'
import { hasFloats, meter } from '../../meter.ts'
import { PreparedModule, runModule } from '../../run.ts'
import { trapOf } from '../../traps.ts'
import { type AdmittedModule, admit } from '../../validate.ts'
import { HostTrap, RunEnd } from '../../wasi/errno.ts'
import { wasiModule } from '../../wasi/signatures.ts'
import { Wasi } from '../../wasi/wasi.ts'
import { differencesOf } from '../agreement.ts'

export interface Checked {
  /** `refused`: by both; `beyond the profile: ...`: by admission alone, for this reason; or how a run ended. */
  kind: string
  /** Of the metered module with the engine alone. */
  raw: boolean
  /** What should not be. */
  failures: string[]
}

const options: InterpreterOptions = {
  args: ['an argument'],
  environ: ['NAME=value'],
  stdin: Buffer.from('some input'),
  seed: new Uint8Array(32).fill(9),
  memoryBytesMax: 4 * 1024 * 1024,
  outputBytesMax: 20_000,
  fuelMax: 400_000,
}

/** Reasons that are the profile's and not the format's: an engine takes such modules. */
const profile =
  /exceeds? the limit|are not admitted|is not admitted|unknown imports|no function "_start"|takes or returns values|does not have its type|reserved name|no memory exported|nested deeper|more than \d+ sections|too long|several memories|of more than 65536 pages|unknown flags|not a WASI command/

export function check(bytes: Uint8Array<ArrayBuffer>): Checked {
  const valid = WebAssembly.validate(bytes)
  const failures: string[] = []
  let admitted: AdmittedModule
  try {
    admitted = admit(bytes)
  } catch (error) {
    if (!(error instanceof PhaseError))
      return { kind: 'crash', raw: false, failures: [`admission threw ${String(error)}`] }
    const reason = profile.exec(error.message)?.[0]
    if (valid && reason === undefined) failures.push(`the engine takes what is refused: ${error.message}`)
    return { kind: valid ? `beyond the profile: ${reason ?? error.message}` : 'refused', raw: false, failures }
  }
  if (!valid) failures.push('admitted, and the engine does not take it')
  for (const mode of ['detect', 'repair'] as const) {
    try {
      meter(admitted, mode)
    } catch (error) {
      return { kind: 'crash', raw: false, failures: [`metering (${mode}): ${String(error)}`] }
    }
  }
  try {
    loadModule(bytes)
  } catch (error) {
    const words = error instanceof ModuleError ? 'the interpreter refuses what is admitted' : 'the interpreter threw'
    return { kind: 'crash', raw: false, failures: [`${words}: ${String(error)}`] }
  }
  return runs(bytes, admitted, failures)
}

function runs(bytes: Uint8Array<ArrayBuffer>, admitted: AdmittedModule, failures: string[]): Checked {
  const prepared = new PreparedModule(bytes)
  const whole = interpret(bytes, options)
  failures.push(...differencesOf(whole, runModule(prepared, options)))
  const used = whole.kind === 'ended' ? whole.fuel : options.fuelMax
  for (const fuelMax of [Math.floor(used / 2), Math.max(0, used - 1)]) {
    const less = { ...options, fuelMax }
    failures.push(
      ...differencesOf(interpret(bytes, less), runModule(prepared, less)).map(one => `of ${fuelMax}: ${one}`),
    )
  }
  const raw = isPlain(admitted) && whole.kind === 'ended' && (whole.stopped ?? 'trapped') === 'trapped'
  if (raw) failures.push(...rawDifferences(whole, bytes))
  const kind = whole.kind === 'faulted' ? whole.reason : (whole.stopped ?? whole.outcome.reason)
  return { kind, raw, failures }
}

/** Nothing that an engine without a machine around it does otherwise: clocks, growth, bits of NaNs, a start without a memory bound. */
function isPlain(module: AdmittedModule): boolean {
  const { memory, tables, imports, start } = module
  const clocks = imports.some(({ name }) => /^(clock|poll|fd_filestat|path_filestat)/.test(name))
  const pages = memory === undefined || (memory.maximum ?? 65_536) * 65_536 <= options.memoryBytesMax
  const entries = tables.every(({ maximum }) => (maximum ?? 2 ** 32) <= 100_000)
  return !clocks && pages && entries && start === undefined && !hasFloats(module)
}

function rawDifferences(interpreted: Interpreted & { kind: 'ended' }, bytes: Uint8Array<ArrayBuffer>): string[] {
  const wasi = new Wasi(options)
  let ending = 'exited 0'
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { [wasiModule]: wasi.imports })
    wasi.bind(exports['memory'] as WebAssembly.Memory | undefined)
    ;(exports['_start'] as () => void)()
  } catch (error) {
    ending = endingOf(error)
  }
  const { outcome, trap, stdout, stderr } = interpreted
  const expected = trap ?? (outcome.reason === 'exited' ? `exited ${outcome.exitCode}` : outcome.reason)
  const same = Buffer.compare(stdout, wasi.stdout) === 0 && Buffer.compare(stderr, wasi.stderr) === 0
  return same && ending === expected ? [] : [`the engine alone: ${ending}, metered: ${expected}`]
}

function endingOf(error: unknown): string {
  if (error instanceof RunEnd) {
    return error.outcome.reason === 'exited' ? `exited ${error.outcome.exitCode}` : error.outcome.reason
  }
  if (error instanceof HostTrap) return error.trap
  return error instanceof WebAssembly.RuntimeError ? trapOf(error) : String(error)
}
