/** Bytes that grow at their end: outputs. */
import { HostFault } from './errno.ts'

/** One for all: each buffer costs a run some microseconds. */
const none = new Uint8Array(0)

export class GrowingBytes {
  private room: Uint8Array<ArrayBuffer> = none
  size = 0

  /** What it holds, as a view that holds until it grows. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.room.subarray(0, this.size)
  }

  append(buffers: readonly Uint8Array[]): void {
    for (const buffer of buffers) {
      const end = this.size + buffer.length
      if (end > this.room.length) this.grow(end)
      this.room.set(buffer, this.size)
      this.size = end
    }
  }

  private grow(size: number): void {
    const grown = allocate(Math.max(size, this.room.length * 2, 256))
    grown.set(this.bytes)
    this.room = grown
  }
}

/** @throws {HostFault} where the host has no room. */
export function allocate(size: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(size)
  } catch (cause) {
    throw new HostFault(`the host has no room for ${size} bytes`, { cause })
  }
}
