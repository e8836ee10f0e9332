/** Where things stand in a module's bytes, as far as they make sense: what is broken already has fewer places to break. */
import { Reader } from '../../binary.ts'
import { readInstruction } from '../../instructions.ts'
import { readModule } from '../../sections.ts'

export interface Span {
  start: number
  end: number
}

export interface SectionSpan {
  id: number
  /** Its id and size, too. */
  whole: Span
  contents: Span
}

/** The sections up to where their sizes lead out of the bytes. */
export function sectionsOf(bytes: Uint8Array): SectionSpan[] {
  const sections: SectionSpan[] = []
  for (let at = 8; at < bytes.length; ) {
    const size = readLeb(bytes, at + 1)
    if (size === undefined || size.end + size.value > bytes.length) break
    const contents = { start: size.end, end: size.end + size.value }
    sections.push({ id: bytes[at] as number, whole: { start: at, end: contents.end }, contents })
    at = contents.end
  }
  return sections
}

export function readLeb(bytes: Uint8Array, at: number): { value: number; end: number } | undefined {
  let value = 0
  for (let index = 0; index < 5; index++) {
    const byte = bytes[at + index]
    if (byte === undefined) return undefined
    value += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 0x80) return { value, end: at + index + 1 }
  }
  return undefined
}

/** A function's code: the place of its size, and of each of its instructions. */
export interface Code {
  size: Span
  body: Span
  instructions: Span[]
}

/** The functions of a module whose sections can be read, some of them where there are many. */
export function codeOf(bytes: Uint8Array, pick: (count: number) => number): Code | undefined {
  try {
    const module = readModule(bytes)
    if (module.bodies.length === 0) return undefined
    const index = pick(module.bodies.length)
    const body = module.bodies[index] as Span
    const reader = new Reader(bytes, 'code section', body.start, body.end)
    for (let left = reader.u32(); left > 0; left--) {
      reader.u32()
      reader.byte()
    }
    const instructions: Span[] = []
    while (reader.left > 0) {
      const start = reader.at
      readInstruction(reader)
      instructions.push({ start, end: reader.at })
    }
    const before = index === 0 ? undefined : (module.bodies[index - 1] as Span).end
    const size = { start: before ?? sizeBefore(bytes, body), end: body.start }
    return { size, body, instructions }
  } catch {
    return undefined
  }
}

/** Where the size stands that is followed by the body. */
function sizeBefore(bytes: Uint8Array, { start, end }: Span): number {
  for (let at = start - 1; at >= start - 5; at--) {
    const leb = readLeb(bytes, at)
    if (leb?.end === start && leb.value === end - start && (at === start - 1 || (bytes[at] as number) >= 0x80)) {
      const longer = readLeb(bytes, at - 1)
      if (longer?.end !== start) return at
    }
  }
  return start - 1
}
