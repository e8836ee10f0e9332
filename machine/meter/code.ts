/** Instructions being written. Room is made once for each instruction (`reserve`), so that single bytes cost nothing. */
import { code } from './opcodes.ts'

const i64Sub = 0x7d
const i64LtS = 0x53

export class Code {
  bytes: Uint8Array<ArrayBuffer>
  length = 0

  constructor(sizeExpected = 65_536) {
    this.bytes = new Uint8Array(sizeExpected)
  }

  /** Room for `size` bytes more. Every method but `copy` relies on it. */
  reserve(size: number): void {
    if (this.length + size <= this.bytes.length) return
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + size))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
  }

  byte(value: number): void {
    this.bytes[this.length++] = value
  }

  u32(value: number): void {
    let left = value
    while (left >= 0x80) {
      this.bytes[this.length++] = (left & 0x7f) | 0x80
      left >>>= 7
    }
    this.bytes[this.length++] = left
  }

  /** Signed LEB128 of a safe integer. */
  signed(value: number): void {
    let left = value
    // Beyond 32 bits there are no shifts; few numbers are.
    while (left !== (left | 0)) {
      const rest = Math.floor(left / 128)
      this.bytes[this.length++] = (left - rest * 128) | 0x80
      left = rest
    }
    while (left < -64 || left > 63) {
      this.bytes[this.length++] = (left & 0x7f) | 0x80
      left >>= 7
    }
    this.bytes[this.length++] = left & 0x7f
  }

  /** `opcode index`. */
  op(opcode: number, index: number): void {
    this.bytes[this.length++] = opcode
    this.u32(index)
  }

  i32(value: number): void {
    this.bytes[this.length++] = code.i32Const
    this.signed(value)
  }

  i64(value: number): void {
    this.bytes[this.length++] = code.i64Const
    this.signed(value)
  }

  /** Takes `amount` from the i64 on the stack. */
  subtract(amount: number): void {
    this.i64(amount)
    this.bytes[this.length++] = i64Sub
  }

  /** `local` becomes what is on the stack; a branch where that is negative. */
  setAndCheck(local: number, depth: number): void {
    this.op(code.localTee, local)
    this.checkBelowZero(depth)
  }

  /** A branch where the i64 on the stack is negative. */
  checkBelowZero(depth: number): void {
    this.belowZero()
    this.op(code.brIf, depth)
  }

  /** Whether the i64 on the stack is negative. */
  belowZero(): void {
    this.i64(0)
    this.bytes[this.length++] = i64LtS
  }

  copy(from: Uint8Array, start: number, end: number): void {
    const size = end - start
    this.reserve(size + 64)
    const { bytes } = this
    if (size > 48) {
      bytes.set(from.subarray(start, end), this.length)
      this.length += size
      return
    }
    let at = this.length
    for (let next = start; next < end; next++) bytes[at++] = from[next] as number
    this.length = at
  }

  written(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(0, this.length)
  }
}
