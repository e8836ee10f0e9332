import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { hostWeights } from '../weights.ts'
import type { WasiName } from './signatures.ts'
import { Guest } from './testing/guest.ts'

/** For how many bytes one call with these arguments is charged. */
function charged(prepare: (guest: Guest) => void, name: WasiName, ...args: (number | bigint)[]): number {
  let fuel = 0
  const guest = new Guest({
    args: ['one', 'b'],
    environ: ['K=value'],
    charge: units => {
      fuel = units
    },
    files: { 'folder/a': new Uint8Array(0), 'folder/b': new Uint8Array(0), file: new Uint8Array(10) },
  })
  prepare(guest)
  try {
    guest.raw(name, ...args)
  } catch {
    // What ends the run has been charged before.
  }
  return (fuel - hostWeights.call) / (name === 'random_get' ? hostWeights.randomByte : hostWeights.byte)
}

const nothing = () => {}

/** Vectors of these lengths at 64, each of them at 4096. */
const vectors =
  (...lengths: number[]) =>
  ({ memory }: Guest) => {
    const words = new Uint32Array(memory.buffer)
    for (const [index, length] of lengths.entries()) words.set([4096, length], 16 + index * 2)
  }

/** Opens `path` for writing as descriptor 4, with those descriptor flags. */
const opened =
  (path: string, flags = 0) =>
  (guest: Guest) => {
    new Uint8Array(guest.memory.buffer).set(Buffer.from(path), 2048)
    const rights = 2 ** 29 - 1
    assert.equal(guest.raw('path_open', 3, 0, 2048, path.length, 0, BigInt(rights & 0x2d6), 0n, flags, 1024), 0)
  }

const both =
  (...steps: ((guest: Guest) => void)[]) =>
  (guest: Guest) => {
    for (const step of steps) step(guest)
  }

describe('a host call is charged by what it is given', () => {
  test('the lengths of its vectors', () => {
    assert.equal(charged(vectors(5, 0, 7), 'fd_write', 1, 64, 3, 1024), 12)
    assert.equal(charged(vectors(5, 0, 7), 'fd_read', 0, 64, 3, 1024), 12)
    assert.equal(charged(vectors(2 ** 32 - 1, 2 ** 32 - 1), 'fd_pread', 0, 64, 2, 0n, 1024), 2 ** 33 - 2)
  })

  test('none where there are more than 1,024 vectors, or where they lie beyond the memory', () => {
    assert.equal(charged(vectors(5), 'fd_write', 1, 64, 1025, 1024), 0)
    assert.equal(charged(vectors(5), 'fd_write', 1, 2 ** 32 - 8, 1, 1024), 0)
    assert.equal(charged(nothing, 'fd_write', 1, 1024 * 1024 - 8, 2, 1024), 0)
  })

  test('wherever its vectors lie, whatever the descriptor', () => {
    const odd = ({ memory }: Guest) => new DataView(memory.buffer).setUint32(67 + 4, 9, true)
    assert.equal(charged(odd, 'fd_write', 77, 67, 1, 1024), 9)
  })

  test('how far beyond its end a file is written', () => {
    const file = both(opened('file'), vectors(5))
    assert.equal(charged(file, 'fd_pwrite', 4, 64, 1, 10n, 1024), 5)
    assert.equal(charged(file, 'fd_pwrite', 4, 64, 1, 30n, 1024), 5 + 20)
    assert.equal(charged(file, 'fd_pwrite', 4, 64, 1, -1n, 1024), 5 + 67_108_864)
    assert.equal(charged(both(opened('file'), vectors(0)), 'fd_pwrite', 4, 64, 1, 30n, 1024), 0)
    assert.equal(charged(both(opened('file', 1), vectors(5)), 'fd_pwrite', 4, 64, 1, 30n, 1024), 5)
    const sought = both(file, guest => guest.raw('fd_seek', 4, 50n, 0, 1024))
    assert.equal(charged(sought, 'fd_write', 4, 64, 1, 1024), 5 + 40)
  })

  test('how far a file is to be made longer', () => {
    assert.equal(charged(opened('file'), 'fd_filestat_set_size', 4, 100n), 90)
    assert.equal(charged(opened('file'), 'fd_filestat_set_size', 4, 3n), 0)
    assert.equal(charged(opened('file'), 'fd_allocate', 4, 8n, 8n), 6)
    assert.equal(charged(opened('file'), 'fd_allocate', 4, -1n, -1n), 67_108_864)
    assert.equal(charged(nothing, 'fd_filestat_set_size', 1, 100n), 0)
  })

  test('the sizes of arguments and environment', () => {
    assert.equal(charged(nothing, 'args_get', 64, 1024), 'plasm one b '.length)
    assert.equal(charged(nothing, 'environ_get', 64, 1024), 'K=value '.length)
    assert.equal(charged(nothing, 'args_sizes_get', 64, 68), 0)
  })

  test('each random byte, at its own weight', () => {
    assert.equal(charged(nothing, 'random_get', 1024, 20), 20)
    assert.equal(charged(nothing, 'random_get', 1024, 2 ** 32 - 1), 2 ** 32 - 1)
  })

  test('the buffer and 64 for each entry of a directory', () => {
    assert.equal(charged(nothing, 'fd_readdir', 3, 4096, 100, 0n, 1024), 100 + 64 * 2)
    assert.equal(charged(nothing, 'fd_readdir', 1, 4096, 100, 0n, 1024), 100)
  })

  test('the lengths of its paths', () => {
    assert.equal(charged(nothing, 'path_open', 3, 0, 2048, 9, 0, 0n, 0n, 0, 1024), 9)
    assert.equal(charged(nothing, 'path_rename', 3, 2048, 9, 3, 2048, 4), 13)
    assert.equal(charged(nothing, 'path_link', 3, 0, 2048, 9, 3, 2048, 4), 13)
    assert.equal(charged(nothing, 'path_symlink', 2048, 9, 3, 2048, 4), 13)
    assert.equal(charged(nothing, 'path_readlink', 3, 2048, 9, 4096, 200, 1024), 209)
    assert.equal(charged(nothing, 'path_filestat_get', 3, 0, 2048, 7, 4096), 7)
    assert.equal(charged(nothing, 'path_filestat_set_times', 3, 0, 2048, 7, 0n, 0n, 0), 7)
    for (const name of ['path_create_directory', 'path_remove_directory', 'path_unlink_file'] as const) {
      assert.equal(charged(nothing, name, 3, 2048, 7), 7)
    }
  })

  test('48 for each subscription, and nothing where nothing is moved', () => {
    assert.equal(charged(nothing, 'poll_oneoff', 64, 2048, 3, 1024), 144)
    assert.equal(charged(nothing, 'sched_yield'), 0)
    assert.equal(charged(nothing, 'proc_exit', 1), 0)
    assert.equal(charged(nothing, 'fd_close', 99), 0)
  })

  test('and has no effect where the budget does not hold that', () => {
    const guest = new Guest({
      charge: () => {
        throw new Error('exhausted')
      },
    })
    vectors(5)(guest)
    assert.throws(() => guest.raw('fd_write', 1, 64, 1, 1024), /exhausted/)
    assert.equal(guest.wasi.stdout.length, 0)
  })
})
