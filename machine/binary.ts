/**
 * Reading and writing the WebAssembly binary format (https://webassembly.github.io/spec/core/binary/). The reader believes nothing: every
 * count and size is held against its bound and against the bytes that are left before anything is allocated for it.
 */
import { PhaseError } from '../phase/errors.ts'
import { nameBytesMax } from './limits.ts'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A cursor over `bytes` from `at` to `end`. Every method throws PhaseError `moduleRejected`, with section and offset. */
export class Reader {
  readonly bytes: Uint8Array
  at: number
  end: number
  /** What the errors call the place. */
  section: string

  constructor(bytes: Uint8Array, section = 'header', at = 0, end = bytes.length) {
    this.bytes = bytes
    this.section = section
    this.at = at
    this.end = end
  }

  get left(): number {
    return this.end - this.at
  }

  /** A reader of the next `size` bytes, which this one then stands behind. */
  slice(size: number, section = this.section): Reader {
    if (size > this.left) throw this.rejected(`${size} bytes are announced, ${this.left} are left`)
    const start = this.at
    this.at += size
    return new Reader(this.bytes, section, start, this.at)
  }

  skip(size: number): void {
    if (size > this.left) throw this.rejected('it ends in the middle of a value')
    this.at += size
  }

  byte(): number {
    if (this.at >= this.end) throw this.rejected('it ends in the middle of a value')
    return this.bytes[this.at++] as number
  }

  peek(): number {
    return this.at < this.end ? (this.bytes[this.at] as number) : -1
  }

  /** Unsigned LEB128 of at most 32 bits. */
  u32(): number {
    const first = this.at < this.end ? (this.bytes[this.at] as number) : 0x80
    if (first < 0x80) {
      this.at++
      return first
    }
    let value = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte()
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
    const last = this.byte()
    if (last > 0x0f) throw this.rejected('an integer is longer than 32 bits')
    return (value | (last << 28)) >>> 0
  }

  /** Signed LEB128 of 33 bits, where only small values and type indices are meant (block types, heap types). */
  s33(): number {
    let value = 0
    for (let index = 0; index < 5; index++) {
      const byte = this.byte()
      value += (byte & 0x7f) * 2 ** (7 * index)
      if (byte < 0x80) return byte & 0x40 ? value - 2 ** (7 * index + 7) : value
    }
    throw this.rejected('an integer is longer than 33 bits')
  }

  /** Steps over a LEB128 of at most `bits` bits, whose value does not matter here. */
  skipLeb(bits: number): void {
    const { bytes, end } = this
    const most = this.at + Math.ceil(bits / 7)
    for (let at = this.at; at < end && at < most; ) {
      if ((bytes[at++] as number) >= 0x80) continue
      this.at = at
      return
    }
    this.at = Math.min(end, most)
    if (most > end) throw this.rejected('it ends in the middle of a value')
    throw this.rejected(`an integer is longer than ${bits} bits`)
  }

  /** A count of items of at least `bytesEach`, held against `max` and the bytes that are left. */
  count(max: number, what: string, bytesEach = 1): number {
    const start = this.at
    const count = this.u32()
    if (count > max) throw this.rejected(`${count} ${what} exceed the limit of ${max}`, start)
    if (count * bytesEach > this.left) throw this.rejected(`${count} ${what} do not fit its size`, start)
    return count
  }

  name(): string {
    const size = this.count(nameBytesMax, 'bytes of a name')
    const start = this.at
    this.skip(size)
    try {
      return decoder.decode(this.bytes.subarray(start, this.at))
    } catch {
      throw this.rejected('a name is not UTF-8', start)
    }
  }

  done(): void {
    if (this.at !== this.end) throw this.rejected(`${this.left} bytes too many`)
  }

  rejected(reason: string, at = this.at): PhaseError {
    return rejected(reason, this.section, at)
  }
}

/** `Cannot admit the module: code section, byte 124: several memories`. */
export function rejected(reason: string, section?: string, at?: number): PhaseError {
  const place = section === undefined ? '' : `${section}${at === undefined ? '' : `, byte ${at}`}: `
  return new PhaseError('moduleRejected', `Cannot admit the module: ${place}${reason}`)
}

/** A growing run of bytes. */
export class Writer {
  private bytes: Uint8Array<ArrayBuffer>
  length = 0

  constructor(sizeExpected = 64) {
    this.bytes = new Uint8Array(sizeExpected)
  }

  byte(value: number): this {
    this.reserve(1)
    this.bytes[this.length++] = value
    return this
  }

  raw(...values: number[]): this {
    for (const value of values) this.byte(value)
    return this
  }

  copy(from: Uint8Array, start = 0, end = from.length): this {
    this.reserve(end - start)
    this.bytes.set(start === 0 && end === from.length ? from : from.subarray(start, end), this.length)
    this.length += end - start
    return this
  }

  u32(value: number): this {
    for (let left = value; ; left >>>= 7) {
      if (left < 0x80) return this.byte(left)
      this.byte((left & 0x7f) | 0x80)
    }
  }

  name(text: string): this {
    const bytes = new TextEncoder().encode(text)
    return this.u32(bytes.length).copy(bytes)
  }

  /** What was written, as a view that holds until the next write. */
  written(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(0, this.length)
  }

  clear(): this {
    this.length = 0
    return this
  }

  private reserve(size: number): void {
    if (this.length + size <= this.bytes.length) return
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + size))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
  }
}
