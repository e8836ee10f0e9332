/**
 * The directives of a script as commands, which the fast machine runs: each is a module of the script with a function `_start` added behind its
 * own, which does the actions and compares what they give with what the script expects. It fails by dividing by zero, so `unreachable` and
 * the rest stay the script's.
 */
import { loadModule } from '../interpreter/instantiation.ts'
import type { Module } from '../interpreter/module.ts'
import { Reader } from '../interpreter/reader.ts'
import { isReferenceType, type ValueType } from '../interpreter/values.ts'
import { Encoder } from './generate/encoder.ts'
import type { Action, Constant, Directive, Expected } from './wast.ts'

export interface Command {
  /** Of the module, or of the action that does not return. */
  line: number
  bytes: Uint8Array<ArrayBuffer>
  actions: number
  /** The last action traps or exhausts something. */
  fails: boolean
}

interface Step {
  action: Action
  expected: Expected[]
}

/** One for all actions of a module that return, and one for each that does not, those that return before it. Modules with imports are left out. */
export function* commandsOf(directives: readonly Directive[]): Generator<Command> {
  let current: { line: number; bytes: Uint8Array; module: Module } | undefined
  let steps: Step[] = []
  const command = (line: number, all: readonly Step[], fails: boolean): Command[] => {
    if (current === undefined || all.length === 0) return []
    return [{ line, bytes: withStart(current.bytes, current.module, all), actions: all.length, fails }]
  }
  for (const directive of directives) {
    if (directive.kind === 'module') {
      if (current !== undefined) yield* command(current.line, steps, false)
      const { bytes } = directive.module
      const module = bytes === undefined ? undefined : loadModule(bytes).module
      const usable = bytes !== undefined && module?.imports.length === 0
      current = usable ? { line: directive.line, bytes, module } : undefined
      steps = []
    }
    if (!('action' in directive) || current === undefined || directive.action.module !== undefined) continue
    if (!isUsable(directive, current.module)) {
      yield* command(current.line, steps, false)
      current = undefined
      continue
    }
    const { action } = directive
    if (directive.kind === 'return') steps.push({ action, expected: directive.expected })
    else if (directive.kind === 'action') steps.push({ action, expected: [] })
    else yield* command(directive.line, [...steps, { action, expected: [] }], true)
  }
  if (current !== undefined) yield* command(current.line, steps, false)
}

/** Something of the host cannot be passed, so what came after it would be without it. */
function isUsable(directive: Directive & { action: Action }, module: Module): boolean {
  const { action } = directive
  const constants = action.kind === 'invoke' ? [...action.args] : []
  if (directive.kind === 'return') constants.push(...directive.expected.map(({ constant }) => constant))
  const named = module.exports.some(({ name }) => name === action.name)
  return (
    action.module === undefined && named && constants.every(({ type, value }) => type !== 'externref' || value === null)
  )
}

/** The module with the sections type, function, export and code made longer. */
function withStart(bytes: Uint8Array, module: Module, steps: readonly Step[]): Uint8Array<ArrayBuffer> {
  const sections = sectionsOf(bytes)
  const added = {
    1: (out: Encoder) => out.functionType({ parameters: [], results: [] }),
    3: (out: Encoder) => out.u32(module.types.length),
    7: (out: Encoder) => out.name('_start').raw(0).u32(module.functions.length),
    10: (out: Encoder) => out.sized(body => new StartWriter(body, module, steps).write()),
  }
  const counts = {
    1: module.types.length,
    3: module.functions.length,
    7: module.exports.length,
    10: module.bodies.length,
  }
  const out = new Encoder().raw(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00)
  for (const id of [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10, 11]) {
    const contents = sections.get(id)
    if (id in added) {
      const key = id as keyof typeof added
      out.section(id, section => {
        section.u32(counts[key] + 1)
        for (const byte of contents ?? []) section.bytes.push(byte)
        added[key](section)
      })
    } else if (contents !== undefined) {
      out.raw(id).u32(contents.length)
      for (const byte of contents) out.bytes.push(byte)
    }
  }
  return new Uint8Array(out.bytes)
}

/** Contents by section; of those that become longer without the count before them. */
function sectionsOf(bytes: Uint8Array): Map<number, Uint8Array> {
  const found = new Map<number, Uint8Array>()
  const reader = new Reader(bytes, 8)
  while (!reader.done) {
    const id = reader.byte()
    const section = reader.part(reader.u32())
    if ([1, 3, 7, 10].includes(id)) section.u32()
    found.set(id, section.copy(section.end - section.at))
  }
  found.delete(0)
  return found
}

