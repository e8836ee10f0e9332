/** The binary format's primitives (https://webassembly.github.io/spec/core/binary/values.html), each read within its bounds or refused. */

/** The bytes are no valid module; `offset` says where that was seen. */
export class ModuleError extends Error {
  readonly offset: number

  constructor(message: string, offset: number) {
    super(`${message} (byte ${offset})`)
    this.offset = offset
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export class Reader {
  at: number
  readonly end: number
  private readonly bytes: Uint8Array
  private readonly view: DataView

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = at
    this.end = end
  }

  get done(): boolean {
    return this.at >= this.end
  }

  fail(message: string): never {
    throw new ModuleError(message, this.at)
  }

  byte(): number {
    return this.view.getUint8(this.take(1))
  }

  peek(): number {
    if (this.done) return this.fail('unexpected end')
    return this.view.getUint8(this.at)
  }

  u32(): number {
    return Number(this.leb(32, false))
  }

  s32(): number {
    return Number(this.leb(32, true))
  }

  s33(): number {
    return Number(this.leb(33, true))
  }

  s64(): bigint {
    return this.leb(64, true)
  }

  /** The bits of an f32, as an i32. */
  f32(): number {
    return this.view.getInt32(this.take(4), true)
  }

  /** The bits of an f64, as an i64. */
  f64(): bigint {
    return this.view.getBigInt64(this.take(8), true)
  }

  copy(size: number): Uint8Array {
    const start = this.take(size)
    return this.bytes.slice(start, start + size)
  }

  name(): string {
    const size = this.u32()
    const start = this.take(size)
    try {
      return decoder.decode(this.bytes.subarray(start, start + size))
    } catch {
      return this.fail('a name is not UTF-8')
    }
  }

  /** A vector: its count, then its elements. Each takes a byte at least, so the count is bounded before anything is kept. */
  vector<T>(read: (index: number) => T): T[] {
    const count = this.u32()
    if (count > this.end - this.at) return this.fail(`${count} elements do not fit`)
    const elements: T[] = []
    for (let index = 0; index < count; index++) elements.push(read(index))
    return elements
  }

  /** A part of `size` bytes, to be read on its own. */
  part(size: number): Reader {
    const start = this.take(size)
    return new Reader(this.bytes, start, start + size)
  }

  private take(size: number): number {
    if (size > this.end - this.at) return this.fail('unexpected end')
    this.at += size
    return this.at - size
  }

  /** LEB128 of at most ceil(bits / 7) bytes, the unused bits of the last one zero, or the sign. */
  private leb(bits: number, signed: boolean): bigint {
    let value = 0n
    for (let shift = 0; ; shift += 7) {
      if (shift >= bits) return this.fail('an integer is too long')
      const byte = this.byte()
      value |= BigInt(byte & 0x7f) << BigInt(shift)
      if ((byte & 0x80) !== 0) continue
      const exact = signed ? BigInt.asIntN(shift + 7, value) : value
      const fits = signed ? BigInt.asIntN(bits, exact) === exact : BigInt.asUintN(bits, exact) === exact
      return fits ? exact : this.fail('an integer is too large')
    }
  }
}
