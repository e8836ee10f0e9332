/** A module taken apart (https://webassembly.github.io/spec/core/binary/modules.html): what the verdict and the rewriter need to know of it. */
import { Reader, rejected } from './binary.ts'
import { op, readInstruction, readReferenceType, readValueType } from './instructions.ts'
import * as limits from './limits.ts'

export const section = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
} as const

/** In the order in which a module holds them, which is not that of their ids. */
const order = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10, 11] as const
const names = ['custom', 'type', 'import', 'function', 'table', 'memory', 'global', 'export', 'start', 'element', 'code', 'data', 'data count'] // biome-ignore format: by id
export const sectionOrder: readonly number[] = order

export interface FunctionType {
  parameters: readonly number[]
  results: readonly number[]
}
/** The same for types that are alike. */
export const typeName = ({ parameters, results }: FunctionType): string => `${parameters.join()}>${results.join()}`

export interface Limits {
  initial: number
  maximum?: number
}
export interface Import {
  module: string
  name: string
  /** Index of its function type. */
  type: number
  at: number
}
export interface Export {
  name: string
  kind: number
  index: number
  at: number
}
export const kinds = ['function', 'table', 'memory', 'global', 'tag'] as const

/** Where a section's contents or a body stands in the bytes. */
export interface Range {
  start: number
  end: number
}

/** A function index as it stands in an element segment or a constant expression. */
export interface Reference extends Range {
  index: number
}

export interface ParsedModule {
  bytes: Uint8Array
  /** By section id; custom sections are left out. */
  ranges: ReadonlyMap<number, Range>
  types: FunctionType[]
  imports: Import[]
  /** Type index of each function that the module defines. */
  functions: number[]
  tables: (Limits & { type: number })[]
  memory: Limits | undefined
  /** Value type of each global. */
  globals: number[]
  /** In the order of their places. */
  references: Reference[]
  exports: Export[]
  start: number | undefined
  /** Locals declarations and instructions of each function that the module defines. */
  bodies: Range[]
}

const magic = 0x6d736100

/**
 * Reads every section but the instructions of the bodies.
 * @throws {PhaseError} `moduleRejected` for what is not a WebAssembly 1 module or passes a bound of limits.ts.
 */
export function readModule(bytes: Uint8Array): ParsedModule {
  const reader = new Reader(bytes)
  if (bytes.length < 8 || word(bytes, 0) !== magic) throw rejected('not a WebAssembly module', 'header', 0)
  if (word(bytes, 4) !== 1) throw rejected('not a core module of version 1', 'header', 4)
  reader.at = 8
  const module = emptyModule(bytes)
  let last = -1
  for (let count = 0; reader.left > 0; count++) {
    if (count >= limits.sectionsMax) throw reader.rejected(`more than ${limits.sectionsMax} sections`)
    reader.section = 'module'
    const start = reader.at
    const id = reader.byte()
    const name = names[id]
    if (name === undefined)
      throw reader.rejected(id === 13 ? 'exceptions are not admitted' : `unknown section ${id}`, start)
    reader.section = `${name} section`
    const contents = reader.slice(reader.u32())
    if (id === section.custom) {
      contents.name()
      continue
    }
    const place = order.indexOf(id as (typeof order)[number])
    if (place <= last) throw reader.rejected('it stands twice or out of order', start)
    last = place
    module.ranges.set(id, { start: contents.at, end: contents.end })
    readSection(id, contents, module)
    contents.done()
  }
  if (module.functions.length !== module.bodies.length) {
    throw rejected(
      `${module.functions.length} functions are declared, ${module.bodies.length} have a body`,
      'code section',
    )
  }
  return module
}

function emptyModule(bytes: Uint8Array): ParsedModule & { ranges: Map<number, Range> } {
  return {
    bytes,
    ranges: new Map<number, Range>(),
    types: [],
    imports: [],
    functions: [],
    tables: [],
    memory: undefined,
    globals: [],
    references: [],
    exports: [],
    start: undefined,
    bodies: [],
  }
}

function readSection(id: number, reader: Reader, module: ParsedModule): void {
  switch (id) {
    case section.type:
      return readFunctionTypes(reader, module)
    case section.import:
      return readMany(reader, limits.importsMax, 'imports', 4, () => module.imports.push(readImport(reader)))
    case section.function:
      return readMany(reader, limits.functionsMax, 'functions', 1, () => module.functions.push(reader.u32()))
    case section.table:
      return readMany(reader, limits.tablesMax, 'tables', 3, () => module.tables.push(readTable(reader)))
    case section.memory:
      return readMemories(reader, module)
    case section.global:
      return readMany(reader, limits.globalsMax, 'globals', 4, () => readGlobal(reader, module))
    case section.export:
      return readMany(reader, limits.exportsMax, 'exports', 3, () => module.exports.push(readExport(reader)))
    case section.start:
      module.start = reader.u32()
      return
    case section.element:
      return readElements(reader, module)
    case section.code:
      return readMany(reader, limits.functionsMax, 'bodies', 3, () => module.bodies.push(readBody(reader)))
    case section.data:
      return readMany(reader, limits.dataSegmentsMax, 'data segments', 2, () => readData(reader, module))
    case section.dataCount:
      reader.u32()
  }
}

function readMany(reader: Reader, max: number, what: string, bytesEach: number, read: () => void): void {
  for (let left = reader.count(max, what, bytesEach); left > 0; left--) read()
}

