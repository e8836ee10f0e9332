/**
 * The rewriter: an admitted module in, one that keeps the machine's rules out (phase/SPEC.md, Metering): fuel, depth, memory, tables.
 * Limits stand in globals that the host sets, so the rewritten bytes are the same whatever a job asks for, and may be cached.
 */
import { rejected, Writer } from './binary.ts'
import { depthBytesMax, tableEntriesMax } from './limits.ts'
import { Body } from './meter/body.ts'
import { Code } from './meter/code.ts'
import { BodyWriter } from './meter/emit.ts'
import { filler, fillersFor, smallBytes } from './meter/fillers.ts'
import type { FloatMode } from './meter/floats.ts'
import { entryHelper } from './meter/helpers.ts'
import { code } from './meter/opcodes.ts'
import { addedGlobals, type Helper, Program } from './meter/program.ts'
import { BodyReader } from './meter/reading.ts'
import { type FunctionType, type Limits, type ParsedModule, type Range, section, sectionOrder } from './sections.ts'
import { type AdmittedModule, engineReason, reservedPrefix } from './validate.ts'

/** The module of the one import that is added: the memory, which the host makes as the module declared it. */
export const meteredModule = 'phase'
export const memoryName = 'memory'

/** What the rewritten module exports: nothing of its own but what is here. */
export const metered = {
  /** Mutable i64: what is left of the budget. Set by the host before anything runs; exact whenever the host is called, and at the end. */
  fuel: `${reservedPrefix}fuel`,
  /** Mutable i32: 1 once the machine stopped the guest: `fuel` is below 0, or else the depth was passed. The run then traps. */
  stopped: `${reservedPrefix}stopped`,
  /** Mutable i32: 1 once the engine refused a growth within the limit, which is the host's fault. The run then traps. */
  growRefused: `${reservedPrefix}growRefused`,
  /** Mutable i32: pages that the memory may have; set by the host before anything runs. 0 at first. */
  memoryPagesMax: `${reservedPrefix}memoryPagesMax`,
  /** Mutable i32: 1 once a NaN was seen whose bits the engine chose (mode `detect`). */
  nanSeen: `${reservedPrefix}nanSeen`,
  /** The module's start function, which the host calls after setting the limits. */
  start: `${reservedPrefix}start`,
  /** The module's `_start`, called after that. */
  run: '_start',
} as const

/** Whether floats can show bits that the engine chose: only then do the modes differ. */
export const hasFloats = (module: AdmittedModule): boolean => module.facts.some(({ floats }) => floats)

/**
 * The rewritten bytes. Custom sections are left out. `repair` is what the rules say (SPEC.md, NaN). `detect` is faster, and the same for a
 * run that ends by itself with `nanSeen` at 0; any other has to be run again.
 * @throws {PhaseError} `moduleRejected` if the engine does not take what came out.
 */
export function meter(module: AdmittedModule, mode: FloatMode): Uint8Array<ArrayBuffer> {
  const bytes = new ModuleWriter(module, mode).write()
  if (!WebAssembly.validate(bytes)) throw rejected(`it cannot be metered: ${engineReason(bytes)}`)
  return bytes
}

class ModuleWriter {
  private readonly module: AdmittedModule
  private readonly program: Program
  private readonly entries: [string, number][]
  private readonly mode: FloatMode
  /** Of the bodies written so far. */
  private small = 0

  constructor(module: AdmittedModule, mode: FloatMode) {
    this.module = module
    this.mode = mode
    const run = module.exports.find(({ name, kind }) => name === '_start' && kind === 0)?.index as number
    this.entries = [[metered.run, run]]
    if (module.start !== undefined) this.entries.push([metered.start, module.start])
    const entered = this.entries.map(([, index]) => index)
    this.program = new Program(module, module.facts, module.structure, entered)
  }

  write(): Uint8Array<ArrayBuffer> {
    // Bodies first: they say which types and helpers are needed.
    const bodies = this.writeBodies()
    const exports = this.writeExports()
    const elements = this.writeElements()
    const globals = this.writeGlobals()
    const helpers = this.writeHelpers()
    const functions = this.writeFunctions()
    const out = new Writer(bodies.length + this.module.bytes.length)
    out.raw(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00)
    for (const id of sectionOrder) {
      if (id === section.code) {
        const count = new Writer().u32(this.module.bodies.length + this.program.helpers.length).written()
        out.byte(id).u32(count.length + bodies.length + helpers.length)
        out.copy(count).copy(bodies).copy(helpers)
        continue
      }
      const contents = this.section(id, { exports, elements, globals, functions })
      if (contents !== undefined) out.byte(id).u32(contents.length).copy(contents)
    }
    return out.written()
  }

  private section(
    id: number,
    made: {
      exports: Uint8Array
      elements: Uint8Array | undefined
      globals: Uint8Array | undefined
      functions: Uint8Array
    },
  ): Uint8Array | undefined {
    const { module, program } = this
    const range = module.ranges.get(id)
    switch (id) {
      case section.start:
      case section.memory:
        return undefined
      case section.import:
        return module.memory && this.writeImports(module.memory)
      case section.type:
        return appended(module, range, module.types.length, program.addedTypes, writeType)
      case section.function:
        return made.functions
      case section.table:
        return range && writeTables(module)
      case section.global:
        return made.globals
      case section.export:
        return made.exports
      case section.element:
        return made.elements
      default:
        return range && module.bytes.subarray(range.start, range.end)
    }
  }

  /** The memory behind the imports: its maximum is the host's affair, its size what the module counts on. */
  private writeImports({ initial }: Limits): Uint8Array {
    const { module } = this
    const write = (out: Writer) => void out.name(meteredModule).name(memoryName).raw(2, 0).u32(initial)
    return appended(module, module.ranges.get(section.import), module.imports.length, [initial], write) as Uint8Array
  }

