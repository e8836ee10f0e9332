/** What is no module: cut off, out of order, or not what it says of itself. */
import {
  body,
  command,
  custom,
  each,
  header,
  i32Type,
  join,
  most,
  op,
  repeat,
  section,
  sized,
  text,
  u32,
} from './binary.ts'
import type { Hostile } from './corpus.ts'

const bytes = (ends: RegExp, ...parts: readonly (readonly number[] | Uint8Array)[]): Hostile => ({
  ends,
  make: () => join(...parts),
})
const plain = body([])
const whole = command({ functions: [[0, plain]] })
const types = section(1, [1, 0x60, 0, 0])
const functions = section(3, [1, 0])
const exported = section(7, [1], text('_start'), [0, 0])
const code = section(10, [1], plain)

export const malformed: Record<string, Hostile> = {
  'no bytes at all': bytes(/header, byte 0: not a WebAssembly module/),
  'half of the magic number': bytes(/header, byte 0: not a WebAssembly module/, [0x00, 0x61]),
  'the magic number and no version': bytes(/not a WebAssembly module/, header.slice(0, 4)),
  'version 2': bytes(/header, byte 4: not a core module of version 1/, [0x00, 0x61, 0x73, 0x6d, 2, 0, 0, 0]),
  'a component': bytes(/not a core module of version 1/, [0x00, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]),
  'a shell script': bytes(/not a WebAssembly module/, Buffer.from('#!/bin/sh\nrm -rf /\n')),
  'an ELF program': bytes(/not a WebAssembly module/, [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1], repeat(100, [0])),
  'a megabyte of zeros': bytes(/not a WebAssembly module/, repeat(1_048_576, [0])),
  'an empty module': bytes(/no function "_start"/, header),
  'cut off in the middle of a body': bytes(/bytes are announced|middle of a value/, whole.subarray(0, -2)),
  'cut off in the middle of an export': bytes(/\d+ bytes are announced/, whole.subarray(0, 26)),
  'a section of four gigabytes': bytes(/4294967295 bytes are announced/, header, [1], most),
  'a section size of six bytes': bytes(/longer than 32 bits/, header, [1, 0x80, 0x80, 0x80, 0x80, 0x80, 0]),
  'a section size of 33 bits': bytes(/longer than 32 bits/, header, [1, 0xff, 0xff, 0xff, 0xff, 0x1f]),
  'an unknown section': bytes(/unknown section 42/, header, [42, 0]),
  'a section of tags': bytes(/exceptions are not admitted/, header, [13, 1, 0]),
  'the types twice': bytes(/stands twice or out of order/, header, types, types),
  'the code before the functions': bytes(/out of order/, header, types, code, functions, exported),
  'the data count behind the code': bytes(/out of order/, header, types, functions, exported, code, section(12, [0])),
  'a section that ends in the middle of its contents': bytes(
    /middle of a value|do not fit/,
    header,
    [1, 3, 1, 0x60, 0, 0],
  ),
  'a section that goes on behind its contents': bytes(/1 bytes too many/, header, section(1, [1, 0x60, 0, 0, 0])),
  'two functions and one body': bytes(
    /2 functions are declared, 1 have a body/,
    header,
    types,
    section(3, [2, 0, 0]),
    exported,
    code,
  ),
  'one function and no code': bytes(/1 functions are declared, 0 have a body/, header, types, functions, exported),
  'a body that ends before its end': bytes(/middle of a value/, command({ functions: [[0, sized([0, op.nop])]] })),
  'a body that goes on behind its end': bytes(
    /bytes too many/,
    command({ functions: [[0, sized([0, op.end, op.nop, op.end])]] }),
  ),
  'a body that reaches into the next one': bytes(
    /middle of a value|bytes too many|bytes are announced/,
    command({
      functions: [
        [0, [5, 0, op.nop, op.end]],
        [0, [2, 0, op.end]],
      ],
    }),
  ),
  'a data count that lies': {
    ends: /data segments count 0 mismatch|data segment/,
    make: () => command({ functions: [[0, plain]], sections: { 12: [1] } }),
  },
  'memory.init without a data count': {
    ends: /not valid: .*data segment index/,
    make: () =>
      command({
        functions: [[0, body([0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 8, 0, 0])]],
        sections: { 5: [1, 0, 1], 11: [1, 1, 1, 0] },
      }),
  },
  'a name that is no UTF-8': {
    ends: /a name is not UTF-8/,
    make: () =>
      command({ functions: [[0, plain]], sections: { 7: join([1], text(new Uint8Array([0xff, 0xfe])), [0, 0]) } }),
  },
  'a name that is a lone surrogate': {
    ends: /a name is not UTF-8/,
    make: () =>
      command({
        functions: [[0, plain]],
        sections: { 7: join([1], text(new Uint8Array([0xed, 0xa0, 0x80])), [0, 0]) },
      }),
  },
  'a custom section whose name is longer than it': bytes(/do not fit its size/, header, section(0, [5, 0x61])),
  'types of unknown kinds': bytes(/a function type was expected/, header, section(1, [1, 0x61, 0, 0])),
  'a type that is its own': bytes(
    /garbage collected types are not admitted/,
    header,
    section(1, [1, 0x4e, 1, 0x5f, 1, 0x63, 0, 0]),
  ),
  'a value of an unknown type': bytes(
    /code section|not admitted|unknown/,
    command({ functions: [[0, body([], [[1, 0x42]])]] }),
  ),
  'an instruction that nobody knows': bytes(/unknown instruction/, command({ functions: [[0, body([0x27])]] })),
  'a prefix with a number of five bytes': bytes(
    /unknown instruction|0xfc/,
    command({ functions: [[0, body([0xfc, ...most])]] }),
  ),
  'a call of a function that is not there': bytes(
    /not valid: .*function index/,
    command({ functions: [[0, body([op.call, ...most])]] }),
  ),
  'a type that is not there': bytes(
    /"_start" takes or returns values|not valid/,
    command({ functions: [[99, plain]] }),
  ),
  'a start function that is not there': bytes(
    /not valid/,
    command({ functions: [[0, plain]], sections: { 8: u32(7) } }),
  ),
  'a start function that takes values': bytes(
    /not valid: .*start function/,
    command({
      types: [[0x60, 1, i32Type, 0]],
      functions: [
        [0, plain],
        [1, plain],
      ],
      sections: { 8: u32(1) },
    }),
  ),
  'the same export twice': bytes(
    /not valid: .*[Dd]uplicate export/,
    command({ functions: [[0, plain]], sections: { 7: join([2], text('_start'), [0, 0], text('_start'), [0, 0]) } }),
  ),
  'an import that is a word of JavaScript': bytes(
    /unknown imports "wasi_snapshot_preview1" "__proto__", "constructor" "toString"/,
    command({
      functions: [[0, plain]],
      sections: {
        2: join(
          [2],
          text('wasi_snapshot_preview1'),
          text('__proto__'),
          [0, 0],
          text('constructor'),
          text('toString'),
          [0, 0],
        ),
      },
    }),
  ),
  'a thousand custom sections too many': bytes(
    /more than 1000 sections/,
    header,
    each(2_000, () => custom('x')),
  ),
}
