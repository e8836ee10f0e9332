/** What makes readers, rewriters and compilers work: much code, or little of the kind that takes long. */
import { type Bytes, body, command, each, i32, i32Type, join, op, repeat, u32 } from './binary.ts'
import type { Hostile } from './corpus.ts'

const plain = body([])
const bodyBytes = 2_990_000
const filling = (part: readonly number[], bytes = bodyBytes) => repeat(Math.floor(bytes / part.length), part)
const withBody = (code: Uint8Array, locals: readonly (readonly [number, number])[] = [], ...others: Uint8Array[]) =>
  command({ functions: [[0, body(code, locals)], ...others.map(one => [0, one] as const)], sections: { 5: [1, 0, 1] } })
const runs = (make: () => Uint8Array<ArrayBuffer>, ends: Hostile['ends'] = 'exited 0'): Hostile => ({ ends, make })

const many: Record<string, Hostile> = {
  'three hundred thousand functions': runs(() =>
    command({ functions: Array.from({ length: 300_000 }, () => [0, plain] as const) }),
  ),
  'three hundred thousand functions and one': runs(
    () => command({ functions: Array.from({ length: 300_001 }, () => [0, plain] as const) }),
    /300001 functions exceed the limit of 300000/,
  ),
  'two thousand functions that each declare forty thousand floats': runs(() => {
    const adds = body([op.get, 0, op.get, 1, 0xa0, op.set, 2], [[40_000, 0x7c]])
    return command({ functions: Array.from({ length: 2_000 }, () => [0, adds] as const) })
  }),
  'a chain of a hundred thousand calls': runs(
    () => command({ functions: chain(100_000, index => (index === 99_999 ? [] : [op.call, ...u32(index + 1)])) }),
    'depthExhausted',
  ),
  'a ring of a hundred thousand functions': runs(
    () => command({ functions: chain(100_000, index => [op.call, ...u32((index + 1) % 100_000)]) }),
    'depthExhausted',
  ),
  'a thousand functions that all call all': runs(
    () => command({ functions: chain(1_000, () => each(1_000, callee => [op.call, ...u32(callee)])) }),
    'depthExhausted',
  ),
  'a tree of calls that doubles with each step': runs(
    () => command({ functions: chain(60, index => (index === 59 ? [] : [op.call, index + 1, op.call, index + 1])) }),
    'fuelExhausted',
  ),
  'fifty thousand functions that are called through a table': runs(() =>
    command({
      functions: [[0, plain], ...chain(50_000, index => [op.const, ...i32(index), op.callIndirect, 0, 0])],
      sections: {
        4: [1, 0x70, 0, ...u32(50_000)],
        9: join([1, 0, op.const, 0, op.end], u32(50_000), each(50_000, u32)),
      },
    }),
  ),
}

const chain = (count: number, code: (index: number) => Uint8Array | number[]) =>
  Array.from({ length: count }, (_, index) => [0, body(code(index))] as const)

const huge: Record<string, Hostile> = {
  'a body of three million bytes and one': runs(
    () => withBody(repeat(3_000_001, [op.nop])),
    /exceeds the limit of 3000000/,
  ),
  'a body of three million bytes that do nothing': runs(() => withBody(filling([op.nop]))),
  'a body of additions': runs(() => withBody(join([op.const, 0], filling([op.const, 1, op.add]), [op.drop]))),
  'a million operands at once': runs(
    () => withBody(join(repeat(700_000, [op.const, 0]), repeat(699_999, [op.add]), [op.drop])),
    'depthExhausted',
  ),
  'a body of calls': runs(() => withBody(filling([op.call, 1], 500_000), [], plain)),
  'a body of loops that do not loop': runs(() => withBody(filling([op.loop, 0x40, op.end], 600_000))),
  'a body of branches': runs(
    () => withBody(filling([op.const, 0, op.brIf, 0])),
    /bytes with its charges exceeds the limit of 7000000/,
  ),
  'a body of square roots that are kept': runs(
    () => withBody(join([op.get, 0], filling([0x9f, op.tee, 0]), [op.drop]), [[1, 0x7c]]),
    /bytes with its charges exceeds the limit of 7000000/,
  ),
  'a body of vectors of floats that are kept': runs(
    () => withBody(join([op.get, 0], filling([0xfd, 0xe3, 0x01, op.tee, 0]), [op.drop]), [[1, 0x7b]]),
    /bytes with its charges exceeds the limit of 7000000/,
  ),
  'a thousand locals that meet in a thousand branches': runs(() =>
    withBody(
      each(1_000, round =>
        join(
          [op.get, 0, op.if, 0x40],
          each(20, index => [
            op.get,
            ...u32((round * 7 + index) % 1_000),
            op.set,
            ...u32((round * 13 + index * 31) % 1_000),
          ]),
          [op.end],
        ),
      ),
      [[1_000, i32Type]],
    ),
  ),
}

