/** Many values at once, which fuel has to travel beside, and floats by whose bits engines could be told apart. */
import type { Hostile } from './corpus.ts'
import { exits, guest } from './guest.ts'

/** `$mix` gives the bits of the first 128 bytes of memory as one i32, after `$put` has filled them. */
const bitsOf = (put: string, code: number, fields = ''): Hostile =>
  exits('(call $mix)', code, {
    fields: `${fields} (func $put (local $x f64) (local $v v128) ${put})
      (func $mix (result i32) (local $i i32) (local $sum i32) (call $put)
        (loop $next
          (local.set $sum (i32.mul (i32.xor (local.get $sum) (i32.load (local.get $i))) (i32.const 16777619)))
          (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (i32.const 128))))
        (local.get $sum))`,
  })

const floats = `(local.set $x (f64.div (f64.const 0) (f64.const 0))) (f64.store (i32.const 0) (f64.neg (local.get $x)))
  (f64.store (i32.const 8) (f64.copysign (f64.const nan:0x777) (local.get $x))) (f32.store (i32.const 16) (f32.demote_f64 (global.get $g)))
  (f64.store (i32.const 20) (f64.promote_f32 (f32.const nan:0x200001))) (f32.store (i32.const 28) (call $f (f32.const -nan:0x12345)))
  (f32.store (i32.const 32) (f32.min (f32.const nan:0x1) (f32.const 1))) (f32.store (i32.const 36) (f32.abs (f32.const -nan:0x9)))
  (f64.store (i32.const 40) (select (local.get $x) (f64.const 1) (i32.const 1))) (f64.store (i32.const 48) (f64.nearest (f64.const nan:0x5)))
  (f64.store (i32.const 56) (f64.sqrt (f64.const -1))) (f32.store (i32.const 64) (f32.reinterpret_i32 (i32.const 0x7fa00000)))
  (f32.store (i32.const 68) (f32.load (i32.const 64))) (global.set $g (f64.sub (local.get $x) (local.get $x)))
  (f64.store (i32.const 72) (global.get $g)) (f32.store (i32.const 80) (f32.trunc (f32.reinterpret_i32 (i32.const 0x7fa00001))))`

const vectors = `(local.set $v (f32x4.div (v128.const f32x4 0 0 1 nan:0x1) (v128.const f32x4 0 -0 0 2))) (v128.store (i32.const 0) (call $v (local.get $v)))
  (v128.store (i32.const 16) (f64x2.promote_low_f32x4 (local.get $v))) (v128.store (i32.const 32) (f32x4.demote_f64x2_zero (v128.const f64x2 nan:0x5 -nan:0x7)))
  (v128.store (i32.const 48) (f64x2.pmax (f64x2.sqrt (v128.const f64x2 -1 nan:0x8)) (v128.const f64x2 2 2)))
  (v128.store (i32.const 64) (f32x4.neg (f32x4.max (local.get $v) (v128.const f32x4 1 1 1 1))))
  (v128.store (i32.const 80) (v128.bitselect (local.get $v) (f64x2.ceil (v128.const f64x2 nan:0x1 1)) (v128.const i32x4 -1 0 -1 0)))
  (f32.store (i32.const 96) (f32x4.extract_lane 1 (local.get $v))) (i32.store (i32.const 100) (i8x16.bitmask (f64x2.nearest (v128.const f64x2 nan:0x3 -nan:0x2))))
  (v128.store (i32.const 104) (i8x16.shuffle 0 17 2 19 4 21 6 23 8 25 10 27 12 29 14 31 (f32x4.sqrt (v128.const f32x4 -1 -2 nan:0x99 1)) (local.get $v)))`

