/** Which modules are admitted (SPEC.md, Module): the verdict that comes before any engine sees the bytes, and the same on every node. */
import type { PhaseError } from '../phase/errors.ts'
import { memoryPageBytes, moduleBytesMax } from '../phase/limits.ts'
import type { ModuleInterface } from '../phase/module.ts'
import { rejected } from './binary.ts'
import { valueTypes } from './instructions.ts'
import { type Facts, Types } from './meter/facts.ts'
import { Marks } from './meter/marks.ts'
import { BodyReader } from './meter/reading.ts'
import { type FunctionType, type Import, kinds, type ParsedModule, readModule } from './sections.ts'
import { isWasiName, wasiModule, wasiParameters } from './wasi/signatures.ts'

/** Exports whose names begin so are the machine's own (meter.ts). */
export const reservedPrefix = 'phase.'

/** A module that is admitted, and what the rewriter wants to know of each function that it defines. */
export interface AdmittedModule extends ParsedModule {
  structure: Types
  facts: Facts[]
  marks: Marks
}

/**
 * The module, taken apart for the rewriter.
 * @throws {PhaseError} `moduleRejected`: the reason, the section and the offset in bytes.
 */
export function admit(bytes: Uint8Array): AdmittedModule {
  if (bytes.length > moduleBytesMax) {
    throw rejected(`${bytes.length} bytes exceed the limit of ${moduleBytesMax}`)
  }
  const module = readModule(bytes)
  checkImports(module)
  checkExports(module)
  const structure = new Types(module)
  const marks = new Marks(bytes.length)
  const facts = readFacts(module, structure, marks)
  checkByEngine(bytes)
  return { ...module, structure, facts, marks }
}

function readFacts(module: ParsedModule, structure: Types, marks: Marks): Facts[] {
  const reader = new BodyReader(module, structure, marks)
  return module.bodies.map((_, index) => {
    const facts = reader.read(index)
    return marks.keep(facts.outline) ? facts : { ...facts, outline: undefined }
  })
}

export function interfaceOf(module: ParsedModule): ModuleInterface {
  const { memory } = module
  return {
    imports: module.imports.map(({ module, name }) => ({ module, name, kind: 'function' })),
    exports: module.exports.map(({ name, kind }) => ({ name, kind: kinds[kind] as string })),
    ...(memory === undefined
      ? {}
      : {
          memory: {
            initialBytes: memory.initial * memoryPageBytes,
            ...(memory.maximum === undefined ? {} : { maximumBytes: memory.maximum * memoryPageBytes }),
          },
        }),
  }
}

function checkImports(module: ParsedModule): void {
  const unknown = module.imports.filter(({ module, name }) => module !== wasiModule || !isWasiName(name))
  if (unknown[0] !== undefined) {
    const list = unknown.slice(0, 8).map(({ module, name }) => `"${module}" "${name}"`)
    const more = unknown.length > list.length ? ` and ${unknown.length - list.length} more` : ''
    throw wrongImport(unknown[0], `unknown imports ${list.join(', ')}${more}; only those of ${wasiModule} are known`)
  }
  for (const one of module.imports) {
    const expected = isWasiName(one.name) ? wasiParameters[one.name] : ''
    const type = typeOf(module, one.type)
    const results = one.name === 'proc_exit' ? '' : 'i'
    if (type !== undefined && letters(type.parameters) === expected && letters(type.results) === results) continue
    throw wrongImport(one, `import "${one.name}" does not have its type of ${wasiModule}`)
  }
}

const wrongImport = ({ at }: Import, reason: string): PhaseError => rejected(reason, 'import section', at)

const letters = (types: readonly number[]) =>
  types.map(type => ({ i32: 'i', i64: 'I' })[valueTypes[type] as string] ?? '?').join('')

/** A command: `_start` without parameters and results, and its memory in sight of the functions that it imports. */
function checkExports(module: ParsedModule): void {
  const place = 'export section'
  const reserved = module.exports.find(({ name }) => name.startsWith(reservedPrefix))
  if (reserved !== undefined) throw rejected(`export "${reserved.name}" has a reserved name`, place, reserved.at)
  const start = module.exports.find(({ name, kind }) => name === '_start' && kind === 0)
  if (start === undefined) throw rejected('there is no function "_start": not a WASI command', place)
  const type = typeOf(module, module.functions[start.index - module.imports.length])
  if (type === undefined || type.parameters.length > 0 || type.results.length > 0) {
    throw rejected('"_start" takes or returns values, or is imported', place, start.at)
  }
  const memory = module.exports.some(({ name, kind }) => name === 'memory' && kind === 2)
  if (!memory && module.imports.length > 0) throw rejected('there is no memory exported as "memory"', place)
}

function typeOf(module: ParsedModule, index: number | undefined): FunctionType | undefined {
  return index === undefined ? undefined : module.types[index]
}

/** Types and indices are the engine's to check; the bounds above have made that harmless. */
function checkByEngine(bytes: Uint8Array): void {
  const source = bytes as Uint8Array<ArrayBuffer>
  if (WebAssembly.validate(source)) return
  throw rejected(`not valid: ${engineReason(source)}`)
}

/** What an engine says of bytes that it does not take. */
export function engineReason(bytes: Uint8Array<ArrayBuffer>): string {
  try {
    void new WebAssembly.Module(bytes)
    return 'for a reason that the engine does not give'
  } catch (error) {
    return (error instanceof Error ? error.message : String(error))
      .replace(/^WebAssembly\.Module\(\): /, '')
      .slice(0, 400)
  }
}
