/**
 * WASI preview 1 in memory (https://github.com/WebAssembly/WASI/blob/wasi-0.1/preview1/docs.md): nothing of the host can be reached
 * through it but what the host passes in. The same calls give the same answers on every engine.
 */
import { hostFuel } from './charges.ts'
import { clockCalls } from './clock-calls.ts'
import { descriptorCalls } from './descriptor-calls.ts'
import { Failure } from './errno.ts'
import { pathCalls } from './path-calls.ts'
import { processCalls } from './process-calls.ts'
import { type WasiName, wasiParameters } from './signatures.ts'
import { streamCalls } from './stream-calls.ts'
import { type Calls, System, type WasiOptions } from './system.ts'

type Argument = number | bigint

export class Wasi {
  /** What to import as `wasi_snapshot_preview1`. */
  readonly imports: WebAssembly.ModuleImports = {}
  /** What the answers to further calls depend on (state.ts), the guest's memory aside. */
  readonly system: System
  private readonly charge: WasiOptions['charge']

  /** `names`: the calls that the guest imports. To make all of them takes longer than many a run. */
  constructor(options: WasiOptions, names: readonly WasiName[] = everyName) {
    this.system = new System(options)
    this.charge = options.charge
    const groups = callGroups(this.system)
    for (const name of names) {
      const calls = groups.find(group => name in group)
      this.imports[name] = this.hostFunction(name, calls?.[name])
    }
  }

  /** Gives it the guest's memory; before that every pointer leads nowhere. */
  bind(memory: Pick<WebAssembly.Memory, 'buffer'> | undefined): void {
    this.system.memory.bind(memory)
  }

  get stdout(): Uint8Array<ArrayBuffer> {
    return this.system.stdout.bytes
  }

  get stderr(): Uint8Array<ArrayBuffer> {
    return this.system.stderr.bytes
  }

  private hostFunction(name: WasiName, call: Calls[keyof Calls]): (...args: Argument[]) => number {
    const { system, charge } = this
    const { clock } = system
    return (...args) => {
      clock.tick()
      for (let index = 0; index < args.length; index++) {
        const argument = args[index]
        if (typeof argument === 'number') args[index] = argument >>> 0
      }
      charge?.(hostFuel(system, name, args))
      try {
        return (call as (...args: Argument[]) => number)(...args)
      } catch (error) {
        if (error instanceof Failure) return error.errno
        throw error
      }
    }
  }
}

const everyName = Object.keys(wasiParameters) as WasiName[]

const callGroups = (system: System): Calls[] => [
  processCalls(system),
  clockCalls(system),
  streamCalls(system),
  descriptorCalls(system),
  pathCalls(system),
]