function readFunctionTypes(reader: Reader, module: ParsedModule): void {
  let values = 0
  readMany(reader, limits.typesMax, 'types', 3, () => {
    const start = reader.at
    const type = readFunctionType(reader)
    values += type.parameters.length + type.results.length
    const max = limits.typeValuesMax
    if (values > max) throw reader.rejected(`parameters and results of all types exceed the limit of ${max}`, start)
    module.types.push(type)
  })
}

function readFunctionType(reader: Reader): FunctionType {
  const start = reader.at
  const form = reader.byte()
  if (form !== 0x60) {
    const collected = form >= 0x4c && form <= 0x5f
    throw reader.rejected(
      collected ? 'garbage collected types are not admitted' : 'a function type was expected',
      start,
    )
  }
  return { parameters: readTypes(reader, 'parameters'), results: readTypes(reader, 'results') }
}

function readTypes(reader: Reader, what: string): number[] {
  const types: number[] = []
  readMany(reader, limits.parametersMax, what, 1, () => types.push(readValueType(reader)))
  return types
}

function readImport(reader: Reader): Import {
  const at = reader.at
  const module = reader.name()
  const name = reader.name()
  const kind = reader.byte()
  if (kind !== 0) {
    throw reader.rejected(
      `an imported ${kinds[kind] ?? 'thing of an unknown kind'} ("${module}" "${name}") is not admitted`,
      at,
    )
  }
  return { module, name, type: reader.u32(), at }
}

/** Flags: 1 has a maximum, 2 shared, 4 addressed by 64 bits. */
function readLimits(reader: Reader, what: string): Limits {
  const start = reader.at
  const flags = reader.byte()
  if (flags & 2) throw reader.rejected(`a shared ${what} is not admitted`, start)
  if (flags & 4) throw reader.rejected(`a 64-bit ${what} is not admitted`, start)
  if (flags > 1) throw reader.rejected(`unknown flags of a ${what}`, start)
  const initial = reader.u32()
  return flags === 1 ? { initial, maximum: reader.u32() } : { initial }
}

function readTable(reader: Reader): Limits & { type: number } {
  const start = reader.at
  if (reader.peek() === 0x40) throw reader.rejected('a table with an initial value is not admitted', start)
  const type = readReferenceType(reader)
  const table = { type, ...readLimits(reader, 'table') }
  if (table.initial > limits.tableEntriesMax) {
    throw reader.rejected(`a table of ${table.initial} entries exceeds the limit of ${limits.tableEntriesMax}`, start)
  }
  return table
}

function readMemories(reader: Reader, module: ParsedModule): void {
  const start = reader.at
  const count = reader.u32()
  if (count > 1) throw reader.rejected('several memories are not admitted', start)
  if (count === 0) return
  module.memory = readLimits(reader, 'memory')
  if (Math.max(module.memory.initial, module.memory.maximum ?? 0) > 65_536) {
    throw reader.rejected('a memory of more than 65536 pages', start)
  }
}

function readGlobal(reader: Reader, module: ParsedModule): void {
  module.globals.push(readValueType(reader))
  const start = reader.at
  if (reader.byte() > 1) throw reader.rejected('a shared global is not admitted', start)
  readConstant(reader, module)
}

function readConstant(reader: Reader, module: ParsedModule): void {
  const start = reader.at
  for (
    let at = start, code = readInstruction(reader);
    code !== op.end;
    at = reader.at, code = readInstruction(reader)
  ) {
    if (code === op.refFunc) readReference(reader, module, at + 1)
    if (reader.at - start > limits.constantExpressionBytesMax)
      throw reader.rejected('a constant expression is too long', start)
  }
}

function readExport(reader: Reader): Export {
  const at = reader.at
  const name = reader.name()
  const kind = reader.byte()
  if (kind > 3) throw reader.rejected('an export of an unknown kind', at)
  return { name, kind, index: reader.u32(), at }
}

/** Flags: 1 passive or declared, 2 has a table index (or is declared), 4 expressions instead of function indices. */
function readElements(reader: Reader, module: ParsedModule): void {
  let total = 0
  readMany(reader, limits.elementSegmentsMax, 'element segments', 2, () => {
    const flags = reader.u32()
    if (flags > 7) throw reader.rejected('unknown flags of an element segment')
    if ((flags & 3) === 2) reader.u32()
    if ((flags & 1) === 0) readConstant(reader, module)
    if ((flags & 3) !== 0) {
      if (flags & 4) readReferenceType(reader)
      else if (reader.byte() !== 0) throw reader.rejected('unknown kind of an element segment')
    }
    const count = reader.count(limits.elementsMax - total, 'elements')
    total += count
    for (let left = count; left > 0; left--) {
      if (flags & 4) readConstant(reader, module)
      else readReference(reader, module, reader.at)
    }
  })
}

function readReference(reader: Reader, module: ParsedModule, start: number): void {
  reader.at = start
  module.references.push({ index: reader.u32(), start, end: reader.at })
}

function readBody(reader: Reader): Range {
  const start = reader.at
  const size = reader.u32()
  if (size > limits.bodyBytesMax) {
    throw reader.rejected(`a function of ${size} bytes exceeds the limit of ${limits.bodyBytesMax}`, start)
  }
  const body = reader.slice(size)
  return { start: body.at, end: body.end }
}

function readData(reader: Reader, module: ParsedModule): void {
  const flags = reader.u32()
  if (flags > 2) throw reader.rejected('unknown flags of a data segment')
  if (flags === 2 && reader.u32() !== 0) throw reader.rejected('several memories are not admitted')
  if (flags !== 1) readConstant(reader, module)
  reader.skip(reader.u32())
}

const word = (bytes: Uint8Array, at: number) => new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0, true)
