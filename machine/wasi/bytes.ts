/** Bytes that grow: outputs and the contents of scratch files. */
import { HostFault } from './errno.ts'

export class GrowingBytes {
  private room: Uint8Array<ArrayBuffer> = new Uint8Array(0)
  size = 0

  /** What it holds, as a view that holds until it grows. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.room.subarray(0, this.size)
  }

  append(buffers: readonly Uint8Array[]): void {
    this.write(this.size, buffers)
  }

  /** Writes at `at`; a gap before it reads as zeros. */
  write(at: number, buffers: readonly Uint8Array[]): void {
    let next = at
    for (const buffer of buffers) {
      if (next + buffer.length > this.size) this.resize(next + buffer.length)
      this.room.set(buffer, next)
      next += buffer.length
    }
  }

  resize(size: number): void {
    if (size > this.room.length) this.grow(size)
    // What is cut off must not stay held: bounds count sizes, not room.
    else if (size < this.room.length / 4) this.room = this.room.slice(0, size)
    else if (size < this.size) this.room.fill(0, size, this.size)
    this.size = size
  }

  private grow(size: number): void {
    try {
      const grown = new Uint8Array(Math.max(size, this.room.length * 2, 256))
      grown.set(this.bytes)
      this.room = grown
    } catch (cause) {
      throw new HostFault(`the host has no room for ${size} bytes`, { cause })
    }
  }
}

/** Copies from `source` at `at` into `buffers` in turn. @returns how many bytes. */
export function scatter(source: Uint8Array, at: number, buffers: readonly Uint8Array[]): number {
  let next = at
  for (const buffer of buffers) {
    if (next >= source.length) break
    const part = source.subarray(next, next + buffer.length)
    buffer.set(part)
    next += part.length
  }
  return Math.max(0, next - at)
}
