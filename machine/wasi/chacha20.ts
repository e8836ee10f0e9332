/** ChaCha20 as a stream of bytes (RFC 8439, nonce 0, counter from 0): the guest's random under every profile without the capability `random`. */
export class ChaCha20 {
  private readonly state = new Uint32Array(16)
  private readonly working = new Uint32Array(16)
  /** Made with the first block: most guests draw none. */
  private block: DataView<ArrayBuffer> | undefined
  /** Of the present block; before the first one, all of none. */
  private used = 64

  /** `key`: 32 bytes. */
  constructor(key: Uint8Array) {
    if (key.length !== 32) throw new RangeError(`a key of 32 bytes was expected, not ${key.length}`)
    const view = new DataView(key.buffer, key.byteOffset, 32)
    this.state.set([0x61707865, 0x3320646e, 0x79622d32, 0x6b206574])
    for (let word = 0; word < 8; word++) this.state[4 + word] = view.getUint32(word * 4, true)
  }

  /** How many bytes of the stream have been given. */
  get position(): bigint {
    const blocks = (BigInt(this.state[13] as number) << 32n) | BigInt(this.state[12] as number)
    return blocks * 64n - BigInt(64 - this.used)
  }

  /** The next bytes of the stream. */
  fill(target: Uint8Array): void {
    for (let at = 0; at < target.length; ) {
      const block = this.used === 64 || this.block === undefined ? this.nextBlock() : this.block
      const size = Math.min(64 - this.used, target.length - at)
      target.set(new Uint8Array(block.buffer, this.used, size), at)
      this.used += size
      at += size
    }
  }

  private nextBlock(): DataView<ArrayBuffer> {
    this.block ??= new DataView(new ArrayBuffer(64))
    const { state, working } = this
    working.set(state)
    for (let round = 0; round < 10; round++) {
      for (let column = 0; column < 4; column++) quarterRound(working, column, column + 4, column + 8, column + 12)
      quarterRound(working, 0, 5, 10, 15)
      quarterRound(working, 1, 6, 11, 12)
      quarterRound(working, 2, 7, 8, 13)
      quarterRound(working, 3, 4, 9, 14)
    }
    for (let word = 0; word < 16; word++) {
      this.block.setUint32(word * 4, (working[word] as number) + (state[word] as number), true)
    }
    // The counter goes on into the nonce's first word: 2^32 blocks are more than a run can draw, but the stream must not repeat.
    state[12] = (state[12] as number) + 1
    if (state[12] === 0) state[13] = (state[13] as number) + 1
    this.used = 0
    return this.block
  }
}

function quarterRound(s: Uint32Array, a: number, b: number, c: number, d: number): void {
  mix(s, a, b, d, 16)
  mix(s, c, d, b, 12)
  mix(s, a, b, d, 8)
  mix(s, c, d, b, 7)
}

/** a += b; d = (d ^ a) <<< bits */
function mix(s: Uint32Array, a: number, b: number, d: number, bits: number): void {
  s[a] = (s[a] as number) + (s[b] as number)
  const value = (s[d] as number) ^ s[a]
  s[d] = (value << bits) | (value >>> (32 - bits))
}
