/**
 * Modules by seed: valid commands with structured control flow, calls of every kind, traps and host calls. What they computed is in what they
 * write: before `_start` returns, and before most other ends, globals are stored in memory and memory is written out.
 */
import type { ValueType } from '../../interpreter/values.ts'
import { Body } from './body.ts'
import { constant } from './constants.ts'
import { Encoder } from './encoder.ts'
import { value } from './expressions.ts'
import { type Features, imported, makePlan, outputBytes, type Plan } from './plan.ts'
import { Random } from './random.ts'
import { statement } from './statements.ts'

export function generateModule(seed: number, features: Features = featuresOf(seed)): Uint8Array<ArrayBuffer> {
  const random = new Random(Math.imul(seed, 0x9e37_79b1) ^ 0x5bd1_e995)
  const plan = makePlan(random, features)
  const first = imported(plan)
  const bodies = plan.functions.slice(first).map((_, index) => {
    const body = new Body(
      { statement, value },
      random,
      plan,
      first + index,
      index === 0 ? random.between(150, 500) : random.between(15, 150),
    )
    body.write()
    return body
  })
  const out = new Encoder().raw(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00)
  // Behind the bodies, which add types of their own.
  out.section(1, section => section.vector([...plan.types, shown], (type, inner) => inner.functionType(type)))
  writeImports(out, plan)
  const command = plan.functions.length
  out.section(3, section =>
    section.vector([...plan.functions.slice(first).map(({ type }) => type), plan.types.length], (type, inner) =>
      inner.u32(type),
    ),
  )
  out.section(4, section => section.vector(plan.tables, (table, inner) => writeTable(inner, table)))
  out.section(
    5,
    section => section.u32(1).raw(plan.memory.maximum === undefined ? 0 : 1) && writeLimits(section, plan.memory),
  )
  out.section(6, section => section.vector(plan.globals, (global, inner) => writeGlobal(inner, random, plan, global)))
  out.section(7, section => section.u32(2).name('_start').raw(0).u32(command).name('memory').raw(2, 0))
  if (plan.start !== undefined) out.section(8, section => section.u32(plan.start as number))
  out.section(9, section => section.vector(plan.elements, (segment, inner) => writeElements(inner, segment)))
  out.section(12, section => section.u32(plan.data.length + 1))
  out.section(10, section => {
    section.u32(bodies.length + 1)
    for (const body of bodies) section.sized(inner => writeBody(inner, body))
    section.sized(inner => writeCommand(inner, plan, first))
  })
  out.section(11, section => writeData(section, random, plan))
  return new Uint8Array(out.bytes)
}

/** One in four is plain, one in four has vectors. */
export const featuresOf = (seed: number): Features => ({
  floats: seed % 4 !== 0,
  vectors: seed % 4 === 1,
  plain: seed % 4 === 0,
})

const shown = { parameters: [], results: [] }

function writeImports(out: Encoder, plan: Plan): void {
  out.section(2, section =>
    section.vector(
      plan.functions.filter(({ host }) => host !== undefined),
      ({ type, host }, inner) =>
        inner
          .name('wasi_snapshot_preview1')
          .name(host as string)
          .raw(0)
          .u32(type),
    ),
  )
}

function writeTable(out: Encoder, { element, minimum, maximum }: Plan['tables'][number]): void {
  out.type(element).raw(maximum === undefined ? 0 : 1)
  writeLimits(out, { minimum, maximum })
}

function writeLimits(out: Encoder, { minimum, maximum }: { minimum: number; maximum: number | undefined }): void {
  out.u32(minimum)
  if (maximum !== undefined) out.u32(maximum)
}

const constantCodes = { i32: [0x41], i64: [0x42], f32: [0x43], f64: [0x44], v128: [0xfd, 0x0c] } as const

function writeGlobal(out: Encoder, random: Random, plan: Plan, { type, mutable }: Plan['globals'][number]): void {
  out.type(type).raw(mutable ? 1 : 0)
  if (type === 'externref' || (type === 'funcref' && random.chance(50))) out.raw(0xd0).type(type)
  else if (type === 'funcref') out.raw(0xd2).u32(random.pick(plan.elements.flatMap(({ items }) => items)))
  else {
    const write = () => constant(random, type, out.raw(...constantCodes[type]))
    write()
    if ((type === 'i32' || type === 'i64') && random.chance(40)) {
      write()
      out.raw((type === 'i32' ? 0x6a : 0x7c) + random.below(3))
    }
  }
  out.raw(0x0b)
}

function writeElements(out: Encoder, { mode, items }: Plan['elements'][number]): void {
  if (mode === 'active') out.u32(0).raw(0x41, 0, 0x0b)
  else out.u32(mode === 'passive' ? 1 : 3).raw(0)
  out.vector(items, (item, inner) => inner.u32(item))
}

function writeBody(out: Encoder, body: Body): void {
  out.vector(body.declaredLocals, (type, inner) => inner.u32(1).type(type))
  for (const byte of body.code.bytes) out.bytes.push(byte)
}

const storeCodes: Partial<Record<ValueType, number[]>> = {
  i32: [0x36, 2],
  i64: [0x37, 3],
  f32: [0x38, 2],
  f64: [0x39, 3],
  v128: [0xfd, 0x0b, 4],
}

/** `_start`: the first generated function, then everything shown. At 8 stands the vector that names the first bytes of memory. */
function writeCommand(out: Encoder, plan: Plan, first: number): void {
  out.u32(0).raw(0x10).u32(first)
  for (const [index, { type }] of plan.globals.entries()) {
    out
      .raw(0x41)
      .signed(BigInt(32 + index * 16))
      .raw(0x23)
      .u32(index)
    const store = storeCodes[type]
    if (store === undefined) out.raw(0xd1, 0x36, 2, 0)
    else out.raw(...store, 0)
  }
  const store = (at: number, value: number) =>
    out.raw(0x41).signed(BigInt(at)).raw(0x41).signed(BigInt(value)).raw(0x36, 2, 0)
  store(8, 16)
  store(12, outputBytes)
  out.raw(0x41, 1, 0x41, 8, 0x41, 1, 0x41, 0, 0x10).u32(plan.functions.findIndex(({ host }) => host === 'fd_write'))
  out.raw(0x1a, 0x0b)
}

function writeData(out: Encoder, random: Random, plan: Plan): void {
  const bytes = (size: number) => Array.from({ length: size }, () => random.below(256))
  out.u32(plan.data.length + 1)
  const vector = [16, 0, 0, 0, 64, 0, 0, 0]
  out
    .u32(0)
    .raw(0x41, 8, 0x0b)
    .u32(vector.length + 80)
    .raw(...vector, ...bytes(80))
  for (const size of plan.data)
    out
      .u32(1)
      .u32(size)
      .raw(...bytes(size))
}
