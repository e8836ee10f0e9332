/**
 * Writes sequences of calls for record.py to put to wasmtime: `generate.ts COUNT [SEED]`, one JSON array a line. Left out is what answers
 * otherwise here on purpose (phase/ABI.md, Where other hosts differ), and what no two hosts answer alike.
 */
import process from 'node:process'
import { lengthOf, pick, random } from './random.ts'

const [count = '100', seed = '1'] = process.argv.slice(2)
const next = random(Number(seed))
function name(): string {
  return pick(next, ['a', 'b', 'c'])
}

function path(): string {
  const parts = Array.from({ length: pick(next, [1, 1, 1, 2, 2, 3]) }, () =>
    pick(next, [name, name, name, name, () => '.', () => '..', () => ''])(),
  )
  const made = parts.join('/') + pick(next, ['', '', '', '', '/', '/.', '/..'])
  return made.startsWith('/') && next() < 0.9 ? made.slice(1) : made
}

/** No slash at its end: removing and reading those is told apart from POSIX in wasmtime. */
function plainPath(): string {
  return path().replace(/\/+$/, '')
}

/** Of two paths, only one leads out, or is empty: which of two errors comes first is anybody's choice. */
function innerPath(): string {
  return pick(next, [name, () => `./${name()}`])()
}

function directory(): number {
  return pick(next, [3, 3, 3, 3, 4, 5, 6, 7, 1])
}

function descriptor(): number {
  return pick(next, [3, 4, 4, 4, 5, 5, 5, 6, 6, 7, 7, 8, 9, 0, 1, 2, 77])
}

function data(): string {
  return pick(next, ['', 'x', 'hello', 'y'.repeat(100)])
}

function offset(): number {
  return pick(next, [0, 0, 1, 3, 5, 100])
}

function times(): [number, number, number] {
  return [pick(next, [1, 2, 3]), pick(next, [4, 5, 6]), pick(next, [5, 1, 4, 5, 2, 8, 10, 3, 12])]
}

/** One: what else is ready when it is, is a matter of real time. */
function subscription(): unknown[] {
  return pick(next, [
    () => [7, 0, pick(next, [0, 1]), pick(next, [0, 1000]), 0],
    () => [8, 1, descriptor()],
    () => [9, 2, descriptor()],
  ])()
}

/** Rights to read and to write always come together where a file is made: wasmtime then lets both happen. */
function open(): unknown[] {
  const flags = pick(next, [0, 0, 0, 1, 1, 1, 1, 2, 2, 5, 8, 9, 3, 4, 10, 13])
  const rights = flags & 9 ? 66 : pick(next, [0, 2, 2, 64, 66, 66])
  return ['path_open', directory(), pick(next, [0, 1]), path(), flags, rights, 0, pick(next, [0, 0, 0, 1, 4])]
}

const makers: (() => unknown[])[] = [
  open,
  open,
  open,
  open,
  open,
  () => ['path_create_directory', directory(), path()],
  () => ['path_create_directory', directory(), path()],
  () => ['path_create_directory', directory(), name()],
  () => ['path_remove_directory', directory(), plainPath()],
  () => ['path_unlink_file', directory(), path()],
  () => ['path_filestat_get', directory(), pick(next, [0, 1]), path()],
  () => ['path_filestat_get', directory(), pick(next, [0, 1]), path()],
  () => ['path_filestat_set_times', directory(), pick(next, [0, 1]), path(), ...times()],
  () => ['path_link', directory(), pick(next, [0, 0, 0, 1]), path(), directory(), innerPath()],
  () => ['path_rename', directory(), path(), directory(), path()],
  () => ['path_rename', directory(), path(), directory(), path()],
  () => ['path_symlink', path() || 'a', directory(), innerPath()],
  () => ['path_symlink', path() || 'a', directory(), name()],
  () => ['path_readlink', directory(), path(), pick(next, [0, 1, 100])],
  () => ['fd_read', descriptor(), pick(next, [0, 1, 7, 200])],
  () => ['fd_pread', descriptor(), pick(next, [0, 1, 7, 200]), offset()],
  () => ['fd_write', descriptor(), data()],
  () => ['fd_write', descriptor(), data()],
  () => ['fd_pwrite', descriptor(), data(), offset()],
  () => ['fd_seek', descriptor(), pick(next, [0, 1, 3, 100, -1, -3]), pick(next, [0, 1, 2])],
  () => ['fd_tell', descriptor()],
  () => ['fd_fdstat_get', descriptor()],
  () => ['fd_fdstat_set_flags', descriptor(), pick(next, [0, 1, 4, 5, 2, 8, 16])],
  () => ['fd_filestat_get', descriptor()],
  () => ['fd_filestat_set_size', descriptor(), pick(next, [0, 1, 4, 50])],
  () => ['fd_filestat_set_times', descriptor(), ...times()],
  () => ['fd_readdir', descriptor(), 4096, pick(next, [0, 0, 0, 1000])],
  () => ['fd_close', pick(next, [3, 4, 5, 6, 7, 8, 77])],
  () => ['fd_renumber', descriptor(), descriptor()],
  () => ['fd_sync', descriptor()],
  () => ['fd_datasync', descriptor()],
  () => ['fd_advise', descriptor(), offset(), offset(), pick(next, [0, 1, 2, 3, 4, 5])],
  () => ['fd_prestat_get', descriptor()],
  () => ['fd_prestat_dir_name', descriptor(), pick(next, [0, 1, 9])],
  () => ['poll_oneoff', [subscription()]],
]

for (let index = 0; index < Number(count); index++) {
  console.log(JSON.stringify(Array.from({ length: lengthOf(next, 40) }, () => pick(next, makers)())))
}
