/** A module made into another: by bytes, by numbers, by sections, by instructions; sizes are put right, so that the change is what is met. */
import type { Random } from '../generate/random.ts'
import { all, u32 } from '../hostile/binary.ts'
import { codeOf, readLeb, type Span, sectionsOf } from './layout.ts'

type Bytes = Uint8Array<ArrayBuffer>
/** `undefined` where it finds nothing to change. */
type Mutation = (bytes: Bytes, random: Random, other: () => Bytes) => Bytes | undefined

const telling = [
  0, 1, 2, 0x3f, 0x40, 0x7f, 0x80, 0xff, 0x60, 0x70, 0x6f, 0x7b, 0x7c, 0x7d, 0x7e, 0x0b, 0x05, 0xfc, 0xfd,
]
const numbers = [0, 1, 2, 3, 63, 64, 127, 128, 255, 1000, 65_535, 65_536, 100_000, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]

/** One to four mutations of them. */
export function mutate(bytes: Bytes, random: Random, other: () => Bytes): Bytes {
  let mutated = bytes
  for (let left = random.weighted({ '1': 60, '2': 25, '3': 10, '4': 5 }) as unknown as number; left > 0; left--) {
    const name = random.weighted(weights)
    mutated = mutations[name](mutated, random, other) ?? changeByte(mutated, random, other) ?? mutated
  }
  return mutated
}

const weights = {
  changeByte: 12,
  removeBytes: 4,
  insertBytes: 4,
  changeNumber: 10,
  longNumber: 3,
  dropSection: 3,
  repeatSection: 2,
  swapSections: 2,
  foreignSection: 4,
  wrongSize: 3,
  cutOff: 2,
  insideSection: 12,
  changeInstruction: 16,
  dropInstructions: 12,
  copyInstructions: 12,
  foreignInstructions: 8,
} as const

const changeByte: Mutation = (bytes, random) => {
  if (bytes.length === 0) return undefined
  const mutated = bytes.slice()
  const at = random.below(bytes.length)
  mutated[at] = random.chance(50) ? random.pick(telling) : (mutated[at] as number) ^ (1 << random.below(8))
  return mutated
}

const splice = (bytes: Bytes, { start, end }: Span, inserted: Uint8Array | readonly number[]): Bytes =>
  all([bytes.subarray(0, start), inserted, bytes.subarray(end)])

const some = (random: Random, length: number, most: number): Span => {
  const start = random.below(length + 1)
  return { start, end: Math.min(length, start + random.below(most + 1)) }
}

/** Some section's contents replaced, with its size put right. */
function inSection(bytes: Bytes, random: Random, change: (contents: Bytes) => Bytes | undefined): Bytes | undefined {
  const sections = sectionsOf(bytes)
  if (sections.length === 0) return undefined
  const { id, whole, contents } = random.pick(sections)
  const changed = change(bytes.slice(contents.start, contents.end))
  return changed && splice(bytes, whole, all([[id], u32(changed.length), changed]))
}

/** Some body's instructions replaced, with the sizes of body and section put right. */
function inBody(
  bytes: Bytes,
  random: Random,
  change: (instructions: Span[], bytes: Bytes) => { span: Span; by: Uint8Array } | undefined,
): Bytes | undefined {
  const code = codeOf(bytes, count => random.below(count))
  if (code === undefined) return undefined
  const { span, by } = change(code.instructions, bytes) ?? {}
  if (span === undefined || by === undefined) return undefined
  const { body, size } = code
  const changed = all([bytes.subarray(body.start, span.start), by, bytes.subarray(span.end, body.end)])
  const section = sectionsOf(bytes).find(({ id }) => id === 10)
  if (section === undefined) return undefined
  const { contents, whole } = section
  const resized = all([
    bytes.subarray(contents.start, size.start),
    u32(changed.length),
    changed,
    bytes.subarray(body.end, contents.end),
  ])
  return splice(bytes, whole, all([[10], u32(resized.length), resized]))
}

/** A few instructions one after the other, the last `end` left out. */
function runOf(instructions: readonly Span[], random: Random, most: number): Span | undefined {
  if (instructions.length < 2) return undefined
  const first = random.below(instructions.length - 1)
  const last = Math.min(instructions.length - 2, first + random.below(most))
  return { start: (instructions[first] as Span).start, end: (instructions[last] as Span).end }
}

