/** A module out of its binary (https://webassembly.github.io/spec/core/binary/modules.html). Whether it makes sense is validation's to say. */
import { type Instruction, readExpression, readReferenceType, readValueType } from './code.ts'
import { ModuleError, Reader } from './reader.ts'
import type { FunctionType, GlobalType, Limits, TableType, ValueType } from './values.ts'

export type Expression = readonly Instruction[]
export type ExternKind = 'function' | 'table' | 'memory' | 'global'

export type ExternType =
  | { kind: 'function'; type: number }
  | { kind: 'table'; table: TableType }
  | { kind: 'memory'; memory: Limits }
  | { kind: 'global'; global: GlobalType }

export interface FunctionBody {
  /** The declared ones, behind the parameters. */
  readonly locals: readonly ValueType[]
  readonly code: Expression
}

/** `active` segments are copied when the module is instantiated; the index is of the table or memory. */
export type SegmentMode =
  | { kind: 'passive' }
  | { kind: 'declarative' }
  | { kind: 'active'; index: number; offset: Expression }

export interface ElementSegment {
  readonly type: 'funcref' | 'externref'
  /** Function indices, or a constant expression each. */
  readonly items: readonly (number | Expression)[]
  readonly mode: SegmentMode
}

export interface DataSegment {
  readonly bytes: Uint8Array
  readonly mode: SegmentMode
}

export interface Module {
  types: FunctionType[]
  imports: { module: string; name: string; extern: ExternType }[]
  /** The type of each function that has a body here. */
  functions: number[]
  tables: TableType[]
  memories: Limits[]
  globals: { type: GlobalType; initial: Expression }[]
  exports: { name: string; kind: ExternKind; index: number }[]
  start: number | undefined
  elements: ElementSegment[]
  dataCount: number | undefined
  bodies: FunctionBody[]
  data: DataSegment[]
}

const kinds: readonly ExternKind[] = ['function', 'table', 'memory', 'global']
/** Engines take no more, in one function. */
const localsMax = 50_000

/** @throws {ModuleError} where the bytes do not follow the format. */
export function decodeModule(bytes: Uint8Array): Module {
  const reader = new Reader(bytes)
  const magic = reader.copy(8)
  if (magic.join() !== '0,97,115,109,1,0,0,0') throw new ModuleError('not a WebAssembly module of version 1', 0)
  const module = emptyModule()
  let last = 0
  while (!reader.done) {
    const id = reader.byte()
    const size = reader.u32()
    const section = reader.part(size)
    if (id === 0) {
      section.name()
      continue
    }
    const order = sectionOrder.indexOf(id)
    if (order < last) section.fail(order < 0 ? `unknown section ${id}` : 'a section twice or out of order')
    last = order + 1
    readSection(id, section, module)
    if (!section.done) section.fail('a section with bytes left over')
  }
  if (module.functions.length !== module.bodies.length) reader.fail('functions and bodies differ in number')
  if ((module.dataCount ?? module.data.length) !== module.data.length) reader.fail('the data count is wrong')
  return module
}

/** The data count stands before the code, so that the code can be checked in one pass. */
const sectionOrder = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10, 11]

const emptyModule = (): Module => ({
  types: [],
  imports: [],
  functions: [],
  tables: [],
  memories: [],
  globals: [],
  exports: [],
  start: undefined,
  elements: [],
  dataCount: undefined,
  bodies: [],
  data: [],
})

function readSection(id: number, reader: Reader, module: Module): void {
  const expression = () => readExpression(reader, module.types)
  if (id === 1) module.types = reader.vector(() => readFunctionType(reader))
  if (id === 2) module.imports = reader.vector(() => readImport(reader))
  if (id === 3) module.functions = reader.vector(() => reader.u32())
  if (id === 4) module.tables = reader.vector(() => readTableType(reader))
  if (id === 5) module.memories = reader.vector(() => readLimits(reader))
  if (id === 6) module.globals = reader.vector(() => ({ type: readGlobalType(reader), initial: expression() }))
  if (id === 7) module.exports = reader.vector(() => readExport(reader))
  if (id === 8) module.start = reader.u32()
  if (id === 9) module.elements = reader.vector(() => readElementSegment(reader, module.types))
  if (id === 10) module.bodies = reader.vector(() => readBody(reader, module))
  if (id === 11) module.data = reader.vector(() => readDataSegment(reader, module.types))
  if (id === 12) module.dataCount = reader.u32()
}

