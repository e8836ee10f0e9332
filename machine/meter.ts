/**
 * The rewriter: an admitted module in, one that keeps the machine's limits out. For phase-wasm32-v0 that is memory and tables; fuel and
 * depth will be threaded through the same code encoder. The limit itself stands in a global that the host sets, so rewritten bytes are the same
 * whatever a job asks for, and may be cached.
 */
import { Writer } from './binary.ts'
import { walkBody } from './bodies.ts'
import { emptyBlock, op } from './instructions.ts'
import { tableEntriesMax } from './limits.ts'
import { type ParsedModule, type Range, section, sectionOrder } from './sections.ts'
import { reservedPrefix } from './validate.ts'

/** What the rewritten module exports beyond its own. */
export const metered = {
  /** The memory, whether the module exports it or not. */
  memory: `${reservedPrefix}memory`,
  /** Mutable i32: pages that the memory may have; set by the host before anything runs. 0 at first. */
  memoryPagesMax: `${reservedPrefix}memoryPagesMax`,
  /** Mutable i32: 1 once the engine refused a growth within the limit, which is the host's fault. The run then traps. */
  growRefused: `${reservedPrefix}growRefused`,
  /** The module's start function, which the host calls after setting the limits. */
  start: `${reservedPrefix}start`,
} as const

/** What is added behind the module's own indices, so that none of those changes. */
interface Additions {
  growType: number
  growFunction: number
  memoryPagesMax: number
  growRefused: number
}

/** The rewritten bytes. Custom sections are left out. `module` has been admitted (validate.ts). */
export function meter(module: ParsedModule): Uint8Array<ArrayBuffer> {
  const added = module.memory === undefined ? undefined : additions(module)
  const out = new Writer(module.bytes.length + 1024)
  out.raw(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00)
  for (const id of sectionOrder) {
    const contents = encodeSection(id, module, added)
    if (contents !== undefined) out.byte(id).u32(contents.length).copy(contents)
  }
  return out.written()
}

const additions = (module: ParsedModule): Additions => ({
  growType: module.types.length,
  growFunction: module.imports.length + module.functions.length,
  memoryPagesMax: module.globals,
  growRefused: module.globals + 1,
})

function encodeSection(id: number, module: ParsedModule, added: Additions | undefined): Uint8Array | undefined {
  const range = module.ranges.get(id)
  switch (id) {
    case section.start:
      return undefined
    case section.table:
      return range && encodeTables(module)
    case section.export:
      return encodeExports(module, added)
    case section.code:
      return encodeCode(module, added)
    default:
      return added === undefined ? range && contentsOf(module, range) : encodeExtended(id, module, added)
  }
}

const contentsOf = (module: ParsedModule, range: Range) => module.bytes.subarray(range.start, range.end)

/** A section with what the grow helper needs appended: its type, its declaration, its globals. */
function encodeExtended(id: number, module: ParsedModule, added: Additions): Uint8Array | undefined {
  const range = module.ranges.get(id)
  if (id === section.type) {
    return appended(module, range, module.types.length, 1, out => out.raw(0x60, 1, 0x7f, 1, 0x7f))
  }
  if (id === section.function)
    return appended(module, range, module.functions.length, 1, out => out.u32(added.growType))
  if (id === section.global) {
    const mutableZero = [0x7f, 1, op.i32Const, 0, op.end]
    return appended(module, range, module.globals, 2, out => out.raw(...mutableZero, ...mutableZero))
  }
  return range && contentsOf(module, range)
}

/** A vector section with `extra` items more. */
function appended(
  module: ParsedModule,
  range: Range | undefined,
  count: number,
  extra: number,
  write: (out: Writer) => void,
): Uint8Array {
  const out = new Writer((range === undefined ? 0 : range.end - range.start) + 64).u32(count + extra)
  if (range !== undefined) out.copy(module.bytes, behindCount(module, range), range.end)
  write(out)
  return out.written()
}

/** Where a vector's items begin: behind the LEB128 of its count. */
function behindCount(module: ParsedModule, range: Range): number {
  let at = range.start
  while ((module.bytes[at] as number) >= 0x80) at++
  return at + 1
}

/** `table.grow` beyond the maximum returns -1, which is the guest's own affair: so the bound is simply the maximum. */
function encodeTables(module: ParsedModule): Uint8Array {
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

function encodeExports(module: ParsedModule, added: Additions | undefined): Uint8Array {
  const range = module.ranges.get(section.export)
  const extra = (added === undefined ? 0 : 3) + (module.start === undefined ? 0 : 1)
  return appended(module, range, module.exports.length, extra, out => {
    if (added !== undefined) {
      out.name(metered.memory).byte(2).u32(0)
      out.name(metered.memoryPagesMax).byte(3).u32(added.memoryPagesMax)
      out.name(metered.growRefused).byte(3).u32(added.growRefused)
    }
    if (module.start !== undefined) out.name(metered.start).byte(0).u32(module.start)
  })
}

function encodeCode(module: ParsedModule, added: Additions | undefined): Uint8Array {
  const range = module.ranges.get(section.code)
  const out = new Writer((range === undefined ? 0 : range.end - range.start) + 256)
  out.u32(module.bodies.length + (added === undefined ? 0 : 1))
  const scratch = new Writer(4096)
  for (const body of module.bodies) {
    encodeBody(module, body, added, scratch.clear())
    out.u32(scratch.length).copy(scratch.written())
  }
  if (added !== undefined) {
    encodeGrow(added, scratch.clear())
    out.u32(scratch.length).copy(scratch.written())
  }
  return out.written()
}

/** One body: runs of instructions are copied as they are, what the machine must see is replaced. */
function encodeBody(module: ParsedModule, body: Range, added: Additions | undefined, out: Writer): void {
  let copied = body.start
  walkBody(module, body, 0, (code, start, end) => {
    if (code !== op.memoryGrow || added === undefined) return
    out.copy(module.bytes, copied, start).byte(op.call).u32(added.growFunction)
    copied = end
  })
  out.copy(module.bytes, copied, body.end)
}

/**
 * grow(pages): -1 beyond the limit, without asking the engine; else `memory.grow`, and where the engine refuses, the flag and a trap.
 * Pages are compared by what is left, since a sum could wrap.
 */
function encodeGrow(added: Additions, out: Writer): void {
  const { memoryPagesMax, growRefused } = added
  out.raw(1, 1, 0x7f)
  out.raw(op.localGet, 0, op.globalGet).u32(memoryPagesMax).raw(op.memorySize, 0, op.i32Sub, op.i32GtU)
  out.raw(op.if, emptyBlock, op.i32Const, 0x7f, op.return, op.end)
  out.raw(op.localGet, 0, op.memoryGrow, 0, op.localTee, 1, op.i32Const, 0x7f, op.i32Eq)
  out.raw(op.if, emptyBlock, op.i32Const, 1, op.globalSet).u32(growRefused).raw(op.unreachable, op.end)
  out.raw(op.localGet, 1, op.end)
}