class StartWriter {
  private readonly out: Encoder
  private readonly module: Module
  private readonly steps: readonly Step[]
  private readonly code = new Encoder()
  private readonly locals: ValueType[] = []

  constructor(out: Encoder, module: Module, steps: readonly Step[]) {
    this.out = out
    this.module = module
    this.steps = steps
  }

  write(): void {
    for (const step of this.steps) this.step(step)
    this.out.vector(this.locals, (type, out) => out.u32(1).type(type))
    for (const byte of this.code.bytes) this.out.bytes.push(byte)
    this.out.raw(0x0b)
  }

  private step({ action, expected }: Step): void {
    const { code } = this
    const found = this.module.exports.find(({ name }) => name === action.name) as Module['exports'][number]
    if (action.kind === 'get') code.raw(0x23).u32(found.index)
    else {
      for (const arg of action.args) this.constant(arg)
      code.raw(0x10).u32(found.index)
    }
    const results = action.kind === 'get' ? this.globalTypes(found.index) : this.resultTypes(found.index)
    const used: number[] = []
    const places = results.map(type => this.local(type, used))
    for (const place of places.toReversed()) code.raw(0x21).u32(place)
    for (const [index, one] of expected.entries()) this.check(places[index] as number, results[index] as ValueType, one)
  }

  private globalTypes(index: number): ValueType[] {
    return [this.module.globals[index]?.type.value as ValueType]
  }

  private resultTypes(index: number): readonly ValueType[] {
    return this.module.types[this.module.functions[index] as number]?.results ?? []
  }

  /** A local of that type which is none of `used`. */
  private local(type: ValueType, used: number[]): number {
    const free = this.locals.findIndex((one, index) => one === type && !used.includes(index))
    const place = free >= 0 ? free : this.locals.push(type) - 1
    used.push(place)
    return place
  }

  private constant({ type, value }: Constant): void {
    const { code } = this
    if (value instanceof Uint8Array) code.raw(0xfd, 0x0c, ...value)
    else if (value === null) code.raw(0xd0).type(type as ValueType)
    else if (type === 'i32') code.raw(0x41).signed(BigInt(value))
    else if (type === 'i64') code.raw(0x42).signed(BigInt(value))
    else if (type === 'f32') code.raw(0x43).fixed(BigInt(value), 4)
    else code.raw(0x44).fixed(BigInt(value), 8)
  }

  private check(place: number, type: ValueType, { constant, nan, anyReference }: Expected): void {
    const get = () => this.code.raw(0x20).u32(place)
    if (isReferenceType(type)) {
      get().raw(0xd1)
      if (!anyReference) this.code.raw(0x45)
      return this.failIf()
    }
    if (type === 'v128') return this.checkVector(get, constant.value as Uint8Array, nan)
    if (nan !== undefined) {
      get()
      get().raw(type === 'f32' ? 0x5b : 0x61)
      return this.failIf()
    }
    const wide = type === 'i64' || type === 'f64'
    get()
    if (type === 'f32') this.code.raw(0xbc)
    if (type === 'f64') this.code.raw(0xbd)
    this.constant({ type: wide ? 'i64' : 'i32', value: constant.value })
    this.code.raw(wide ? 0x52 : 0x47)
    this.failIf()
  }

  private checkVector(get: () => Encoder, value: Uint8Array, nan: Expected['nan']): void {
    const bits = nan?.bits ?? 64
    const view = new DataView(value.buffer, value.byteOffset, 16)
    for (let lane = 0; lane < 128 / bits; lane++) {
      const floats = () => get().raw(0xfd, bits === 32 ? 0x1f : 0x21, lane)
      if (nan?.lanes[lane] !== undefined) {
        floats()
        floats().raw(bits === 32 ? 0x5b : 0x61)
      } else if (bits === 32) {
        get()
          .raw(0xfd, 0x1b, lane, 0x41)
          .signed(BigInt(view.getInt32(lane * 4, true)))
          .raw(0x47)
      } else
        get()
          .raw(0xfd, 0x1d, lane, 0x42)
          .signed(view.getBigInt64(lane * 8, true))
          .raw(0x52)
      this.failIf()
    }
  }

  /** `if` 1 / 0 `end` */
  private failIf(): void {
    this.code.raw(0x04, 0x40, 0x41, 1, 0x41, 0, 0x6d, 0x1a, 0x0b)
  }
}
