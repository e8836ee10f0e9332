/** The scratch file system: floods, cycles, what is too deep, too long or too large. */
import type { WasiName } from '../../wasi/signatures.ts'
import type { Hostile } from './corpus.ts'
import { exits, guest, type Text } from './guest.ts'

/** Names of four letters at 1024, counted by $i; other paths stand where their data segment puts them. */
const name = `(i32.store (i32.const 1024) (i32.add (i32.const 0x30303030)
  (i32.or (i32.or (i32.and (local.get $i) (i32.const 15)) (i32.and (i32.shl (local.get $i) (i32.const 4)) (i32.const 0xf00)))
    (i32.or (i32.and (i32.shl (local.get $i) (i32.const 8)) (i32.const 0xf0000)) (i32.and (i32.shl (local.get $i) (i32.const 12)) (i32.const 0xf000000))))))`
const counted = '(i32.const 1024) (i32.const 4)'
const path = (at: number, size: number) => `(i32.const ${at}) (i32.const ${size})`
const root = '(i32.const 3)'
const open = (where: string, flags = 1, result = 16) =>
  `(call $path_open ${root} (i32.const 0) ${where} (i32.const ${flags}) (i64.const 66) (i64.const 66) (i32.const 0) (i32.const ${result}))`
const opened = '(i32.load (i32.const 16))'
const data = (at: number, text: string) => `(data (i32.const ${at}) "${text}")`
const plenty = { fuel: 20_000_000_000 } as const

/** Until a call fails: with its error number. */
const untilError = (call: string, code: number, text: Text): Hostile =>
  guest(
    `(loop $again ${name} (local.set $i (i32.add (local.get $i) (i32.const 1)))
       (local.set $j ${call}) (br_if $again (i32.eqz (local.get $j)))) (call $proc_exit (local.get $j))`,
    `exited ${code}`,
    { ...text, calls: ['proc_exit', ...(text.calls ?? [])] },
    plenty,
  )
const whileBudget = (call: string, text: Text): Hostile =>
  guest(
    `(loop $again ${name} (local.set $i (i32.add (local.get $i) (i32.const 1))) ${call} (br $again))`,
    'fuelExhausted',
    text,
    {
      endless: true,
    },
  )
const afterwards = (
  before: string,
  expression: string,
  code: number,
  calls: readonly WasiName[],
  fields = '',
): Hostile => exits(`(block (result i32) ${before} ${expression})`, code, { calls, fields }, plenty)

const deep = 'd/'.repeat(2_047)
const floods: Record<string, Hostile> = {
  'files without end': untilError(
    `(block (result i32) (local.set $j ${open(counted)}) (drop (call $fd_close ${opened})) (local.get $j))`,
    51,
    { calls: ['path_open', 'fd_close'] },
  ),
  'open files without end': untilError(open(counted), 33, { calls: ['path_open'] }),
  'directories without end': untilError(`(call $path_create_directory ${root} ${counted})`, 51, {
    calls: ['path_create_directory'],
  }),
  'symbolic links without end': untilError(`(call $path_symlink ${counted} ${root} ${counted})`, 51, {
    calls: ['path_symlink'],
  }),
  'names of one file without end': guest(
    `(drop ${open(path(2048, 1))})
     (loop $again ${name} (local.set $i (i32.add (local.get $i) (i32.const 1)))
       (local.set $j (call $path_link ${root} (i32.const 0) ${path(2048, 1)} ${root} ${counted})) (br_if $again (i32.eqz (local.get $j))))
     (call $proc_exit (local.get $j))`,
    'exited 51',
    { calls: ['proc_exit', 'path_open', 'path_link'], fields: data(2048, 'f') },
    plenty,
  ),
  'a file made and removed for ever': whileBudget(
    `(drop ${open(counted)}) (drop (call $fd_close ${opened})) (drop (call $path_unlink_file ${root} ${counted}))`,
    { calls: ['path_open', 'fd_close', 'path_unlink_file'] },
  ),
  'a directory of many names listed for ever': guest(
    `(loop $fill ${name} (drop (call $path_create_directory ${root} ${counted}))
       (br_if $fill (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 2000))))
     (loop $again (drop (call $fd_readdir ${root} (i32.const 0) (i32.const 131072) (i64.const 0) (i32.const 0))) (br $again))`,
    'fuelExhausted',
    { calls: ['path_create_directory', 'fd_readdir'] },
    { endless: true },
  ),
  'a directory listed and changed by turns for ever': whileBudget(
    `(drop (call $path_create_directory ${root} ${counted})) (drop (call $fd_readdir ${root} (i32.const 4096) (i32.const 64) (i64.const 0) (i32.const 0)))`,
    { calls: ['path_create_directory', 'fd_readdir'] },
  ),
  'a file made long and short for ever': guest(
    `(drop ${open(path(2048, 1))})
     (loop $again (drop (call $fd_allocate ${opened} (i64.const 0) (i64.const 67108864))) (drop (call $fd_filestat_set_size ${opened} (i64.const 0))) (br $again))`,
    'fuelExhausted',
    { calls: ['path_open', 'fd_allocate', 'fd_filestat_set_size'], fields: data(2048, 'f') },
    { endless: true },
  ),
  'a byte at the end of a large file, again and again': guest(
    `(drop ${open(path(2048, 1))}) (i32.store (i32.const 0) (i32.const 0)) (i32.store (i32.const 4) (i32.const 1))
     (loop $again (drop (call $fd_pwrite ${opened} (i32.const 0) (i32.const 1) (i64.const 67108863) (i32.const 8)))
       (drop (call $fd_filestat_set_size ${opened} (i64.const 0))) (br $again))`,
    'fuelExhausted',
    { calls: ['path_open', 'fd_pwrite', 'fd_filestat_set_size'], fields: data(2048, 'f') },
    { endless: true },
  ),
}

