/** Counts and sizes: tiny files that announce much, files that have much, and what stands just at a bound. */
import {
  body,
  command,
  custom,
  each,
  header,
  i32,
  i32Type,
  join,
  most,
  op,
  repeat,
  section,
  text,
  u32,
} from './binary.ts'
import type { Hostile } from './corpus.ts'

const plain = body([])
const refused = (ends: RegExp, make: () => Uint8Array<ArrayBuffer>): Hostile => ({ ends, make })
const admitted = (make: () => Uint8Array<ArrayBuffer>, ends = 'exited 0', more: Partial<Hostile> = {}): Hostile => ({
  ends,
  make,
  ...more,
})

/** A section that announces 4,294,967,295 of something and holds nothing. */
const announced = (id: number, what: RegExp): Hostile => refused(what, () => join(header, section(id, most)))
const withSections = (sections: Readonly<Record<number, Uint8Array | readonly number[]>>, start = plain) =>
  command({ functions: [[0, start]], sections })

const counts: Record<string, Hostile> = {
  'four thousand million types in 15 bytes': announced(1, /4294967295 types exceed the limit of 100000/),
  'four thousand million imports': announced(2, /4294967295 imports exceed the limit/),
  'four thousand million functions': announced(3, /4294967295 functions exceed the limit/),
  'four thousand million tables': announced(4, /4294967295 tables exceed the limit/),
  'four thousand million memories': announced(5, /several memories/),
  'four thousand million globals': announced(6, /4294967295 globals exceed the limit/),
  'four thousand million exports': announced(7, /4294967295 exports exceed the limit/),
  'four thousand million element segments': announced(9, /4294967295 element segments exceed the limit/),
  'four thousand million bodies': announced(10, /4294967295 bodies exceed the limit/),
  'four thousand million data segments': announced(11, /4294967295 data segments exceed the limit/),
  'a type of four thousand million parameters': refused(/4294967295 parameters exceed/, () =>
    join(header, section(1, [1, 0x60], most)),
  ),
  'an element segment of four thousand million functions': refused(/4294967295 elements exceed/, () =>
    withSections({ 4: [1, 0x70, 0, 1], 9: join([1, 0, op.const, 0, op.end], most) }),
  ),
  'a data segment of four gigabytes': refused(/middle of a value/, () =>
    withSections({ 5: [1, 0, 1], 11: join([1, 0, op.const, 0, op.end], most) }),
  ),
  'a name of four gigabytes': refused(/4294967295 bytes of a name/, () => join(header, section(7, [1], most))),
  'a body of four gigabytes': refused(/a function of 4294967295 bytes exceeds/, () =>
    join(header, section(10, [1], most)),
  ),
  'four thousand million declarations of locals': refused(/declarations of locals/, () =>
    command({ functions: [[0, join([6], most, [op.end])]] }),
  ),
}

const locals: Record<string, Hostile> = {
  'four thousand million locals in one declaration': refused(/4294967295 locals of a function exceed/, () =>
    command({ functions: [[0, body([], [[0xffff_ffff, i32Type]])]] }),
  ),
  'locals whose sum wraps': refused(/locals of a function exceed/, () =>
    command({
      functions: [
        [
          0,
          body(
            [],
            [
              [0xffff_ffff, i32Type],
              [2, i32Type],
            ],
          ),
        ],
      ],
    }),
  ),
  'fifty thousand locals': refused(/50000 locals of a function exceed/, () =>
    command({ functions: [[0, body([], [[50_000, i32Type]])]] }),
  ),
  'locals declared one by one': refused(/locals|declarations/, () =>
    command({
      functions: [
        [
          0,
          body(
            [],
            Array.from({ length: 60_000 }, () => [1, i32Type] as const),
          ),
        ],
      ],
    }),
  ),
  'three thousand functions of forty thousand locals': refused(
    /locals of all functions exceed the limit of 100000000/,
    () => command({ functions: Array.from({ length: 3_000 }, () => [0, body([], [[40_000, i32Type]])] as const) }),
  ),
  'forty thousand locals': admitted(() => command({ functions: [[0, body([], [[40_000, i32Type]])]] }), 'exited 0'),
  'a function of nine hundred parameters and results': admitted(() =>
    command({
      types: [join([0x60], u32(900), repeat(900, [i32Type]), u32(900), repeat(900, [i32Type]))],
      functions: [
        [0, body(join(each(900, i32Const), [op.call, 1], repeat(900, [op.drop])))],
        [1, body(each(900, index => [op.get, ...u32(index)]))],
      ],
    }),
  ),
  'six hundred types of nine hundred parameters and results': refused(
    /parameters and results of all types exceed the limit of 1000000/,
    () => {
      const wide = join([0x60], u32(900), repeat(900, [i32Type]), u32(900), repeat(900, [i32Type]))
      return command({ types: Array.from({ length: 600 }, () => wide), functions: [[0, plain]] })
    },
  ),
  'a type of a thousand parameters': refused(/1000 parameters exceed the limit of 900/, () =>
    command({ types: [join([0x60], u32(1000), repeat(1000, [i32Type]), [0])], functions: [[0, plain]] }),
  ),
}