const mutations: Record<keyof typeof weights, Mutation> = {
  changeByte,
  removeBytes: (bytes, random) => splice(bytes, some(random, bytes.length, 8), []),
  insertBytes: (bytes, random) => {
    const { start } = some(random, bytes.length, 0)
    const copied = some(random, bytes.length, 16)
    const inserted = random.chance(50) ? bytes.subarray(copied.start, copied.end) : [random.pick(telling)]
    return splice(bytes, { start, end: start }, inserted)
  },
  changeNumber: (bytes, random) =>
    inSection(bytes, random, contents => {
      const start = random.below(contents.length + 1)
      const leb = readLeb(contents, start)
      return leb && splice(contents, { start, end: leb.end }, u32(changed(leb.value, random)))
    }),
  longNumber: (bytes, random) =>
    inSection(bytes, random, contents => {
      const start = random.below(contents.length + 1)
      const leb = readLeb(contents, start)
      return leb && splice(contents, { start, end: leb.end }, u32(leb.value, random.between(2, 6)))
    }),
  dropSection: (bytes, random) => {
    const sections = sectionsOf(bytes)
    return sections.length === 0 ? undefined : splice(bytes, random.pick(sections).whole, [])
  },
  repeatSection: (bytes, random) => {
    const sections = sectionsOf(bytes)
    if (sections.length === 0) return undefined
    const { whole } = random.pick(sections)
    return splice(bytes, { start: whole.end, end: whole.end }, bytes.slice(whole.start, whole.end))
  },
  swapSections: (bytes, random) => {
    const sections = sectionsOf(bytes)
    if (sections.length < 2) return undefined
    const at = random.below(sections.length - 1)
    const [a, b] = [sections[at]?.whole as Span, sections[at + 1]?.whole as Span]
    const swapped = all([bytes.subarray(b.start, b.end), bytes.subarray(a.start, a.end)])
    return splice(bytes, { start: a.start, end: b.end }, swapped)
  },
  foreignSection: (bytes, random, other) => {
    const mine = sectionsOf(bytes)
    const foreign = other()
    const theirs = sectionsOf(foreign)
    if (mine.length === 0 || theirs.length === 0) return undefined
    const place = random.pick(mine)
    const { whole } = theirs.find(({ id }) => id === place.id) ?? random.pick(theirs)
    return splice(bytes, place.whole, foreign.slice(whole.start, whole.end))
  },
  wrongSize: (bytes, random) => {
    const sections = sectionsOf(bytes)
    if (sections.length === 0) return undefined
    const { whole, contents } = random.pick(sections)
    const size = contents.end - contents.start
    return splice(bytes, { start: whole.start + 1, end: contents.start }, u32(changed(size, random)))
  },
  cutOff: (bytes, random) => bytes.slice(0, random.below(bytes.length + 1)),
  insideSection: (bytes, random) =>
    inSection(bytes, random, contents => {
      if (random.chance(40)) return changeByte(contents, random, () => contents)
      const copied = some(random, contents.length, 12)
      return splice(contents, some(random, contents.length, 4), contents.slice(copied.start, copied.end))
    }),
  changeInstruction: (bytes, random) =>
    inBody(bytes, random, (instructions, { buffer }) => {
      const span = runOf(instructions, random, 1)
      if (span === undefined) return undefined
      const by = new Uint8Array(buffer, span.start, span.end - span.start).slice()
      const first = by[0] as number
      // Another of the same kind most often: it has the same immediates, and with luck the same type.
      by[0] = random.chance(70) ? first + random.between(-2, 2) : random.below(256)
      return { span, by }
    }),
  dropInstructions: (bytes, random) =>
    inBody(bytes, random, instructions => {
      const span = runOf(instructions, random, 3)
      return span && { span, by: new Uint8Array(0) }
    }),
  copyInstructions: (bytes, random) =>
    inBody(bytes, random, instructions => {
      const [from, to] = [runOf(instructions, random, 8), runOf(instructions, random, 1)]
      return from && to && { span: { start: to.start, end: to.start }, by: bytes.slice(from.start, from.end) }
    }),
  foreignInstructions: (bytes, random, other) =>
    inBody(bytes, random, instructions => {
      const foreign = other()
      const code = codeOf(foreign, count => random.below(count))
      const [from, to] = [code && runOf(code.instructions, random, 8), runOf(instructions, random, 2)]
      return from && to && { span: to, by: foreign.slice(from.start, from.end) }
    }),
}

function changed(value: number, random: Random): number {
  return random.chance(50) ? random.pick(numbers) : Math.max(0, value + random.between(-2, 2)) % 2 ** 32
}

/** Something smaller, or `undefined`. */
export function shrink(bytes: Bytes, random: Random): Bytes | undefined {
  const name = random.weighted({ dropSection: 2, dropInstructions: 6, removeBytes: 3, insideSection: 2, cutOff: 1 })
  const smaller = mutations[name](bytes, random, () => bytes)
  return smaller !== undefined && smaller.length < bytes.length ? smaller : undefined
}
