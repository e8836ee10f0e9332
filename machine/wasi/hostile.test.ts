/** What a hostile guest may pass: any number for any argument, at any time. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { descriptorsMax, scratchBytesMax, scratchNodesMax, subscriptionsMax } from '../limits.ts'
import { HostTrap, RunEnd } from './errno.ts'
import { type WasiName, wasiParameters } from './signatures.ts'
import { Guest } from './testing/guest.ts'
import { Wasi } from './wasi.ts'

const memoryBytes = 65_536
const names = Object.keys(wasiParameters) as WasiName[]

/** Descriptors, flags, sizes and pointers that mean something come up often enough to be met together. */
const i32 = fc.oneof(
  fc.nat(8),
  fc.constantFrom(
    16,
    64,
    256,
    1024,
    4096,
    65_528,
    65_535,
    65_536,
    65_537,
    2 ** 31 - 1,
    2 ** 31,
    2 ** 32 - 8,
    2 ** 32 - 1,
  ),
  fc.nat(memoryBytes),
  fc.nat(2 ** 32 - 1),
)
const i64 = fc.oneof(
  fc.bigInt(0n, 8n),
  fc.constantFrom(66n, 2n ** 29n - 1n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n),
  fc.bigInt(0n, 2n ** 64n - 1n),
)
const call = fc
  .constantFrom(...names)
  .chain(name =>
    fc.tuple(fc.constant(name), fc.tuple(...wasiParameters[name].split('').map(kind => (kind === 'i' ? i32 : i64)))),
  )

describe('whatever is passed to host functions', () => {
  test('each call answers an error number, traps, or ends the run', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 512, maxLength: 512 }),
        fc.array(call, { maxLength: 40 }),
        (contents, calls) => {
          const wasi = open()
          new Uint8Array(wasi.memory.buffer).set(contents)
          for (const [name, args] of calls) assert.ok(isErrno(wasi.attempt(name, args)), name)
        },
      ),
      { numRuns: 400 },
    )
  })

  test('what comes as i32 may be negative, as WebAssembly hands it over', () => {
    const { call } = open()
    assert.equal(call('fd_close', [-1]), 8)
    assert.throws(() => call('random_get', [-8, 16]), HostTrap)
    assert.throws(() => call('fd_write', [1, -8, 1, 0]), HostTrap)
  })
})

describe('pointers that a call must follow trap', () => {
  const wild: [WasiName, (number | bigint)[], HostTrap['trap']][] = [
    ['args_sizes_get', [memoryBytes, 0], 'memoryOutOfBounds'],
    ['args_sizes_get', [0, 2], 'misalignedPointer'],
    ['args_get', [memoryBytes - 2, 0], 'memoryOutOfBounds'],
    ['args_get', [0, memoryBytes - 2], 'memoryOutOfBounds'],
    ['clock_time_get', [0, 0n, 12], 'misalignedPointer'],
    ['fd_fdstat_get', [1, 4], 'misalignedPointer'],
    ['fd_filestat_get', [3, memoryBytes - 56], 'memoryOutOfBounds'],
    ['fd_read', [0, memoryBytes - 4, 1, 0], 'memoryOutOfBounds'],
    ['fd_read', [0, 2, 1, 0], 'misalignedPointer'],
    ['fd_readdir', [3, memoryBytes - 4, 8, 0n, 0], 'memoryOutOfBounds'],
    ['fd_prestat_dir_name', [3, memoryBytes, 1], 'memoryOutOfBounds'],
    ['path_create_directory', [3, memoryBytes - 1, 2], 'memoryOutOfBounds'],
    ['path_open', [3, 0, 0, 1, 1, 66n, 0n, 0, 2], 'misalignedPointer'],
    ['poll_oneoff', [4, 0, 1, 0], 'misalignedPointer'],
    ['poll_oneoff', [0, memoryBytes - 16, 1, 0], 'memoryOutOfBounds'],
    ['random_get', [1, memoryBytes], 'memoryOutOfBounds'],
  ]
  for (const [name, args, trap] of wild) {
    test(`${name}(${args.join(', ')}): ${trap}`, () => {
      const guest = open()
      new Uint8Array(guest.memory.buffer)[0] = 0x61
      assert.throws(() => guest.call(name, args), { trap })
    })
  }

  test('but not those of nothing, nor where another error comes first', () => {
    const { call } = open()
    assert.equal(call('random_get', [2 ** 31, 0]), 0)
    assert.equal(call('fd_read', [0, 2 ** 31, 0, 0]), 0)
    assert.equal(call('fd_filestat_get', [9, 3]), 8)
    assert.equal(call('path_create_directory', [9, 2 ** 31, 8]), 8)
    assert.equal(call('poll_oneoff', [2 ** 31, 3, 0, 3]), 28)
  })

  test('a scattered write of which one buffer lies outside writes nothing', () => {
    const guest = open()
    new Uint32Array(guest.memory.buffer).set([64, 4, memoryBytes - 1, 2])
    assert.throws(() => guest.call('fd_write', [1, 0, 2, 32]), HostTrap)
    assert.equal(guest.stdout(), '')
  })
})

