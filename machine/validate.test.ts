import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { isPhaseError } from '../phase/errors.ts'
import { compileFixture, compileText } from './fixtures/compile.ts'
import { meter } from './meter.ts'
import { admit, interfaceOf } from './validate.ts'

const hello = await readFile(new URL('../examples/hello/hello.wasm', import.meta.url))
const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]

/** The rejection's message, an error for anything else. */
function rejection(bytes: Uint8Array): string {
  try {
    admit(bytes)
  } catch (error) {
    assert.ok(isPhaseError(error, 'moduleRejected'), String(error))
    return error.message
  }
  throw new Error('it was admitted')
}

describe('a module is refused with its reason and place', () => {
  const expected: Record<string, RegExp> = {
    'table-bomb': /table section, byte 21: a table of 10000000 entries exceeds the limit of 100000/,
    'unknown-import':
      /import section, byte \d+: unknown imports "env" "system", "wasi_snapshot_preview1" "fd_teleport"/,
    'wrong-import-type': /import section, byte \d+: import "fd_close" does not have its type/,
    'imported-memory': /import section, byte \d+: an imported memory/,
    'no-start': /export section: there is no function "_start"/,
    'reserved-export': /export section, byte \d+: export "phase.memoryPagesMax" has a reserved name/,
    threads: /memory section, byte \d+: a shared memory/,
    exceptions: /byte \d+: exceptions are not admitted/,
    'relaxed-simd': /code section, byte \d+: relaxed SIMD is not admitted/,
    memory64: /memory section, byte \d+: a 64-bit memory/,
    'several-memories': /memory section, byte \d+: several memories/,
  }
  for (const [name, pattern] of Object.entries(expected)) {
    test(name, async () => assert.match(rejection(await compileFixture(name)), pattern))
  }

  const texts: Record<string, [string, RegExp]> = {
    'a start that takes a value': ['(module (func (export "_start") (param i32)))', /takes or returns values/],
    'a start that is no function': ['(module (memory (export "_start") 1))', /no function "_start"/],
    'imports without a memory': [
      '(module (import "wasi_snapshot_preview1" "sched_yield" (func (result i32))) (func (export "_start")))',
      /no memory exported/,
    ],
    'an imported table': ['(module (import "a" "b" (table 1 funcref)) (func (export "_start")))', /imported table/],
    'an imported global': ['(module (import "a" "b" (global i32)) (func (export "_start")))', /imported global/],
    'atomics without shared memory': [
      '(module (memory 1) (func (export "_start") (drop (i32.atomic.load (i32.const 0)))))',
      /code section, byte \d+: threads and atomics are not admitted/,
    ],
    'what does not type-check': ['(module (func (export "_start") (i32.const 1)))', /not valid: .*function #0/],
  }
  for (const [name, [text, pattern]] of Object.entries(texts)) {
    test(name, async () => assert.match(rejection(await compileText(text)), pattern))
  }

  const bytes: Record<string, [number[], RegExp]> = {
    'no bytes': [[], /header, byte 0: not a WebAssembly module/],
    'a shell script': [[...Buffer.from('#!/bin/sh\necho hello\n')], /not a WebAssembly module/],
    'a component': [[0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00], /header, byte 4: not a core module of version 1/],
    'an unknown section': [[...header, 42, 0], /byte 8: unknown section 42/],
    'a section beyond the end': [[...header, 1, 0x7f], /type section, byte 10: 127 bytes are announced, 0 are left/],
    'a size of five bytes that is too large': [[...header, 1, 0xff, 0xff, 0xff, 0xff, 0x1f], /longer than 32 bits/],
    'four thousand million types in six bytes': [
      [...header, 1, 5, 0xff, 0xff, 0xff, 0xff, 0x0f],
      /type section, byte 10: 4294967295 types exceed the limit/,
    ],
    'types that do not fit their section': [[...header, 1, 2, 0x20, 0x60], /32 types do not fit its size/],
    'sections out of order': [[...header, 3, 1, 0, 1, 1, 0], /type section, byte 11: it stands twice or out of order/],
    'bytes after a section': [[...header, 1, 2, 0, 0], /1 bytes too many/],
    'a struct type': [[...header, 1, 4, 1, 0x5f, 0, 0], /garbage collected types/],
    'a recursive group': [[...header, 1, 4, 1, 0x4e, 0, 0], /garbage collected types/],
    'a function without a body': [
      [...header, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0],
      /1 functions are declared, 0 have a body/,
    ],
    'fifty thousand locals': [bodyOf(1, 0xd0, 0x86, 0x03, 0x7f, 0x0b), /locals of a function exceed the limit/],
    'locals whose sum would wrap': [
      bodyOf(2, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x7f, 0x02, 0x7f, 0x0b),
      /4294967295 locals of a function exceed the limit/,
    ],
    'instructions after the end': [bodyOf(0, 0x0b, 0x0b), /1 bytes too many/],
    'a struct instruction': [bodyOf(0, 0xfb, 0x00, 0x00, 0x0b), /garbage collected types are not admitted/],
    'a null of a type by number': [bodyOf(0, 0xd0, 0x01, 0x1a, 0x0b), /typed function references are not admitted/],
    'a call by reference': [bodyOf(0, 0x14, 0x00, 0x0b), /typed function references are not admitted/],
    'an instruction that nobody knows': [bodyOf(0, 0x27, 0x0b), /code section, byte \d+: unknown instruction 0x27/],
    'a branch table without bytes': [bodyOf(0, 0x0e, 0xff, 0xff, 0x03, 0x0b), /65535 branch targets exceed the limit/],
  }
  for (const [name, [module, pattern]] of Object.entries(bytes)) {
    test(name, () => assert.match(rejection(new Uint8Array(module)), pattern))
  }

  test('blocks nested without end', () => {
    const depth = 20_000
    const body = [
      0,
      ...Array.from({ length: depth }, () => [0x02, 0x40]).flat(),
      ...Array.from({ length: depth + 1 }, () => 0x0b),
    ]
    assert.match(rejection(new Uint8Array(moduleOf(body))), /blocks nested deeper than 10000/)
  })
})

test('a module that is admitted is described by its imports, exports and memory', async () => {
  assert.deepEqual(interfaceOf(admit(hello)), {
    imports: ['fd_read', 'fd_write', 'proc_exit'].map(name => ({
      module: 'wasi_snapshot_preview1',
      name,
      kind: 'function',
    })),
    exports: [
      { name: 'memory', kind: 'memory' },
      { name: '_start', kind: 'function' },
    ],
    memory: { initialBytes: 131_072 },
  })
  assert.deepEqual(interfaceOf(admit(await compileFixture('no-memory'))).memory, undefined)
})

test('whatever is changed in a module, it is refused or still valid when rewritten', async () => {
  const guests = [hello]
  for (const name of [
    'files',
    'memory-bomb',
    'simd',
    'trap-indirect',
    'start-function',
    'table-grow-bomb',
    'table-bomb',
  ]) {
    guests.push(Buffer.from(await compileFixture(name)))
  }
  const change = fc.record({
    at: fc.nat(),
    kind: fc.constantFrom('set', 'insert', 'delete', 'cut'),
    value: fc.integer({ min: 0, max: 255 }),
  })
  let admitted = 0
  fc.assert(
    fc.property(fc.constantFrom(...guests), fc.array(change, { minLength: 1, maxLength: 3 }), (guest, changes) => {
      const bytes = changes.reduce(mutate, new Uint8Array(guest))
      try {
        const module = admit(bytes)
        admitted++
        for (const mode of ['detect', 'repair'] as const) meter(module, mode)
      } catch (error) {
        if (!isPhaseError(error, 'moduleRejected')) throw error
      }
    }),
    { numRuns: 4000 },
  )
  assert.ok(admitted > 0)
})

function mutate(bytes: Uint8Array<ArrayBuffer>, { at, kind, value }: { at: number; kind: string; value: number }) {
  const index = at % (bytes.length + 1)
  if (kind === 'cut') return bytes.slice(0, index)
  const tail = bytes.subarray(index + (kind === 'insert' ? 0 : 1))
  return new Uint8Array([...bytes.subarray(0, index), ...(kind === 'delete' ? [] : [value]), ...tail])
}

/** A module whose one function has these bytes for a body: its locals, then its instructions. */
function bodyOf(...body: number[]): number[] {
  return moduleOf(body)
}

function moduleOf(body: number[]): number[] {
  const name = [...Buffer.from('_start')]
  return [
    ...header,
    ...section(1, [1, 0x60, 0, 0]),
    ...section(3, [1, 0]),
    ...section(7, [1, name.length, ...name, 0, 0]),
    ...section(10, [1, ...leb(body.length), ...body]),
  ]
}

function section(id: number, contents: number[]): number[] {
  return [id, ...leb(contents.length), ...contents]
}

function leb(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)]
}
