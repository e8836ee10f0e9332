/** Writes the binary format. */
import type { FunctionType, ValueType } from '../../interpreter/values.ts'

const typeBytes: Record<ValueType, number> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
  funcref: 0x70,
  externref: 0x6f,
}

export class Encoder {
  readonly bytes: number[] = []

  raw(...bytes: readonly number[]): this {
    this.bytes.push(...bytes)
    return this
  }

  u32(value: number): this {
    for (let rest = value; ; rest >>>= 7) {
      if (rest < 0x80) return this.raw(rest)
      this.raw((rest & 0x7f) | 0x80)
    }
  }

  signed(value: bigint): this {
    for (let rest = value; ; rest >>= 7n) {
      const byte = Number(rest & 0x7fn)
      if (rest >= -64n && rest < 64n) return this.raw(byte)
      this.raw(byte | 0x80)
    }
  }

  /** Little-endian. */
  fixed(value: bigint, size: number): this {
    for (let at = 0; at < size; at++) this.raw(Number((value >> BigInt(at * 8)) & 0xffn))
    return this
  }

  name(text: string): this {
    const bytes = Buffer.from(text)
    return this.u32(bytes.length).raw(...bytes)
  }

  type(type: ValueType): this {
    return this.raw(typeBytes[type])
  }

  functionType({ parameters, results }: FunctionType): this {
    this.raw(0x60).u32(parameters.length)
    for (const type of parameters) this.type(type)
    this.u32(results.length)
    for (const type of results) this.type(type)
    return this
  }

  /** With its size before it. */
  sized(write: (inner: Encoder) => void): this {
    const inner = new Encoder()
    write(inner)
    this.u32(inner.bytes.length)
    for (const byte of inner.bytes) this.bytes.push(byte)
    return this
  }

  section(id: number, write: (inner: Encoder) => void): this {
    return this.raw(id).sized(write)
  }

  vector<T>(items: readonly T[], write: (item: T, inner: this) => void): this {
    this.u32(items.length)
    for (const item of items) write(item, this)
    return this
  }
}