describe('a guest cannot take more than the bounds', () => {
  test('of names: files, directories, links and further names of one file all count', () => {
    const guest = new Guest()
    guest.call(['path_open', 3, 0, 'f', 1, 66, 0, 0])
    let made = 1
    for (let error = 0; error === 0; made += error === 0 ? 1 : 0) {
      const makers = ['path_link', 'path_symlink', 'path_create_directory'] as const
      const kind = makers[made % 3]
      if (kind === 'path_link') error = guest.call([kind, 3, 0, 'f', 3, `l${made}`])[0] as number
      else if (kind === 'path_symlink') error = guest.call([kind, 'f', 3, `l${made}`])[0] as number
      else error = guest.call(['path_create_directory', 3, `l${made}`])[0] as number
      assert.ok(error === 0 || error === 51)
    }
    assert.equal(made, scratchNodesMax)
    guest.call(['path_unlink_file', 3, 'f'])
    assert.deepEqual(guest.call(['path_create_directory', 3, 'again']), [0])
  })

  test('of bytes: over all files, and a file that lost its name counts until it is closed', () => {
    const guest = new Guest()
    const half = scratchBytesMax / 2
    for (const [fd, name] of [
      [4, 'a'],
      [5, 'b'],
    ] as const) {
      assert.deepEqual(guest.call(['path_open', 3, 0, name, 1, 66, 0, 0]), [0, fd])
      assert.deepEqual(guest.call(['fd_filestat_set_size', fd, half]), [0])
    }
    assert.deepEqual(guest.call(['fd_filestat_set_size', 5, half + 1]), [51])
    assert.deepEqual(guest.call(['fd_pwrite', 5, 'x', half]), [51])
    assert.deepEqual(guest.call(['fd_allocate', 5, 0, half + 1]), [51])
    assert.deepEqual(guest.call(['fd_filestat_set_size', 5, scratchBytesMax + 1]), [22])
    assert.deepEqual(guest.call(['path_symlink', 'a', 3, 'l']), [51])
    assert.deepEqual(guest.call(['path_unlink_file', 3, 'a']), [0])
    assert.deepEqual(guest.call(['fd_filestat_set_size', 5, half + 1]), [51])
    assert.deepEqual(guest.call(['fd_close', 4]), [0])
    assert.deepEqual(guest.call(['fd_filestat_set_size', 5, scratchBytesMax]), [0])
  })

  test('of descriptors; and what could not be opened is not made', () => {
    const guest = new Guest()
    for (let opened = 4; opened < descriptorsMax; opened++)
      assert.equal(guest.call(['path_open', 3, 0, 'f', 1, 66, 0, 0])[0], 0)
    assert.deepEqual(guest.call(['path_open', 3, 0, 'f', 8, 66, 0, 0]), [33])
    assert.deepEqual(guest.call(['path_open', 3, 0, 'new', 1, 66, 0, 0]), [33])
    assert.deepEqual(guest.call(['path_filestat_get', 3, 0, 'new']), [44])
  })

  test('of buffers and subscriptions in one call', () => {
    const { call } = open()
    assert.equal(call('fd_write', [1, 0, 1025, 8]), 28)
    assert.equal(call('poll_oneoff', [0, 0, subscriptionsMax + 1, 8]), 28)
  })

  test('of work for one path: links that lead on and on are given up', () => {
    const guest = new Guest()
    guest.call(['path_create_directory', 3, 'd'])
    guest.call(['path_symlink', `${'./'.repeat(1500)}d`, 3, 'long'])
    assert.equal(guest.call(['path_filestat_get', 3, 1, 'long'])[0], 0)
    guest.call(['path_symlink', 'long', 3, 'twice'])
    guest.call(['path_symlink', `${'./'.repeat(1500)}long`, 3, 'tooLong'])
    assert.equal(guest.call(['path_filestat_get', 3, 1, 'twice'])[0], 0)
    assert.deepEqual(guest.call(['path_filestat_get', 3, 1, 'tooLong']), [32])
  })
})

function open() {
  const memory = new WebAssembly.Memory({ initial: 1 })
  const stdin = Buffer.from('some input')
  const wasi = new Wasi({ args: ['one'], environ: ['A=1'], stdin, seed: new Uint8Array(32), outputBytesMax: 100_000 })
  wasi.bind(memory)
  return {
    memory,
    stdout: () => Buffer.from(wasi.stdout).toString(),
    call: (name: WasiName, args: readonly (number | bigint)[]): number =>
      (wasi.imports[name] as (...args: (number | bigint)[]) => number)(...args),
    attempt(name: WasiName, args: readonly (number | bigint)[]): number | 'ended' {
      try {
        return this.call(name, args)
      } catch (error) {
        if (error instanceof HostTrap || error instanceof RunEnd) return 'ended'
        throw error
      }
    },
  }
}

const isErrno = (answer: number | 'ended'): boolean =>
  answer === 'ended' || (Number.isInteger(answer) && answer >= 0 && answer <= 76)