function i32Const(value: number): number[] {
  return [op.const, ...i32(value)]
}

const tables: Record<string, Hostile> = {
  'a table of ten million entries in 17 bytes': refused(/a table of 10000000 entries exceeds/, () =>
    join(header, section(4, [1, 0x70, 0], u32(10_000_000))),
  ),
  'a table of four thousand million entries': refused(/a table of 4294967295 entries/, () =>
    join(header, section(4, [1, 0x70, 0], most)),
  ),
  'seventeen tables': refused(/17 tables exceed the limit of 16/, () =>
    withSections({ 4: join([17], repeat(17, [0x70, 0, 1])) }),
  ),
  'sixteen tables of a hundred thousand entries': admitted(() =>
    withSections({
      4: join(
        [16],
        each(16, () => [0x70, 0, ...u32(100_000)]),
      ),
    }),
  ),
  'a million elements': admitted(() =>
    withSections({ 4: [1, 0x70, 0, 1], 9: join([1, 1, 0], u32(1_000_000), repeat(1_000_000, [0])) }),
  ),
  'a million elements and one': refused(/elements exceed the limit/, () =>
    withSections({ 4: [1, 0x70, 0, 1], 9: join([1, 1, 0], u32(1_000_001), repeat(1_000_001, [0])) }),
  ),
  'a hundred thousand elements as expressions': admitted(() =>
    withSections({ 4: [1, 0x70, 0, 1], 9: join([1, 5, 0x70], u32(100_000), repeat(100_000, [0xd2, 0, op.end])) }),
  ),
  'elements beyond the table': admitted(
    () => withSections({ 4: [1, 0x70, 0, 1], 9: join([1, 0, op.const, 0, op.end], u32(50_000), repeat(50_000, [0])) }),
    'trapped tableOutOfBounds',
  ),
  'a hundred thousand empty element segments': admitted(() =>
    withSections({ 4: [1, 0x70, 0, 1], 9: join(u32(100_000), repeat(100_000, [1, 0, 0])) }),
  ),
}

const memories: Record<string, Hostile> = {
  'four gigabytes of memory at the start': admitted(
    () => withSections({ 5: [1, 0, ...u32(65_536)] }),
    'moduleRejected',
  ),
  'more pages than there are': refused(/a memory of more than 65536 pages/, () =>
    withSections({ 5: [1, 0, ...u32(65_537)] }),
  ),
  'four thousand million pages': refused(/a memory of more than 65536 pages/, () =>
    withSections({ 5: join([1, 0], most) }),
  ),
  'a memory whose maximum is below its minimum': refused(/not valid/, () => withSections({ 5: [1, 1, 5, 2] })),
  'a hundred thousand empty data segments': admitted(() =>
    withSections({ 5: [1, 0, 1], 12: u32(100_000), 11: join(u32(100_000), repeat(100_000, [1, 0])) }),
  ),
  'a hundred thousand data segments and one': refused(/100001 data segments exceed/, () =>
    withSections({ 5: [1, 0, 1], 11: join(u32(100_001), repeat(100_001, [1, 0])) }),
  ),
  'sixteen megabytes of data for one page': admitted(
    () =>
      withSections({ 5: [1, 0, 1], 11: join([1, 0, op.const, 0, op.end], u32(16_777_216), repeat(16_777_216, [1])) }),
    'trapped memoryOutOfBounds',
  ),
  'data that begin at -1': admitted(
    () => withSections({ 5: [1, 0, 1], 11: join([1, 0, op.const, ...i32(-1), op.end, 1, 1]) }),
    'trapped memoryOutOfBounds',
  ),
  'ten thousand segments on the same page': admitted(() =>
    withSections({
      5: [1, 0, 1],
      11: join(
        u32(10_000),
        each(10_000, () => join([0, op.const, 0, op.end], u32(64), repeat(64, [7]))),
      ),
    }),
  ),
}