const nested: Record<string, Hostile> = {
  'ten thousand blocks and one, nested': runs(
    () => withBody(join(repeat(10_001, [op.block, 0x40]), repeat(10_001, [op.end]))),
    /blocks nested deeper than 10000/,
  ),
  'a million blocks, nested': runs(
    () => withBody(join(repeat(700_000, [op.block, 0x40]), repeat(700_000, [op.end]))),
    /blocks nested deeper than 10000/,
  ),
  'nine thousand blocks, nested': runs(() => withBody(join(repeat(9_000, [op.block, 0x40]), repeat(9_000, [op.end])))),
  'nine thousand loops, nested': runs(() => withBody(join(repeat(9_000, [op.loop, 0x40]), repeat(9_000, [op.end])))),
  'nine thousand conditions, nested': runs(() =>
    withBody(join(repeat(9_000, [op.const, 1, op.if, 0x40]), repeat(9_000, [op.else, op.end]))),
  ),
  'branches out of nine thousand blocks': runs(() =>
    withBody(
      join(
        repeat(9_000, [op.block, 0x40]),
        each(9_000, index => [op.const, 0, op.brIf, ...u32(index)]),
        repeat(9_000, [op.end]),
      ),
    ),
  ),
}

const targets = (count: number) => join([op.get, 0, op.brTable], u32(count), repeat(count + 1, [0]))
const branchTables: Record<string, Hostile> = {
  'a br_table of a million targets': runs(
    () => withBody(join([op.block, 0x40], targets(1_000_000), [op.end]), [[1, i32Type]]),
    /1000000 branch targets exceed/,
  ),
  'a br_table that announces a million targets': runs(
    () => withBody(join([op.block, 0x40, op.const, 0, op.brTable], u32(60_000), [op.end])),
    /60000 branch targets do not fit/,
  ),
  'a br_table of 65,520 targets, a hundred thousand times': runs(() =>
    withBody(
      join([op.loop, 0x40, op.block, 0x40], targets(65_520), [
        op.end,
        op.get,
        0,
        op.const,
        1,
        op.add,
        op.tee,
        0,
        op.const,
        ...i32(100_000),
        0x48,
        op.brIf,
        0,
        op.end,
      ]),
      [[1, i32Type]],
    ),
  ),
  'forty br_tables of 65,520 targets in one body': runs(() =>
    withBody(repeat(40, join([op.block, 0x40], targets(65_520), [op.end])), [[1, i32Type]]),
  ),
  'a br_table of a thousand different targets, many times over': runs(() =>
    withBody(
      each(20, () =>
        join(
          repeat(1_000, [op.block, 0x40]),
          [op.get, 0, op.brTable],
          u32(999),
          each(1_000, u32),
          repeat(1_000, [op.end]),
        ),
      ),
      [[1, i32Type]],
    ),
  ),
}

const nearly = (part: readonly number[], room: number, before: Bytes = [], after: Bytes = []) => {
  const count = Math.min(Math.floor(6_999_000 / (part.length + room)), Math.floor(bodyBytes / part.length))
  const locals = [
    [1, 0x7c],
    [1, 0x7d],
    [1, 0x7b],
    [39_000, i32Type],
  ] as const
  return withBody(
    join(before, repeat(count, part), after),
    locals,
    body([op.const, 0, op.if, 0x40, op.call, 1, op.end]),
  )
}
const kept = [op.const, 0, op.get, 0, 0x39, 3, 0]

/**
 * As many as the room of a body allows (limits.ts) of what grows most when it is metered, beside so many locals that every access is long.
 * They are admitted, so engines must take them metered. Not to be run: compilers take minutes over some.
 */
export const fullBodies: Readonly<Record<string, () => Uint8Array<ArrayBuffer>>> = {
  branches: () => nearly([op.const, 0, op.brIf, 0], 24),
  'loops that may loop': () => nearly([op.loop, 0x40, op.const, 0, op.brIf, 0, op.end], 48),
  calls: () => nearly([op.call, 1], 24),
  growth: () => nearly([op.const, 0, 0x40, 0, op.drop], 24),
  'bulk memory': () => nearly([op.const, 0, op.const, 0, op.const, 0, 0xfc, 11, 0], 24),
  'square roots': () => nearly([0x9f, op.tee, 0], 42, [op.get, 0], [op.drop, ...kept]),
  'floats of both sizes': () => nearly([op.get, 0, 0xb6, op.tee, 1, 0xbb, op.set, 0], 86, [], kept),
  vectors: () =>
    nearly([0xfd, 0xe3, 0x01, op.tee, 2], 42, [op.get, 2], [op.drop, op.const, 0, op.get, 2, 0xfd, 11, 0, 0]),
  locals: () => nearly([op.get, 0, op.set, 0], 4),
}

const slow: Record<string, Hostile> = {
  'forty thousand locals around a hundred thousand branches': {
    ends: 'timedOut',
    endless: true,
    make: () => withBody(filling([op.const, 0, op.brIf, 0], 400_000), [[39_000, i32Type]]),
  },
}

export const compilation: Record<string, Hostile> = { ...many, ...huge, ...nested, ...branchTables, ...slow }