  private writeFunctions(): Uint8Array {
    const { module, program } = this
    const out = new Writer(module.functions.length * 2 + 64).u32(module.functions.length + program.helpers.length)
    for (const [index, type] of module.functions.entries()) {
      out.u32(program.threaded(type, program.classOf(program.importCount + index)))
    }
    for (const { type } of program.helpers) out.u32(type)
    return out.written()
  }

  private writeBodies(): Uint8Array {
    const { module, program } = this
    const out = new Code(2 * module.bytes.length)
    const one = new Code()
    const { marks } = module
    const body = new Body(module, marks)
    const reader = new BodyReader(module, module.structure, marks)
    const writer = new BodyWriter(program, one, body, this.mode)
    for (const [index, { outline }] of module.facts.entries()) {
      const { count, movableCount } = marks
      body.enter(index, outline ?? reader.read(index).outline)
      one.length = 0
      writer.write(program.importCount + index)
      this.append(out, one)
      marks.count = count
      marks.movableCount = movableCount
    }
    return out.written()
  }

  /** Helpers may ask for more helpers while they are written. Fillers come last. */
  private writeHelpers(): Uint8Array {
    const { program } = this
    const out = new Code()
    const one = new Code()
    const write = ({ write }: Helper) => {
      one.length = 0
      one.reserve(8_192)
      write(one)
      this.append(out, one)
    }
    for (let index = 0; index < program.helpers.length; index++) write(program.helpers[index] as Helper)
    const fillers = fillersFor(this.module.bodies.length + program.helpers.length, this.small)
    for (let left = fillers; left > 0; left--) {
      const one = filler(program)
      program.helpers.push(one)
      write(one)
    }
    return out.written()
  }

  private append(out: Code, body: Code): void {
    if (body.length < smallBytes) this.small++
    out.reserve(16)
    out.u32(body.length)
    out.copy(body.bytes, 0, body.length)
  }

  private writeExports(): Uint8Array {
    const { program } = this
    const names = Object.keys(addedGlobals) as (keyof typeof addedGlobals)[]
    const out = new Writer()
    out.u32(names.length + this.entries.length)
    for (const name of names) out.name(metered[name]).byte(3).u32(program.globalIndex(name))
    for (const [name, index] of this.entries) {
      out
        .name(name)
        .byte(0)
        .u32(entryHelper(program, index, depthBytesMax))
    }
    return out.written()
  }

  /** Imports in segments give way to their wrappers; a declared segment more holds what bodies refer to. */
  private writeElements(): Uint8Array | undefined {
    const { module, program } = this
    const range = module.ranges.get(section.element)
    const declared = [...new Set(module.facts.flatMap(({ references }) => references))]
    if (range === undefined && declared.length === 0) return undefined
    const patched = range === undefined ? new Uint8Array(1) : this.patched(range)
    const [count, behind] = countOf(patched, { start: 0, end: patched.length })
    const out = new Writer(patched.length + 64)
    out.u32(count + (declared.length > 0 ? 1 : 0)).copy(patched, behind, patched.length)
    if (declared.length > 0) {
      out.raw(3, 0).u32(declared.length)
      for (const index of declared) out.u32(program.target(index))
    }
    return out.written()
  }

  private writeGlobals(): Uint8Array | undefined {
    const { module } = this
    const range = module.ranges.get(section.global)
    const contents = range === undefined ? new Uint8Array(1) : this.patched(range)
    return appended({ bytes: contents }, { start: 0, end: contents.length }, module.globals.length, Object.values(addedGlobals), (out, type) => out.raw(type, 1, type === 0x7e ? code.i64Const : code.i32Const, 0, code.end)) // biome-ignore format: one line
  }

  /** A section whose references to imports lead to their wrappers. */
  private patched(range: Range): Uint8Array {
    const { module, program } = this
    const out = new Writer(range.end - range.start + 64)
    let copied = range.start
    for (const { index, start, end } of module.references) {
      if (start < range.start || start >= range.end || index >= program.importCount) continue
      out.copy(module.bytes, copied, start).u32(program.target(index))
      copied = end
    }
    return out.copy(module.bytes, copied, range.end).written()
  }
}

function writeType(out: Writer, { parameters, results }: FunctionType): void {
  out
    .byte(0x60)
    .u32(parameters.length)
    .raw(...parameters)
    .u32(results.length)
    .raw(...results)
}

/** A vector section with items more behind its own `count`. */
function appended<Item>(
  { bytes }: Pick<ParsedModule, 'bytes'>,
  range: Range | undefined,
  count: number,
  items: readonly Item[],
  write: (out: Writer, item: Item) => void,
): Uint8Array | undefined {
  if (range === undefined && items.length === 0) return undefined
  const out = new Writer((range === undefined ? 0 : range.end - range.start) + 64).u32(count + items.length)
  if (range !== undefined) out.copy(bytes, countOf(bytes, range)[1], range.end)
  for (const item of items) write(out, item)
  return out.written()
}

/** A vector's count, and where its items begin. */
function countOf(bytes: Uint8Array, range: Range): [number, number] {
  let count = 0
  let at = range.start
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++] as number
    count |= (byte & 0x7f) << shift
    if (byte < 0x80) return [count, at]
  }
}

/** `table.grow` beyond the maximum returns -1, which is the guest's own affair: so the bound is simply the maximum. */
function writeTables(module: ParsedModule): Uint8Array {
  const out = new Writer().u32(module.tables.length)
  for (const { type, initial, maximum } of module.tables) {
    out
      .byte(type)
      .byte(1)
      .u32(initial)
      .u32(Math.min(maximum ?? tableEntriesMax, tableEntriesMax))
  }
  return out.written()
}
