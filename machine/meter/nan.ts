/** The code that looks at a float, or makes its NaN canonical (floats.ts says where). */
import type { Code } from './code.ts'
import { code, nan } from './opcodes.ts'

/** By kind (opcodes.ts, nan): its value type, how it is compared and added, and the canonical NaN as constant. */
const rows = [
  undefined,
  { type: 0x7d, equal: [0x5b], unequal: [0x5c], add: [0x92], canonical: [0x43, 0, 0, 0xc0, 0xff] },
  { type: 0x7c, equal: [0x61], unequal: [0x62], add: [0xa0], canonical: [0x44, 0, 0, 0, 0, 0, 0, 0xf8, 0xff] },
  {
    type: 0x7b,
    equal: [0xfd, 65],
    unequal: [0xfd, 66],
    add: [0xfd, 0xe4, 1],
    canonical: [0xfd, 12, 0, 0, 0xc0, 0xff, 0, 0, 0xc0, 0xff, 0, 0, 0xc0, 0xff, 0, 0, 0xc0, 0xff],
  },
  {
    type: 0x7b,
    equal: [0xfd, 71],
    unequal: [0xfd, 72],
    add: [0xfd, 0xf0, 1],
    canonical: [0xfd, 12, 0, 0, 0, 0, 0, 0, 0xf8, 0xff, 0, 0, 0, 0, 0, 0, 0xf8, 0xff],
  },
] as const
const bitselect = [0xfd, 82]
const anyTrue = [0xfd, 83]
const emptyBlock = 0x40
/** One alone would make each look wait for the one before. */
const accumulatorsMax = 4

const row = (kind: number) => rows[kind] as NonNullable<(typeof rows)[number]>
const put = (out: Code, bytes: readonly number[]) => {
  for (const byte of bytes) out.byte(byte)
}

/** The locals of one function that hold what was looked at: a NaN that is added stays. */
export class FloatLocals {
  /** Their types, in order. */
  readonly types: number[] = []
  private readonly first: number
  private readonly spares: number[] = []
  private readonly sums: { first: number; count: number; next: number }[] = []

  /** `counts`: how many places of each kind; `first`: the first local that is free. `detect` needs sums. */
  constructor(counts: readonly number[], first: number, detect: boolean) {
    this.first = first
    for (const kind of Object.values(nan)) {
      const count = counts[kind] as number
      if (count === 0) continue
      this.spares[kind] = this.add(kind)
      if (!detect) continue
      const sums = Math.min(count, accumulatorsMax)
      this.sums[kind] = { first: this.first + this.types.length, count: sums, next: 0 }
      for (let left = sums; left > 0; left--) this.add(kind)
    }
  }

  private add(kind: number): number {
    this.types.push(row(kind).type)
    return this.first + this.types.length - 1
  }

  /** The value on the stack stays there, its NaN made canonical. */
  repair(out: Code, kind: number): void {
    const { equal, canonical } = row(kind)
    const spare = this.spares[kind] as number
    out.reserve(96)
    out.op(code.localTee, spare)
    put(out, canonical)
    out.op(code.localGet, spare)
    out.op(code.localGet, spare)
    put(out, equal)
    if (kind >= nan.f32x4) put(out, bitselect)
    else out.byte(code.select)
  }

  /** Looks at the value on the stack, which stays there; or at a local. */
  look(out: Code, kind: number, local?: number): void {
    const sums = this.sums[kind] as { first: number; count: number; next: number }
    const sum = sums.first + sums.next
    sums.next = (sums.next + 1) % sums.count
    out.reserve(96)
    if (local === undefined) out.op(code.localTee, this.spares[kind] as number)
    out.op(code.localGet, local ?? (this.spares[kind] as number))
    out.op(code.localGet, sum)
    put(out, row(kind).add)
    out.op(code.localSet, sum)
  }

  /** Says in a global whether a NaN has been seen. */
  tell(out: Code, global: number): void {
    for (const kind of Object.values(nan)) {
      const sums = this.sums[kind]
      if (sums === undefined) continue
      out.reserve(128)
      const spare = this.spares[kind] as number
      out.op(code.localGet, sums.first)
      for (let other = 1; other < sums.count; other++) {
        out.op(code.localGet, sums.first + other)
        put(out, row(kind).add)
      }
      out.op(code.localTee, spare)
      out.op(code.localGet, spare)
      put(out, row(kind).unequal)
      if (kind >= nan.f32x4) put(out, anyTrue)
      out.op(code.if, emptyBlock)
      out.i32(1)
      out.op(code.globalSet, global)
      out.byte(code.end)
    }
  }
}
