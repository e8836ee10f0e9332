/**
 * The bytes of a scratch file. In chunks, which are there only where something was written: so a call takes time and room by the bytes it
 * moves, not by the size of the file that it makes, cuts or reads.
 */
import { allocate } from './bytes.ts'

const chunkBytes = 65_536
const firstBytes = 64

export class FileContents {
  private length = 0
  /** Short or absent where zeros follow; what is there beyond the file's size is zeros, too. */
  private readonly chunks: (Uint8Array<ArrayBuffer> | undefined)[] = []

  get size(): number {
    return this.length
  }

  /** Fills `buffers` in turn from `at` on. @returns how many bytes, fewer at the end of the file. */
  read(at: number, buffers: readonly Uint8Array[]): number {
    let next = at
    for (const buffer of buffers) {
      const part = buffer.subarray(0, Math.max(0, this.length - next))
      this.copyOut(next, part)
      next += part.length
    }
    return next - at
  }

  /** A gap before `at` reads as zeros. */
  write(at: number, buffers: readonly Uint8Array[]): void {
    let next = at
    for (const buffer of buffers) {
      for (let done = 0; done < buffer.length; ) {
        const offset = (next + done) % chunkBytes
        const part = buffer.subarray(done, done + chunkBytes - offset)
        this.chunkFor(Math.floor((next + done) / chunkBytes), offset + part.length).set(part, offset)
        done += part.length
      }
      next += buffer.length
      if (buffer.length > 0) this.length = Math.max(this.length, next)
    }
  }

  resize(size: number): void {
    if (size < this.length) {
      const kept = Math.ceil(size / chunkBytes)
      if (this.chunks.length > kept) this.chunks.length = kept
      const last = size % chunkBytes
      const chunk = this.chunks[kept - 1]
      // A copy, since what is cut off must neither come back nor stay held.
      if (last > 0 && chunk !== undefined && chunk.length > last) this.chunks[kept - 1] = chunk.slice(0, last)
    }
    this.length = size
  }

  private copyOut(at: number, target: Uint8Array): void {
    for (let done = 0; done < target.length; ) {
      const offset = (at + done) % chunkBytes
      const size = Math.min(chunkBytes - offset, target.length - done)
      const part = this.chunks[Math.floor((at + done) / chunkBytes)]?.subarray(offset, offset + size)
      if (part !== undefined) target.set(part, done)
      target.fill(0, done + (part?.length ?? 0), done + size)
      done += size
    }
  }

  private chunkFor(index: number, bytes: number): Uint8Array {
    const chunk = this.chunks[index]
    if (chunk !== undefined && chunk.length >= bytes) return chunk
    const grown = allocate(Math.min(chunkBytes, Math.max(bytes, (chunk?.length ?? 0) * 2, firstBytes)))
    if (chunk !== undefined) grown.set(chunk)
    this.chunks[index] = grown
    return grown
  }
}
