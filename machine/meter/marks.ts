/**
 * The instructions that decide how a function is rewritten, and what lies between them: of most modules all of it is kept from admission on, so
 * that no body is decoded twice.
 */

/** What may be kept, so that the memory that a module costs stays bounded: what comes behind is decoded again. */
const keptMax = 4_000_000

/** Where the marks of one body stand. */
export interface Outline {
  first: number
  /** One more than the last. */
  last: number
  movableFirst: number
  movableLast: number
}

export class Marks {
  count = 0
  /** Instructions that are more than operands and results: control, calls, what is charged by length. None of them is out of reach. */
  opcodes: Uint16Array
  /** Where each begins, and where what follows it does. */
  starts: Uint32Array
  ends: Uint32Array
  /**
   * The first index, where there is one; of a block its type (`emptyBlockType`, a value type as a negative number, or an index), of a br_table where its
   * targets begin.
   */
  immediates: Int32Array
  /** The weight of each and of all between it and the one before. */
  costs: Int32Array
  movableCount = 0
  /** Where instructions begin that name one of the first two locals that a function declares: those may have to move. */
  movables: Uint32Array

  /** For bodies of so many bytes, all together. */
  constructor(bytes: number) {
    // Real modules have a mark for every 10 bytes, and a third as many movable locals.
    const size = 1024 + (bytes >>> 3)
    this.opcodes = new Uint16Array(size)
    this.starts = new Uint32Array(size)
    this.ends = new Uint32Array(size)
    this.immediates = new Int32Array(size)
    this.costs = new Int32Array(size)
    this.movables = new Uint32Array(size >>> 1)
  }

  /** Room for a body of so many bytes, whatever is in it. */
  reserve(bytes: number): void {
    const size = this.count + bytes
    if (size > this.opcodes.length) {
      const room = Math.max(size, this.count * 2)
      this.opcodes = grown(this.opcodes, new Uint16Array(room))
      this.starts = grown(this.starts, new Uint32Array(room))
      this.ends = grown(this.ends, new Uint32Array(room))
      this.immediates = grown(this.immediates, new Int32Array(room))
      this.costs = grown(this.costs, new Int32Array(room))
    }
    const movables = this.movableCount + bytes
    if (movables > this.movables.length) {
      this.movables = grown(this.movables, new Uint32Array(Math.max(movables, this.movableCount * 2)))
    }
  }

  /** Whether a body's may stay; else they are given up. */
  keep(outline: Outline): boolean {
    if (Math.max(outline.last, outline.movableLast) <= keptMax) return true
    this.count = outline.first
    this.movableCount = outline.movableFirst
    return false
  }
}

function grown<Numbers extends Uint16Array | Uint32Array | Int32Array>(from: Numbers, to: Numbers): Numbers {
  to.set(from)
  return to
}
