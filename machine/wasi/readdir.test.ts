/** What fd_readdir lists, in which order, and what a guest sees that removes entries meanwhile (ABI.md). */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Guest, plays } from './testing/guest.ts'

describe('fd_readdir', () => {
  function withFiles(...names: string[]): Guest {
    const guest = new Guest()
    for (const name of names) assert.deepEqual(guest.call(['path_create_directory', 3, name]), [0])
    return guest
  }

  test('lists in the order of the names’ bytes, . and .. first, with cookies that count', () => {
    const guest = withFiles('b', 'a', '\u{10000}', '\u{ffff}', 'B')
    const names = ['.', '..', 'B', 'a', 'b', '\u{ffff}', '\u{10000}']
    const entries = names.map((name, index) => [name, 3, index + 1])
    plays(
      guest,
      [
        ['fd_readdir', 3, 4096, 0],
        [0, entries, 0],
      ],
      [
        ['fd_readdir', 3, 4096, 5],
        [0, entries.slice(5), 0],
      ],
    )
  })

  test('cuts the last entry off where the buffer ends, so that the guest sees that there is more', () => {
    const guest = withFiles('abc')
    const [dot, dots] = [
      ['.', 3, 1],
      ['..', 3, 2],
    ]
    plays(
      guest,
      [
        ['fd_readdir', 3, 0, 0],
        [0, [], 0],
      ],
      [
        ['fd_readdir', 3, 10, 0],
        [0, [], 10],
      ],
      [
        ['fd_readdir', 3, 25, 0],
        [0, [dot], 0],
      ],
      [
        ['fd_readdir', 3, 26 + 25 + 26, 0],
        [0, [dot, dots], 26],
      ],
      [
        ['fd_readdir', 3, 26 + 25 + 27, 0],
        [0, [dot, dots, ['abc', 3, 3]], 0],
      ],
    )
  })

  test('misses nothing when entries are removed while it reads, as rm -r does', () => {
    const guest = withFiles('a', 'b', 'c', 'd')
    plays(
      guest,
      [
        ['fd_readdir', 3, 25 + 26 + 25 + 25, 0],
        [
          0,
          [
            ['.', 3, 1],
            ['..', 3, 2],
            ['a', 3, 3],
            ['b', 3, 4],
          ],
          0,
        ],
      ],
      [['path_remove_directory', 3, 'a'], [0]],
      [['path_remove_directory', 3, 'b'], [0]],
      [
        ['fd_readdir', 3, 4096, 4],
        [
          0,
          [
            ['c', 3, 5],
            ['d', 3, 6],
          ],
          0,
        ],
      ],
      [
        ['fd_readdir', 3, 4096, 0],
        [
          0,
          [
            ['.', 3, 1],
            ['..', 3, 2],
            ['c', 3, 3],
            ['d', 3, 4],
          ],
          0,
        ],
      ],
    )
  })

  test('each open directory has its own list', () => {
    const guest = withFiles('a')
    guest.call(['path_open', 3, 0, '.', 2, 2, 0, 0])
    plays(
      guest,
      [
        ['fd_readdir', 3, 25, 0],
        [0, [['.', 3, 1]], 0],
      ],
      [['path_create_directory', 3, 'b'], [0]],
      [
        ['fd_readdir', 4, 4096, 2],
        [
          0,
          [
            ['a', 3, 3],
            ['b', 3, 4],
          ],
          0,
        ],
      ],
      [
        ['fd_readdir', 3, 4096, 2],
        [0, [['a', 3, 3]], 0],
      ],
    )
  })
})