export const values: Record<string, Hostile> = {
  'NaNs with something in them, wherever a float may show its bits': bitsOf(
    floats,
    2_419_503_820,
    '(global $g (mut f64) (f64.const nan:0x123)) (func $f (param f32) (result f32) (f32.sub (local.get 0) (f32.const 1)))',
  ),
  'NaNs with something in them, in the lanes of vectors': bitsOf(
    vectors,
    442_104_896,
    '(func $v (param v128) (result v128) (f32x4.pmin (local.get 0) (v128.const f32x4 1 2 nan:0x5 nan)))',
  ),
  'everything stored where it is not aligned': bitsOf(
    `(i64.store (i32.const 3) (i64.const 0x0102030405060708)) (f64.store (i32.const 13) (f64.const nan:0x4)) (f32.store (i32.const 27) (f32.const nan:0x1))
     (v128.store (i32.const 33) (f64x2.add (v128.load (i32.const 5)) (v128.load (i32.const 9))))`,
    694_938_357,
  ),
  'a NaN that goes round a loop as one of its values': exits('(call $f)', 1_870_418_598, {
    fields: `(func $f (result i32) (local $i i32) (local $d f64) (local $l i64) (i32.const 0) (i64.const 1) (f64.const 0.5)
      (loop $again (param i32 i64 f64) (result i32 i64 f64) (local.set $d) (local.set $l) (local.set $i)
        (i32.add (local.get $i) (i32.const 1)) (i64.mul (local.get $l) (i64.const 3)) (f64.div (local.get $d) (f64.const 0))
        (br_if $again (i32.lt_u (local.get $i) (i32.const 20))))
      (i64.reinterpret_f64) (i64.add) (i32.wrap_i64) (i32.xor))`,
  }),
  'two values through the targets of a br_table': exits(
    '(i32.add (call $sum (i32.const 0)) (i32.add (call $sum (i32.const 1)) (call $sum (i32.const 9))))',
    33,
    {
      fields: `(func $f (param i32) (result i32 i64)
        (block $a (result i32 i64)
          (block $b (result i32 i64)
            (block $c (result i32 i64) (i32.const 1) (i64.const 2) (br_table $a $b $c $b (local.get 0)))
            (i64.const 5) (i64.add) (br $a))
          (i64.const 7) (i64.mul)))
        (func $sum (param i32) (result i32) (call $f (local.get 0)) (i32.wrap_i64) (i32.add))`,
    },
  ),
  'two values out of a function, by all its ways out': exits(
    '(i32.add (call $first (i32.const 1)) (call $first (i32.const 0)))',
    6,
    {
      fields: `(func $f (param i32) (result i32 f64) (i32.const 1) (f64.const 2) (br_if 0 (local.get 0)) (drop) (drop)
        (block (result i32) (i32.const 5)) (f64.const 1) (br 0))
        (func $first (param i32) (result i32) (call $f (local.get 0)) (drop))`,
    },
  ),
  'code that nobody reaches, of every kind': exits('(call $f)', 3, {
    fields: `(func $f (result i32) (return (i32.const 3)) (loop (br 0)) (block (br_table 0 0 (i32.const 1)))
      (if (i32.const 1) (then unreachable) (else (return (i32.const 2)))) (call $proc_exit) (f64.add) drop (drop) (i32.const 4))`,
  }),
  'globals that are exported and change': exits('(call $f)', 2_139_095_049, {
    fields: `(global $a (export "a") (mut i32) (i32.const 1)) (global $b (export "b") (mut f32) (f32.const nan:0x3))
      (global $c (export "c") (mut v128) (v128.const i32x4 1 2 3 4))
      (func $f (result i32) (global.set $a (i32.add (global.get $a) (i32.const 5))) (i32.add (global.get $a) (i32.reinterpret_f32 (global.get $b))))`,
  }),
  'no memory at all, and none to be had': exits('(memory.grow (i32.const 1))', 4_294_967_295, { pages: '0 0' }),
  'all of memory at once': exits(
    '(i32.add (memory.grow (i32.const 65536)) (i32.add (memory.grow (i32.const 4)) (memory.size)))',
    3,
    { pages: '0 65536' },
  ),
  'nothing filled where memory ends, and one beyond': guest(
    '(memory.fill (i32.const 131072) (i32.const 1) (i32.const 0)) (memory.fill (i32.const 131073) (i32.const 1) (i32.const 0))',
    'trapped memoryOutOfBounds',
  ),
  'an empty segment of data beyond a memory of nothing': guest('', 'trapped memoryOutOfBounds', {
    pages: '0',
    fields: '(data (i32.const 1) "")',
  }),
  'an empty segment of functions beyond a table of nothing': guest('', 'trapped tableOutOfBounds', {
    fields: '(table 0 funcref) (elem (i32.const 1) func)',
  }),
}
