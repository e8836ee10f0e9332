/** Where the answers are this implementation's own (ABI.md): what wasmtime leaves to the disk, to real time, or does otherwise. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Guest, plays } from './testing/guest.ts'

test('the target of a removed directory is told from the directory that took its name', () => {
  plays(
    new Guest(),
    [['path_create_directory', 3, 'd'], [0]],
    [
      ['path_open', 3, 0, 'd', 2, 2, 0, 0],
      [0, 4],
    ],
    [['path_remove_directory', 3, 'd'], [0]],
    [['path_create_directory', 3, 'd'], [0]],
    [['path_open', 4, 0, 'f', 1, 66, 0, 0], [44]],
    [
      ['path_open', 3, 0, 'd/f', 1, 66, 0, 0],
      [0, 5],
    ],
    [
      ['fd_filestat_get', 4],
      [0, { type: 3, inode: 0 }],
    ],
    [
      ['path_filestat_get', 3, 0, 'd'],
      [0, { type: 3, inode: 1 }],
    ],
  )
})

test('a directory goes with or without a slash behind its name', () => {
  plays(
    new Guest(),
    [['path_create_directory', 3, 'd/'], [0]],
    [['path_remove_directory', 3, 'd/'], [0]],
    [['path_create_directory', 3, 'd'], [0]],
    [['path_symlink', 'd', 3, 'l'], [0]],
    [['path_remove_directory', 3, 'l/'], [54]],
    [['path_remove_directory', 3, 'd//'], [0]],
  )
})

test('fd_allocate makes a file longer and never shorter', () => {
  plays(
    new Guest(),
    [
      ['path_open', 3, 0, 'f', 1, 66, 0, 0],
      [0, 4],
    ],
    [
      ['fd_write', 4, 'hello'],
      [0, 5],
    ],
    [['fd_allocate', 4, 2, 1], [0]],
    [
      ['fd_pread', 4, 9, 0],
      [0, 'hello'],
    ],
    [['fd_allocate', 4, 4, 3], [0]],
    [
      ['fd_pread', 4, 9, 0],
      [0, 'hello\0\0'],
    ],
    [['fd_allocate', 4, 0, 0], [28]],
    [['fd_allocate', 3, 0, 1], [8]],
    [
      ['path_open', 3, 0, 'f', 0, 2, 0, 0],
      [0, 5],
    ],
    [['fd_allocate', 5, 0, 1], [8]],
  )
})

test('rights can be given up and not be had back', () => {
  const guest = new Guest()
  const rights = (fd: number, base: number, inheriting: number) =>
    guest.call(['fd_fdstat_set_rights', fd, base, inheriting])
  guest.call(['path_open', 3, 0, 'f', 1, 66, 0, 0])
  assert.deepEqual(guest.call(['fd_fdstat_get', 4]), [0, 4, 0, 'rw'])
  assert.deepEqual(rights(4, 2, 0), [0])
  assert.deepEqual(guest.call(['fd_fdstat_get', 4]), [0, 4, 0, 'r'])
  assert.deepEqual(guest.call(['fd_write', 4, 'x']), [8])
  assert.deepEqual(rights(4, 66, 0), [76])
  assert.deepEqual(rights(3, 0, 2), [0])
  assert.deepEqual(guest.call(['path_open', 3, 0, 'f', 0, 64, 0, 0]), [76])
  assert.deepEqual(guest.call(['path_open', 3, 0, 'f', 0, 2, 0, 0]), [0, 5])
})

test('a file made without the right to write cannot be written', () => {
  plays(
    new Guest(),
    [
      ['path_open', 3, 0, 'f', 1, 2, 0, 0],
      [0, 4],
    ],
    [['fd_write', 4, 'x'], [8]],
    [['fd_filestat_set_size', 4, 1], [28]],
  )
})

test('files are always in sync, and may be opened so', () => {
  plays(
    new Guest(),
    [
      ['path_open', 3, 0, 'f', 1, 66, 0, 2 | 8 | 16],
      [0, 4],
    ],
    [
      ['fd_fdstat_get', 4],
      [0, 4, 26, 'rw'],
    ],
    [['fd_fdstat_set_flags', 4, 16], [28]],
  )
})

test('unknown values for flags, clocks, advice and the like are invalid', () => {
  plays(
    new Guest(),
    [
      ['path_open', 3, 0, 'f', 1, 66, 0, 0],
      [0, 4],
    ],
    [['path_open', 3, 2, 'f', 0, 2, 0, 0], [28]],
    [['path_open', 3, 0, 'f', 16, 2, 0, 0], [28]],
    [['path_open', 3, 0, 'f', 0, 2, 0, 32], [28]],
    [['path_open', 3, 0, 'f', 0, 2 ** 30, 0, 0], [28]],
    [['path_filestat_get', 3, 2, 'f'], [28]],
    [['path_filestat_set_times', 3, 0, 'f', 1, 1, 16], [28]],
    [['fd_fdstat_set_flags', 4, 32], [28]],
    [['fd_advise', 4, 0, 0, 6], [28]],
    [['fd_seek', 4, 0, 3], [28]],
    [['clock_time_get', 4, 0, 1024], [28]],
    [['poll_oneoff', [[1, 3, 0]]], [28]],
    [['poll_oneoff', [[1, 0, 4, 0, 0]]], [28]],
    [['poll_oneoff', [[1, 0, 0, 0, 2]]], [28]],
  )
})

test('bytes that are no UTF-8 are no path', () => {
  plays(
    new Guest(),
    [['path_create_directory', 3, [0xff]], [25]],
    [['path_create_directory', 3, [0xed, 0xa0, 0x80]], [25]],
  )
})

test('names and paths have their lengths in bytes', () => {
  plays(
    new Guest(),
    [['path_create_directory', 3, 'ä'.repeat(127)], [0]],
    [['path_create_directory', 3, 'ä'.repeat(128)], [37]],
    [['path_filestat_get', 3, 0, `${'./'.repeat(2047)}..`], [63]],
    [['path_filestat_get', 3, 0, './'.repeat(2049)], [37]],
    [['path_symlink', 'ä'.repeat(2049), 3, 'l'], [37]],
  )
})

describe('time', () => {
  const now = (guest: Guest): number => {
    guest.raw('clock_time_get', 0, 0, 1024)
    return Number(new DataView(guest.memory.buffer).getBigUint64(1024, true))
  }

  test('begins at 0 and goes on by 1 us with each call', () => {
    const guest = new Guest()
    assert.equal(now(guest), 1000)
    guest.call(['fd_close', 77])
    assert.equal(now(guest), 3000)
    assert.equal(guest.raw('clock_res_get', 1, 1024), 0)
  })

  test('is what the host says, where it says so', () => {
    let passedNs = 5n
    const guest = new Guest({ passedNs: () => passedNs })
    assert.equal(now(guest), 5)
    passedNs = 17n
    assert.equal(now(guest), 17)
    guest.call(['poll_oneoff', [[1, 0, 1, 100, 0]]])
    assert.equal(now(guest), 117)
  })

  test('jumps to the earliest time that is waited for, and only that one is over', () => {
    const guest = new Guest({ passedNs: () => 0n })
    const clocks = [
      [1, 0, 0, 500, 0],
      [2, 0, 1, 300, 0],
      [3, 0, 1, 300, 1],
      [4, 0, 0, 400, 1],
    ]
    plays(guest, [
      ['poll_oneoff', clocks],
      [0, [2, 0, 0, 0], [3, 0, 0, 0]],
    ])
    assert.equal(now(guest), 300)
    plays(guest, [
      ['poll_oneoff', [[5, 0, 0, 200, 1]]],
      [0, [5, 0, 0, 0]],
    ])
    assert.equal(now(guest), 300)
  })

  test('does not pass where something is ready', () => {
    const guest = new Guest({ passedNs: () => 0n })
    plays(guest, [
      [
        'poll_oneoff',
        [
          [1, 0, 0, 500, 0],
          [2, 1, 0],
          [3, 0, 0, 0, 0],
        ],
      ],
      [0, [2, 0, 1, 0], [3, 0, 0, 0]],
    ])
    assert.equal(now(guest), 0)
  })

  test('ends at 2^64 - 1', () => {
    const guest = new Guest()
    for (const _ of [1, 2]) guest.call(['poll_oneoff', [[1, 0, 0, 2 ** 63, 0]]])
    guest.raw('clock_time_get', 0, 0, 1024)
    assert.equal(new DataView(guest.memory.buffer).getBigUint64(1024, true), 2n ** 64n - 1n)
  })

  test('marks what happens to files: contents, names, and times that the guest sets', () => {
    let passedNs = 1_000_000n
    const guest = new Guest({ passedNs: () => passedNs })
    const times = (): bigint[] => {
      assert.equal(guest.call(['path_filestat_get', 3, 0, 'f'])[0], 0)
      const view = new DataView(guest.memory.buffer)
      return [1064, 1072, 1080].map(at => view.getBigUint64(at, true) - 1_000_000n)
    }
    const at = (ns: bigint, ...call: Parameters<Guest['call']>[0]) => {
      passedNs = 1_000_000n + ns
      assert.equal(guest.call(call)[0], 0)
    }
    at(1n, 'path_open', 3, 0, 'f', 1, 66, 0, 0)
    assert.deepEqual(times(), [1n, 1n, 1n])
    at(2n, 'fd_write', 4, 'x')
    assert.deepEqual(times(), [1n, 2n, 2n])
    at(3n, 'path_link', 3, 0, 'f', 3, 'g')
    assert.deepEqual(times(), [1n, 2n, 3n])
    at(4n, 'fd_filestat_set_times', 4, 0, 0, 2)
    assert.deepEqual(times(), [4n, 2n, 4n])
    at(5n, 'fd_filestat_set_size', 4, 9)
    assert.deepEqual(times(), [4n, 5n, 5n])
    at(6n, 'path_unlink_file', 3, 'g')
    assert.deepEqual(times(), [4n, 5n, 6n])
  })
})

test('poll says how much there is to read, and how much may be written', () => {
  const guest = new Guest({ stdin: Buffer.from('12345'), outputBytesMax: 100 })
  const bytes = (type: number, fd: number): number => {
    assert.equal(guest.call(['poll_oneoff', [[1, type, fd]]])[0], 0)
    return Number(new DataView(guest.memory.buffer).getBigUint64(24_576 + 16, true))
  }
  guest.call(['fd_read', 0, 2])
  assert.equal(bytes(1, 0), 3)
  guest.call(['fd_write', 2, 'xyz'])
  assert.equal(bytes(2, 1), 97)
})

test('stdin is read in pieces, to its end', () => {
  const guest = new Guest({ stdin: Buffer.from('hello') })
  plays(
    guest,
    [
      ['fd_read', 0, 3],
      [0, 'hel'],
    ],
    [
      ['fd_read', 0, 9],
      [0, 'lo'],
    ],
    [
      ['fd_read', 0, 9],
      [0, ''],
    ],
  )
})

test('standard streams can be closed, and others put in their place', () => {
  const guest = new Guest()
  plays(
    guest,
    [
      ['path_open', 3, 0, 'f', 1, 66, 0, 0],
      [0, 4],
    ],
    [['fd_renumber', 4, 1], [0]],
    [
      ['fd_write', 1, 'into the file'],
      [0, 13],
    ],
    [['fd_close', 0], [0]],
    [['fd_read', 0, 1], [8]],
    [
      ['path_open', 3, 0, 'f', 0, 2, 0, 0],
      [0, 5],
    ],
    [
      ['fd_read', 5, 20],
      [0, 'into the file'],
    ],
  )
  assert.equal(guest.wasi.stdout.length, 0)
})

test('what is empty lies nowhere, in a memory that has grown, too', () => {
  const guest = new Guest()
  plays(guest, [
    ['fd_write', 1, 'x'],
    [0, 1],
  ])
  guest.memory.grow(1)
  assert.equal(guest.raw('fd_write', 1, 0, 0, 1024), 0)
  assert.equal(guest.raw('random_get', 2 ** 32 - 1, 0), 0)
})
