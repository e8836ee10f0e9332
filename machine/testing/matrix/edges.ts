/** Guests that stand on the edges of the profile, and write down what they see there: what grows, what calls, what time and directories show. */

const repeat = (count: number, text: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => text(index)).join(' ')

const imports = `
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_create_directory" (func $mkdir (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_readdir" (func $fd_readdir (param i32 i32 i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sched_yield" (func $sched_yield (result i32)))`

/** Numbers are gathered from address 8192, `$show`; `$flush` writes them all out. */
const common = `(memory (export "memory") 1) (global $at (mut i32) (i32.const 8192))
  (func $show (param i64) (i64.store (global.get $at) (local.get 0)) (global.set $at (i32.add (global.get $at) (i32.const 8))))
  (func $number (param i32) (call $show (i64.extend_i32_u (local.get 0))))
  (func $flush (i32.store (i32.const 0) (i32.const 8192)) (i32.store (i32.const 4) (i32.sub (global.get $at) (i32.const 8192)))
    (global.set $at (i32.const 8192))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))`

/** Pages and entries, up to their limits, beyond them, and as much as a number holds. */
const grows = [0, 1, 30, 200, 97, 32, 31, 0, 1, 65_535, -1]
const tables = [0, 1, 49_999, 100_000, 49_998, 2, 1, 0, -1]

/** Named texts of modules. */
export const edges: Readonly<Record<string, string>> = {
  grow: `(module ${imports} ${common} (table $bounded 2 50 funcref) (table $free 1 externref)
    (func (export "_start")
      ${grows.map(pages => `(call $number (memory.grow (i32.const ${pages}))) (call $number (memory.size))`).join(' ')}
      ${tables.map(entries => `(call $number (table.grow $free (ref.null extern) (i32.const ${entries}))) (call $number (table.size $free))`).join(' ')}
      ${[0, 47, 2, 1, 1, -1].map(entries => `(call $number (table.grow $bounded (ref.null func) (i32.const ${entries})))`).join(' ')}
      (call $flush)))`,
  calls: `(module ${imports} ${common} (type $t (func (param i32) (result i32)))
    (table funcref (elem ${repeat(200, index => `$f${index}`)} $last))
    ${repeat(200, index => link(index))}
    (func $last (type $t) (drop (call $sched_yield)) (call $number (local.get 0)) (call $flush)
      (i32.add (local.get 0) (call $last (i32.add (local.get 0) (i32.const 1)))))
    (func (export "_start") (drop (call $f0 (i32.const 1)))))`,
  time: `(module ${imports} ${common}
    (func $now (drop (call $clock_time_get (i32.const 1) (i64.const 1) (i32.const 64))) (call $show (i64.load (i32.const 64))))
    (func (export "_start") (local $i i32)
      (loop (call $now)
        (i32.store (i32.const 128) (local.get $i)) (i32.store8 (i32.const 136) (i32.const 0)) (i32.store (i32.const 144) (i32.const 1))
        (i64.store (i32.const 152) (i64.mul (i64.extend_i32_u (local.get $i)) (i64.const 123456789)))
        (call $number (call $poll_oneoff (i32.const 128) (i32.const 256) (i32.const 1) (i32.const 80))) (call $now)
        (call $number (call $random_get (i32.const 300) (local.get $i))) (call $show (i64.load (i32.const 300)))
        (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 9))))
      (call $flush)))`,
  listing: `(module ${imports} ${common} (data (i32.const 512) "zeta;Alpha;\\c3\\a9;10;9;aa;a;_")
    (func $list (param $size i32) (param $cookie i64)
      (call $number (call $fd_readdir (i32.const 3) (i32.const 1024) (local.get $size) (local.get $cookie) (i32.const 64)))
      (call $number (i32.load (i32.const 64)))
      (memory.copy (global.get $at) (i32.const 1024) (local.get $size)) (global.set $at (i32.add (global.get $at) (local.get $size))))
    (func (export "_start")
      ${['512 4', '517 5', '523 2', '526 2', '529 1', '531 2', '534 1', '536 1', '512 4'].map(name => `(call $number (call $mkdir (i32.const 3) (i32.const ${name.split(' ')[0]}) (i32.const ${name.split(' ')[1]})))`).join(' ')}
      ${repeat(9, index => `(call $list (i32.const ${40 + 24 * index}) (i64.const ${index}))`)} (call $list (i32.const 1000) (i64.const 0))
      (call $flush)))`,
}

/** Calls the next one in a way of its own, the host before that in every third; none of them is on a cycle. */
function link(index: number): string {
  const next = `(i32.add (local.get 0) (i32.const ${index}))`
  const slot = `(i32.const ${index + 1})`
  const call = [
    `(i32.xor (local.get 0) (call $f${index + 1} ${next}))`,
    `(return_call_indirect (type $t) ${next} ${slot})`,
    `(i32.xor (local.get 0) (call_indirect (type $t) ${next} ${slot}))`,
    `(return_call $f${index + 1} ${next})`,
  ][index % 4] as string
  const host = index % 3 === 0 ? '(drop (call $sched_yield))' : ''
  return `(func $f${index} (type $t) (local i64 i64 f64) ${host} ${call.replace('$f200', '$last')})`
}
