/** Rewritten in one place, compiled in another: what stands between may be kept, and need not be believed. */
import type { ModuleInterface } from '../phase/module.ts'
import { metered } from './meter.ts'
import { hostFunctionsOf, type RunnableModule } from './run.ts'
import type { WasiName } from './wasi/signatures.ts'

/** An admitted module as the rewriter left it: the same whatever the limits of a run. */
export interface RewrittenModule {
  memory: ModuleInterface['memory']
  /** `fast` is only good for some runs (RunnableModule). */
  differs: boolean
  fast: Uint8Array
  /** Where it differs, and was needed. */
  exact?: Uint8Array
}

/** A run needs the exact form, which is not here. */
export class ExactWanted extends Error {}

export class CompiledModule implements RunnableModule {
  readonly memory: ModuleInterface['memory']
  readonly imports: readonly WasiName[]
  readonly fast: WebAssembly.Module
  readonly differs: boolean
  private repaired: WebAssembly.Module | undefined

  /** @throws {TypeError | WebAssembly.CompileError} for bytes that no rewriter of ours leaves. */
  constructor({ memory, differs, fast, exact }: RewrittenModule) {
    this.memory = memory
    this.differs = differs
    this.fast = compile(fast)
    this.imports = hostFunctionsOf(this.fast)
    if (exact !== undefined) this.addExact(exact)
  }

  /** @throws as the constructor does. */
  addExact(bytes: Uint8Array): void {
    const module = compile(bytes)
    if (hostFunctionsOf(module).join() !== this.imports.join()) throw new TypeError('the exact form imports otherwise')
    this.repaired = module
  }

  get met(): boolean {
    return this.repaired !== undefined
  }

  /** @throws {ExactWanted} */
  get exact(): WebAssembly.Module {
    if (!this.differs) return this.fast
    if (this.repaired === undefined) throw new ExactWanted('the exact form is not here')
    return this.repaired
  }
}

const { start, run, ...globals } = metered
const kindsOf: Record<string, string> = {
  [start]: 'function',
  [run]: 'function',
  ...Object.fromEntries(Object.values(globals).map(name => [name, 'global'])),
}
const always = [run, ...Object.values(globals)]

/** The engine validates it; what it exports must be the machine's own, all of it and nothing else. */
function compile(bytes: Uint8Array): WebAssembly.Module {
  const module = new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>)
  const exports = new Map(WebAssembly.Module.exports(module).map(({ name, kind }) => [name, kind]))
  const missing = always.find(name => !exports.has(name))
  if (missing !== undefined) throw new TypeError(`the module does not export ${missing}`)
  for (const [name, kind] of exports) {
    if (kindsOf[name] !== kind) throw new TypeError(`the module exports the ${kind} "${name}"`)
  }
  return module
}