const limits: Record<string, Hostile> = {
  'a write at the end of 64 bits': afterwards(
    `(drop ${open(path(2048, 1))}) (i32.store (i32.const 0) (i32.const 0)) (i32.store (i32.const 4) (i32.const 1))`,
    `(call $fd_pwrite ${opened} (i32.const 0) (i32.const 1) (i64.const 0x7fffffffffffffff) (i32.const 8))`,
    28,
    ['path_open', 'fd_pwrite'],
    data(2048, 'f'),
  ),
  'a write at 2^62': afterwards(
    `(drop ${open(path(2048, 1))}) (i32.store (i32.const 0) (i32.const 0)) (i32.store (i32.const 4) (i32.const 1))`,
    `(call $fd_pwrite ${opened} (i32.const 0) (i32.const 1) (i64.const 0x4000000000000000) (i32.const 8))`,
    22,
    ['path_open', 'fd_pwrite'],
    data(2048, 'f'),
  ),
  'a path of four gigabytes': guest(`(drop ${open('(i32.const 0) (i32.const -1)')})`, 'fuelExhausted', {
    calls: ['path_open'],
  }),
  'a path of four thousand names': exits(open(path(8192, deep.length)), 44, {
    calls: ['path_open'],
    fields: data(8192, deep),
  }),
  'a path that is too long': exits(open(path(8192, 5_000)), 37, {
    calls: ['path_open'],
    fields: data(8192, 'd/'.repeat(2_500)),
  }),
  'a way out': exits(open(path(2048, 8)), 63, { calls: ['path_open'], fields: data(2048, '../../..') }),
  'a way out from the root': exits(open(path(2048, 11)), 63, {
    calls: ['path_open'],
    fields: data(2048, '/etc/passwd'),
  }),
  'a name with a zero in it': exits(open(path(2048, 3)), 28, { calls: ['path_open'], fields: data(2048, 'a\\00b') }),
  'a name that is no UTF-8': exits(open(path(2048, 2)), 25, { calls: ['path_open'], fields: data(2048, '\\ff\\fe') }),
  'links that lead in a circle': afterwards(
    `(drop (call $path_symlink ${path(2048, 1)} ${root} ${path(2049, 1)})) (drop (call $path_symlink ${path(2049, 1)} ${root} ${path(2048, 1)}))`,
    `(call $path_open ${root} (i32.const 1) ${path(2048, 1)} (i32.const 0) (i64.const 2) (i64.const 2) (i32.const 0) (i32.const 16))`,
    32,
    ['path_symlink', 'path_open'],
    data(2048, 'ab'),
  ),
  'a directory moved into itself': afterwards(
    `(drop (call $path_create_directory ${root} ${path(2048, 1)}))`,
    `(call $path_rename ${root} ${path(2048, 1)} ${root} ${path(2048, 3)})`,
    28,
    ['path_create_directory', 'path_rename'],
    data(2048, 'a/b'),
  ),
  'directories that hold each other by turns, for ever': guest(
    `(drop (call $path_create_directory ${root} ${path(2048, 1)})) (drop (call $path_create_directory ${root} ${path(2056, 1)}))
     (loop $again (drop (call $path_rename ${root} ${path(2056, 1)} ${root} ${path(2048, 3)})) (drop (call $path_rename ${root} ${path(2048, 3)} ${root} ${path(2056, 1)}))
       (drop (call $path_rename ${root} ${path(2048, 1)} ${root} ${path(2056, 3)})) (drop (call $path_rename ${root} ${path(2056, 3)} ${root} ${path(2048, 1)})) (br $again))`,
    'fuelExhausted',
    { calls: ['path_create_directory', 'path_rename'], fields: `${data(2048, 'a/b')} ${data(2056, 'b/a')}` },
    { endless: true },
  ),
  'a directory nested as deep as names go, then walked': guest(
    `(drop (call $path_create_directory ${root} ${path(2048, 1)})) (i32.store (i32.const 16) (i32.const 3))
     (loop $down (drop (call $path_create_directory ${opened} ${path(2048, 1)}))
       (local.set $j (call $path_open ${opened} (i32.const 0) ${path(2048, 1)} (i32.const 2) (i64.const 0) (i64.const 66) (i32.const 0) (i32.const 16)))
       (br_if $down (i32.eqz (local.get $j))))
     (call $proc_exit (local.get $j))`,
    'exited 33',
    { calls: ['proc_exit', 'path_create_directory', 'path_open'], fields: data(2048, 'd') },
    plenty,
  ),
}

export const files: Record<string, Hostile> = { ...floods, ...limits }