function readFunctionType(reader: Reader): FunctionType {
  if (reader.byte() !== 0x60) reader.fail('not a function type')
  const parameters = reader.vector(() => readValueType(reader))
  return { parameters, results: reader.vector(() => readValueType(reader)) }
}

function readLimits(reader: Reader): Limits {
  const flag = reader.byte()
  if (flag > 1) reader.fail('limits of an unknown kind')
  const minimum = reader.u32()
  return { minimum, maximum: flag === 1 ? reader.u32() : undefined }
}

function readTableType(reader: Reader): TableType {
  return { element: readReferenceType(reader), limits: readLimits(reader) }
}

function readGlobalType(reader: Reader): GlobalType {
  const value = readValueType(reader)
  const flag = reader.byte()
  if (flag > 1) reader.fail('a global neither constant nor mutable')
  return { value, mutable: flag === 1 }
}

function readImport(reader: Reader) {
  return { module: reader.name(), name: reader.name(), extern: readExternType(reader) }
}

function readKind(reader: Reader): ExternKind {
  return kinds[reader.byte()] ?? reader.fail('unknown kind of import or export')
}

function readExternType(reader: Reader): ExternType {
  const kind = readKind(reader)
  switch (kind) {
    case 'function':
      return { kind, type: reader.u32() }
    case 'table':
      return { kind, table: readTableType(reader) }
    case 'memory':
      return { kind, memory: readLimits(reader) }
    case 'global':
      return { kind, global: readGlobalType(reader) }
  }
}

function readExport(reader: Reader) {
  return { name: reader.name(), kind: readKind(reader), index: reader.u32() }
}

function readBody(reader: Reader, module: Module): FunctionBody {
  const body = reader.part(reader.u32())
  const locals: ValueType[] = []
  body.vector(() => {
    const count = body.u32()
    const type = readValueType(body)
    if (locals.length + count > localsMax) body.fail('too many locals')
    for (let index = 0; index < count; index++) locals.push(type)
  })
  const code = readExpression(body, module.types)
  if (!body.done) body.fail('a function with bytes left over')
  return { locals, code }
}

/** Bit 0: not active; bit 1: with an index, or declarative; bit 2: expressions instead of function indices. */
function readElementSegment(reader: Reader, types: readonly FunctionType[]): ElementSegment {
  const flags = reader.u32()
  if (flags > 7) reader.fail('an element segment of an unknown kind')
  const [passive, second, expressions] = [(flags & 1) !== 0, (flags & 2) !== 0, (flags & 4) !== 0]
  const mode = passive
    ? ({ kind: second ? 'declarative' : 'passive' } as const)
    : readActive(reader, second ? reader.u32() : 0, types)
  const typed = passive || second
  if (expressions) {
    const type = typed ? readReferenceType(reader) : 'funcref'
    return { type, mode, items: reader.vector(() => readExpression(reader, types)) }
  }
  if (typed && reader.byte() !== 0) reader.fail('elements of an unknown kind')
  return { type: 'funcref', mode, items: reader.vector(() => reader.u32()) }
}

function readActive(reader: Reader, index: number, types: readonly FunctionType[]): SegmentMode {
  return { kind: 'active', index, offset: readExpression(reader, types) }
}

function readDataSegment(reader: Reader, types: readonly FunctionType[]): DataSegment {
  const flags = reader.u32()
  if (flags > 2) reader.fail('a data segment of an unknown kind')
  const mode = flags === 1 ? ({ kind: 'passive' } as const) : readActive(reader, flags === 2 ? reader.u32() : 0, types)
  return { mode, bytes: reader.copy(reader.u32()) }
}
