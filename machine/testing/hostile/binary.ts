/** Parts of the binary format as plain bytes, so that a module can be put together wrongly on purpose, and large without taking long. */

export type Bytes = readonly number[] | Uint8Array

export const header: Bytes = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]

export const join = (...parts: readonly Bytes[]): Uint8Array<ArrayBuffer> => all(parts)

/** The same of more parts than a call takes arguments. */
export function all(parts: readonly Bytes[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

/** Unsigned LEB128; `size`: in so many bytes, more than it needs. */
export function u32(value: number, size = 1): number[] {
  const bytes: number[] = []
  let rest = value >>> 0
  do {
    bytes.push((rest & 0x7f) | 0x80)
    rest >>>= 7
  } while (rest > 0 || bytes.length < size)
  bytes.push((bytes.pop() as number) & 0x7f)
  return bytes
}

/** What a count or a size says where it lies: 4,294,967,295. */
export const most = u32(0xffff_ffff)

/** Signed LEB128 of an i32. */
export function i32(value: number): number[] {
  const bytes: number[] = []
  for (let rest = value | 0; ; rest >>= 7) {
    const byte = rest & 0x7f
    if (rest >= -64 && rest < 64) return [...bytes, byte]
    bytes.push(byte | 0x80)
  }
}

export function text(name: string | Uint8Array): Uint8Array {
  const bytes = typeof name === 'string' ? new TextEncoder().encode(name) : name
  return join(u32(bytes.length), bytes)
}

/** The same bytes again and again. */
export function repeat(count: number, part: Bytes): Uint8Array {
  const bytes = new Uint8Array(count * part.length)
  for (let at = 0; at < bytes.length; at += part.length) bytes.set(part, at)
  return bytes
}

export const each = (count: number, make: (index: number) => Bytes): Uint8Array =>
  all(Array.from({ length: count }, (_, index) => make(index)))

/** With its size before it. */
export const sized = (...parts: readonly Bytes[]): Uint8Array => {
  const bytes = join(...parts)
  return join(u32(bytes.length), bytes)
}

export const section = (id: number, ...parts: readonly Bytes[]): Uint8Array => join([id], sized(...parts))
export const custom = (name: string, ...parts: readonly Bytes[]): Uint8Array => section(0, text(name), ...parts)

export const op = {
  unreachable: 0x00,
  nop: 0x01,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  call: 0x10,
  callIndirect: 0x11,
  drop: 0x1a,
  select: 0x1b,
  get: 0x20,
  set: 0x21,
  tee: 0x22,
  const: 0x41,
  add: 0x6a,
} as const

export const i32Type = 0x7f
const nothing = [0x60, 0, 0]

/** A function's code: its locals as pairs of count and type, and its instructions without the last `end`. */
export const body = (instructions: Bytes, locals: readonly (readonly [number, number])[] = []): Uint8Array =>
  sized(u32(locals.length), all(locals.map(([count, type]) => [...u32(count), type])), instructions, [op.end])

export interface Parts {
  /** Types behind `() -> ()`, whose number is 0. */
  types?: readonly Bytes[]
  /** Contents of sections by id; those that are not named stand in their order too. */
  sections?: Readonly<Record<number, Bytes>>
  /** Type of each function, and its body. The first is `_start`. */
  functions: readonly (readonly [type: number, body: Bytes])[]
  /** Behind everything. */
  behind?: Bytes
}

/** In the order of a module; ids as the format has them. */
const order = [2, 4, 5, 6] as const
const later = [8, 9, 12] as const

/** A command whose `_start` is the first function, whatever else is in it. */
export function command({ types = [], functions, sections = {}, behind = [] }: Parts): Uint8Array<ArrayBuffer> {
  const given = (ids: readonly number[]) =>
    ids.flatMap(id => (sections[id] === undefined ? [] : [section(id, sections[id])]))
  return join(
    header,
    section(1, u32(types.length + 1), nothing, ...types),
    ...given([order[0]]),
    section(3, u32(functions.length), all(functions.map(([type]) => u32(type)))),
    ...given(order.slice(1)),
    section(7, sections[7] ?? join([1], text('_start'), [0, 0])),
    ...given(later),
    section(10, u32(functions.length), all(functions.map(([, code]) => code))),
    ...given([11]),
    behind,
  )
}
