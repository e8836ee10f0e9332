/** Bytes that come in pieces, copied together as they come: whoever sends single bytes makes this node keep no more than these. */
export class Gathered {
  private buffer = new Uint8Array(0)
  private size = 0

  /** What has come so far, not copied. */
  get bytes(): Uint8Array {
    return this.buffer.subarray(0, this.size)
  }

  append(piece: Uint8Array): void {
    const size = this.size + piece.length
    if (size > this.buffer.length) {
      const larger = new Uint8Array(Math.max(size, 2 * this.buffer.length))
      larger.set(this.bytes)
      this.buffer = larger
    }
    this.buffer.set(piece, this.size)
    this.size = size
  }
}
