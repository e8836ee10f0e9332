/** What descriptors are told that they may do, and names with a slash behind them: as the official suite's Rust tests ask for it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Guest } from './testing/guest.ts'

const right = { read: 1n << 1n, write: 1n << 6n, readDirectory: 1n << 14n, pathFilestatGet: 1n << 18n } as const

/** Rights, and those handed on. The stand-in's own numbers of descriptors are those of the guest as long as none was closed. */
function rightsOf(guest: Guest, fd: number): [bigint, bigint] {
  assert.equal(guest.raw('fd_fdstat_get', fd, 1024), 0)
  const view = new DataView(guest.memory.buffer)
  return [view.getBigUint64(1032, true), view.getBigUint64(1040, true)]
}

test('files have no rights of path_* calls, nor to be listed, even if they are asked for', () => {
  const guest = new Guest()
  const wanted = Number(right.read | right.write | right.pathFilestatGet)
  assert.deepEqual(guest.call(['path_open', 3, 0, 'file', 1, wanted, 0, 1]), [0, 4])
  for (const rights of rightsOf(guest, 4)) {
    assert.equal(rights & (right.pathFilestatGet | right.readDirectory), 0n)
    assert.equal(rights & (right.read | right.write), right.read | right.write)
  }
})

test('a directory that has given reading away opens files that cannot be read', () => {
  const guest = new Guest()
  guest.call(['path_create_directory', 3, 'd'])
  guest.call(['path_open', 3, 0, 'd', 2, 0, 0, 0])
  guest.call(['path_open', 4, 0, 'file', 1, 0, 0, 0])
  const [base, inheriting] = rightsOf(guest, 4)
  assert.equal(guest.raw('fd_fdstat_set_rights', 4, base & ~right.read, inheriting & ~right.read), 0)
  assert.deepEqual(guest.call(['path_open', 4, 0, 'file', 0, 0, 0, 0]), [0, 6])
  for (const rights of rightsOf(guest, 6)) assert.equal(rights & right.read, 0n)
  assert.deepEqual(guest.call(['fd_read', 6, 1]), [8])
  // Asked for in so many words, it is refused.
  assert.deepEqual(guest.call(['path_open', 4, 0, 'file', 0, Number(right.read), 0, 0]), [76])
})

test('a link cannot be made at a name with a slash behind it: a file is no directory, a directory is there, nothing is nothing', () => {
  const guest = new Guest()
  guest.call(['path_open', 3, 0, 'file', 1, 0, 0, 0])
  guest.call(['path_create_directory', 3, 'directory'])
  for (const [name, error] of [
    ['file/', 54],
    ['file', 20],
    ['directory/', 20],
    ['directory', 20],
    ['nothing/', 44],
  ] as const) {
    assert.deepEqual(guest.call(['path_symlink', 'source', 3, name]), [error], name)
    assert.deepEqual(guest.call(['path_link', 3, 0, 'file', 3, name]), [error], name)
  }
})

test('standard streams can be put in the place of files, and what was opened then has their numbers', () => {
  const guest = new Guest()
  for (const stream of [0, 1, 2]) {
    assert.equal(guest.raw('fd_fdstat_get', stream, 1024), 0)
    const [error, opened] = guest.call(['path_open', 3, 0, 'file', 1, 0, 0, 0])
    assert.equal(error, 0)
    assert.deepEqual(guest.call(['fd_renumber', stream, opened as number]), [0])
    assert.equal(guest.raw('fd_fdstat_get', stream, 1024), 8)
  }
})

test('what takes a socket says of a stream and of a file that it is none, of a directory that it is the wrong kind', () => {
  const guest = new Guest()
  guest.call(['path_open', 3, 0, 'file', 1, 0, 0, 0])
  for (const [fd, error] of [
    [0, 57],
    [1, 57],
    [4, 57],
    [3, 8],
    [5, 8],
  ] as const) {
    assert.equal(guest.raw('sock_shutdown', fd, 1), error)
    assert.equal(guest.raw('sock_accept', fd, 0, 1024), error)
    assert.equal(guest.raw('sock_send', fd, 0, 0, 0, 1024), error)
    assert.equal(guest.raw('sock_recv', fd, 0, 0, 0, 1024, 1028), error)
  }
})
