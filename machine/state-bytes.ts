/**
 * An encoding of states for digests: equal states, and only they, give equal bytes. Numbers are little-endian, lists, blobs and texts have their
 * length before them.
 */
import { digestOf } from '../phase/digest.ts'

export const stateDigest = (write: (out: StateBytes) => void): string => {
  const out = new StateBytes()
  write(out)
  return digestOf(out.bytes)
}

export class StateBytes {
  private room = new DataView(new ArrayBuffer(4096))
  private size = 0

  get bytes(): Uint8Array {
    return new Uint8Array(this.room.buffer, 0, this.size)
  }

  number(value: number): void {
    const at = this.take(8)
    this.room.setFloat64(at, value, true)
  }

  /** 64 bits of it. */
  bigint(value: bigint): void {
    const at = this.take(8)
    this.room.setBigUint64(at, BigInt.asUintN(64, value), true)
  }

  blob(bytes: Uint8Array): void {
    this.number(bytes.length)
    const at = this.take(bytes.length)
    new Uint8Array(this.room.buffer).set(bytes, at)
  }

  list<T>(items: readonly T[], write: (item: T) => void): void {
    this.number(items.length)
    for (const item of items) write(item)
  }

  text(text: string): void {
    this.blob(new TextEncoder().encode(text))
  }

  letter(letter: string): void {
    const at = this.take(1)
    this.room.setUint8(at, letter.charCodeAt(0))
  }

  /** Where so many bytes may be written, in `room` as it is from then on. */
  private take(size: number): number {
    const at = this.size
    this.size += size
    if (this.size > this.room.byteLength) {
      const grown = new Uint8Array(Math.max(this.size, this.room.byteLength * 2))
      grown.set(new Uint8Array(this.room.buffer, 0, at))
      this.room = new DataView(grown.buffer)
    }
    return at
  }
}