const named: Record<string, Hostile> = {
  'five thousand exports': refused(/5000 exports exceed the limit of 4096/, () =>
    withSections({
      7: join(
        u32(5_000),
        each(5_000, index => join(text(`f${index}`), [0, 0])),
      ),
    }),
  ),
  'four thousand exports of a thousand bytes': admitted(() =>
    withSections({
      7: join(
        u32(4_001),
        text('_start'),
        [0, 0],
        each(4_000, index => join(text(String(index).padEnd(1_000, 'ä').slice(0, 500)), [0, 0])),
      ),
    }),
  ),
  'an export with a name of a megabyte': refused(/1048576 bytes of a name/, () =>
    withSections({ 7: join([1], text('a'.repeat(1_048_576)), [0, 0]) }),
  ),
  'exports with the names of an object': admitted(() => {
    const names = [
      '_start',
      '__proto__',
      'constructor',
      'toString',
      'then',
      'hasOwnProperty',
      '\0',
      '\u202e\u{1f600}',
      '',
    ]
    return withSections({ 7: join(u32(names.length), ...names.map(name => join(text(name), [0, 0]))) })
  }),
  'a name section that lies': admitted(
    () => command({ functions: [[0, body([op.unreachable])]], behind: custom('name', [1, ...most, ...most]) }),
    'trapped unreachable',
  ),
  'eight megabytes of names': admitted(
    () =>
      command({
        functions: [[0, body([op.unreachable])]],
        behind: custom('name', join([1], u32(8_000_008), u32(1), [0], u32(8_000_000, 4), repeat(8_000_000, [0x61]))),
      }),
    'trapped unreachable',
  ),
  'debug information of sixteen megabytes': admitted(() =>
    command({ functions: [[0, plain]], behind: custom('.debug_info', repeat(16_777_216, [0xff])) }),
  ),
}

const others: Record<string, Hostile> = {
  'a constant expression without end': refused(/a constant expression is too long/, () =>
    withSections({ 6: join([1, i32Type, 0, op.const, 1], repeat(50_000, [op.const, 1, op.add]), [op.end]) }),
  ),
  'a hundred thousand globals': admitted(() =>
    withSections({ 6: join(u32(100_000), repeat(100_000, [i32Type, 1, op.const, 0, op.end])) }),
  ),
  'a chain of a thousand globals, each made of the one before': {
    ends: 'exited 1001',
    make: () =>
      command({
        types: [[0x60, 1, i32Type, 0]],
        functions: [[0, body(join([0x23], u32(1_000), [op.call, 0]))]],
        sections: {
          2: join([1], text('wasi_snapshot_preview1'), text('proc_exit'), [0, 1]),
          5: [1, 0, 1],
          6: join(
            u32(1_001),
            [i32Type, 0, op.const, 1, op.end],
            each(1_000, index => [i32Type, 0, 0x23, ...u32(index), op.const, 1, op.add, op.end]),
          ),
          7: join([2], text('_start'), [0, 1], text('memory'), [2, 0]),
        },
      }),
  },
  'a global made of the one behind it': refused(/not valid/, () =>
    withSections({ 6: [2, i32Type, 0, 0x23, 1, op.end, i32Type, 0, op.const, 1, op.end] }),
  ),
  'a global made of one that changes': refused(/not valid/, () =>
    withSections({ 6: [2, i32Type, 1, op.const, 1, op.end, i32Type, 0, 0x23, 0, op.end] }),
  ),
  'a hundred thousand globals and one': refused(/100001 globals exceed/, () =>
    withSections({ 6: join(u32(100_001), repeat(100_001, [i32Type, 1, op.const, 0, op.end])) }),
  ),
  'more than a thousand imports': refused(/1001 imports exceed/, () =>
    withSections({
      2: join(
        u32(1_001),
        each(1_001, () => join(text('wasi_snapshot_preview1'), text('sched_yield'), [0, 0])),
      ),
    }),
  ),
}

export const bounds: Record<string, Hostile> = { ...counts, ...locals, ...tables, ...memories, ...named, ...others }
