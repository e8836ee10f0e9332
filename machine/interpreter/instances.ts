/** What there is at run time (https://webassembly.github.io/spec/core/exec/runtime.html): functions, tables, memories, globals, modules. */
import type { Instruction } from './code.ts'
import { Trap } from './endings.ts'
import type { FunctionType, GlobalType, Limits, Reference, TableType, Value } from './values.ts'

export const pageBytes = 65_536

export interface Instance {
  readonly types: readonly FunctionType[]
  functions: Callable[]
  tables: Table[]
  memories: Memory[]
  globals: Global[]
  /** Segments; a dropped one is empty. */
  elements: (readonly Reference[])[]
  data: Uint8Array[]
}

export interface ModuleFunction {
  readonly kind: 'module'
  readonly type: FunctionType
  readonly instance: Instance
  /** Its number among the functions of its module. */
  readonly index: number
  /** What its own locals hold at first. */
  readonly zeros: readonly Value[]
  readonly code: readonly Instruction[]
  /** Its frame in the model of the stack, and, where it is a checkpoint, its reserve (SPEC.md, Depth). */
  readonly frameBytes: number
  readonly reserve: number | undefined
}

export interface HostFunction {
  readonly kind: 'host'
  readonly type: FunctionType
  /** Its number among the functions of the module that imports it. */
  readonly index: number
  readonly call: (args: readonly Value[]) => readonly Value[]
}

export type Callable = ModuleFunction | HostFunction

export class Global {
  readonly type: GlobalType
  value: Value

  constructor(type: GlobalType, value: Value) {
    this.type = type
    this.value = value
  }
}

export class Table {
  readonly type: TableType
  readonly entries: Reference[]
  private readonly maximum: number

  /** `entriesMax`: the bound of the machine, where the table's own is higher. */
  constructor(type: TableType, entriesMax: number) {
    this.type = type
    this.maximum = Math.min(type.limits.maximum ?? entriesMax, entriesMax)
    this.entries = Array.from({ length: type.limits.minimum }, () => null)
  }

  get limits(): Limits {
    return { minimum: this.entries.length, maximum: this.type.limits.maximum }
  }

  get(index: number): Reference {
    return this.entries[this.check(index, 1)] as Reference
  }

  set(index: number, value: Reference): void {
    this.entries[this.check(index, 1)] = value
  }

  canGrow(count: number): boolean {
    return this.entries.length + count <= this.maximum
  }

  /** @returns the size before, or -1 where it would pass the maximum. */
  grow(count: number, value: Reference): number {
    const size = this.entries.length
    if (!this.canGrow(count)) return -1
    for (let index = 0; index < count; index++) this.entries.push(value)
    return size
  }

  /** Copies `count` of the elements. */
  init(elements: readonly Reference[], to: number, from: number, count: number): void {
    if (from + count > elements.length) throw new Trap('tableOutOfBounds')
    this.check(to, count)
    for (let index = 0; index < count; index++) this.entries[to + index] = elements[from + index] as Reference
  }

  /** @returns `index`, where that many entries are there. */
  check(index: number, count: number): number {
    if (index + count > this.entries.length) throw new Trap('tableOutOfBounds')
    return index
  }
}

export class Memory {
  readonly type: Limits
  /** Its room is reserved at the start, so that they hold when it grows. */
  readonly buffer: ArrayBuffer
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly view: DataView<ArrayBuffer>
  private readonly maximum: number

  /** `pagesMax`: the bound of the run, where the memory's own is higher. */
  constructor(type: Limits, pagesMax: number) {
    this.type = type
    this.maximum = Math.min(type.maximum ?? pagesMax, pagesMax)
    const maxByteLength = Math.max(this.maximum, type.minimum) * pageBytes
    this.buffer = new ArrayBuffer(type.minimum * pageBytes, { maxByteLength })
    this.bytes = new Uint8Array(this.buffer)
    this.view = new DataView(this.buffer)
  }

  get pages(): number {
    return this.bytes.length / pageBytes
  }

  get limits(): Limits {
    return { minimum: this.pages, maximum: this.type.maximum }
  }

  canGrow(pages: number): boolean {
    return this.pages + pages <= this.maximum
  }

  /** @returns the pages before, or -1 where it would pass the maximum. */
  grow(pages: number): number {
    const before = this.pages
    if (!this.canGrow(pages)) return -1
    this.buffer.resize((before + pages) * pageBytes)
    return before
  }

  /** Copies `size` bytes of the segment. */
  init(data: Uint8Array, to: number, from: number, size: number): void {
    if (from + size > data.length) throw new Trap('memoryOutOfBounds')
    this.check(to, size)
    this.bytes.set(data.subarray(from, from + size), to)
  }

  /** @returns `at`, where that many bytes are there. */
  check(at: number, size: number): number {
    if (at + size > this.bytes.length) throw new Trap('memoryOutOfBounds')
    return at
  }
}
