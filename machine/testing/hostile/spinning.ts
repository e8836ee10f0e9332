/** Guests that go on for ever, each in another way: the budget ends them, and the deadline where there is no budget. */
import type { Hostile } from './corpus.ts'
import { endless, guest, written } from './guest.ts'

const forever = { endless: true } as const
const exhausted = 'fuelExhausted'
const start = (text: string) => `(func (export "_start") ${text})`

export const spinning: Record<string, Hostile> = {
  'a loop': endless(''),
  'a loop of arithmetic': endless('(local.set $i (i32.mul (i32.add (local.get $i) (i32.const 7)) (i32.const 31)))'),
  'a loop of divisions': endless('(local.set $l (i64.div_u (local.get $l) (i64.const 3)))'),
  'a loop in the start function': written(`(func $spin (loop (br 0))) (start $spin) ${start('')}`, exhausted, forever),
  'a loop that loads from all over memory': endless(
    `(local.set $i (i32.and (i32.add (local.get $i) (i32.const 4099)) (i32.const 0x3fffff8)))
     (local.set $l (i64.load (local.get $i)))`,
    { pages: '1024' },
  ),
  'a loop of blocks that are left at once': endless('(block (br 0)) (block (block (br 1)))'),
  'a loop of br_table': endless(
    '(block (block (block (br_table 0 1 2 (local.get $i))))) (local.set $i (i32.add (local.get $i) (i32.const 1)))',
  ),
  'tail calls to itself': written(`(func $f (return_call $f)) ${start('(return_call $f)')}`, exhausted, forever),
  'two that call each other by tail calls': written(
    `(func $a (param i32) (return_call $b (local.get 0))) (func $b (param i32) (return_call $a (local.get 0))) ${start('(call $a (i32.const 0))')}`,
    exhausted,
    forever,
  ),
  'tail calls through a table': written(
    `(type $t (func)) (table funcref (elem $f)) (func $f (return_call_indirect (type $t) (i32.const 0))) ${start('(call $f)')}`,
    exhausted,
    forever,
  ),
  'calls without end, one after the other': endless('(call $f)', { fields: '(func $f (call $g)) (func $g)' }),
  'calls through a table without end': endless('(call_indirect (type $t) (i32.const 0))', {
    fields: '(type $t (func)) (table funcref (elem $f)) (func $f)',
  }),
  'Ackermann, without end for all that matters': written(
    `(func $a (param i64 i64) (result i64)
       (if (result i64) (i64.eqz (local.get 0)) (then (i64.add (local.get 1) (i64.const 1)))
         (else (if (result i64) (i64.eqz (local.get 1)) (then (call $a (i64.sub (local.get 0) (i64.const 1)) (i64.const 1)))
           (else (call $a (i64.sub (local.get 0) (i64.const 1)) (call $a (local.get 0) (i64.sub (local.get 1) (i64.const 1)))))))))
     ${start('(drop (call $a (i64.const 3) (i64.const 60)))')}`,
    'depthExhausted',
  ),
  'Fibonacci of 80': written(
    `(func $fib (param i32) (result i64) (if (result i64) (i32.lt_u (local.get 0) (i32.const 2)) (then (i64.extend_i32_u (local.get 0)))
       (else (i64.add (call $fib (i32.sub (local.get 0) (i32.const 1))) (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
     ${start('(drop (call $fib (i32.const 80)))')}`,
    exhausted,
    forever,
  ),
  'recursion without end': written(`(func $f (call $f)) ${start('(call $f)')}`, 'depthExhausted'),
  'recursion of two hundred locals': written(
    `(func $f ${'(local i64)'.repeat(200)} (call $f)) ${start('(call $f)')}`,
    'depthExhausted',
  ),
  'recursion of vectors': written(
    `(func $f (param v128) (result v128) ${'(local v128)'.repeat(60)} (call $f (i8x16.add (local.get 0) (call $f (local.get 0)))))
     ${start('(drop (call $f (v128.const i32x4 0 0 0 0)))')}`,
    'depthExhausted',
  ),
  'recursion through a table': written(
    `(type $t (func)) (table funcref (elem $f)) (func $f (call_indirect (type $t) (i32.const 0)) (call_indirect (type $t) (i32.const 0))) ${start('(call $f)')}`,
    'depthExhausted',
  ),
  'recursion of three, one of them large': written(
    `(func $a (call $b)) (func $b ${'(local i64)'.repeat(1000)} (call $c)) (func $c (call $a)) ${start('(call $a)')}`,
    'depthExhausted',
  ),
  'recursion in the start function': written(`(func $f (call $f)) (start $f) ${start('')}`, 'depthExhausted'),
  '_start calls itself': written('(func $s (export "_start") (call $s))', 'depthExhausted'),
  'a storm of NaNs': endless(
    '(f64.store (i32.const 0) (f64.div (f64.const 0) (f64.const 0))) (local.set $l (i64.load (i32.const 0)))',
  ),
  'a storm of NaNs in vectors': endless(
    '(v128.store (i32.const 0) (f32x4.div (v128.load (i32.const 16)) (v128.load (i32.const 32)))) (local.set $l (i64.load (i32.const 0)))',
  ),
  'one NaN at the very end': guest(
    `(local.set $i (i32.const 1000000))
     (loop $again (f64.store (i32.const 0) (f64.mul (f64.load (i32.const 0)) (f64.const 1.5)))
       (br_if $again (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
     (f32.store (i32.const 8) (f32.sqrt (f32.const -1)))
     (call $proc_exit (i32.shr_u (i32.load (i32.const 8)) (i32.const 16)))`,
    'exited 65472',
    { calls: ['proc_exit'] },
  ),
  'denormals without end': endless(
    '(f64.store (i32.const 0) (f64.mul (f64.add (f64.load (i32.const 0)) (f64.const 0x1p-1070)) (f64.const 0.5)))',
  ),
}
