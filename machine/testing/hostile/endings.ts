/** Ways to end that a node must not take for something else. */
import type { Hostile } from './corpus.ts'
import { exits, guest, written } from './guest.ts'

const exit = '(import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))'
const memory = '(memory (export "memory") 1)'
const trap = (which: string, text: string): Hostile => guest(text, `trapped ${which}`)

export const endings: Record<string, Hostile> = {
  'an exit code of four thousand million': exits('(i32.const -1)', 4_294_967_295),
  'an exit code of 256': exits('(i32.const 256)', 256),
  'the exit code that a shell uses for a kill': exits('(i32.const 137)', 137),
  'proc_exit in the start function': written(
    `${exit} ${memory} (func $go (call $proc_exit (i32.const 7))) (start $go) (func (export "_start") unreachable)`,
    'exited 7',
  ),
  'proc_exit deep down': written(
    `${exit} ${memory} (func $f (param i32) (if (local.get 0) (then (call $f (i32.sub (local.get 0) (i32.const 1)))) (else (call $proc_exit (i32.const 9)))))
     (func (export "_start") (call $f (i32.const 2000)))`,
    'exited 9',
  ),
  'proc_exit through a table': written(
    `${exit} ${memory} (type $t (func (param i32))) (table funcref (elem $proc_exit)) (func (export "_start") (call_indirect (type $t) (i32.const 5) (i32.const 0)))`,
    'exited 5',
  ),
  'a trap in the start function': written(
    '(func $go unreachable) (start $go) (func (export "_start"))',
    'trapped unreachable',
  ),
  'the start function is _start': written('(func $s (export "_start")) (start $s)', 'exited 0'),
  unreachable: trap('unreachable', 'unreachable'),
  'a division by zero': trap('divideByZero', '(drop (i32.div_u (i32.const 1) (local.get $i)))'),
  'the smallest integer divided by -1': trap(
    'integerOverflow',
    '(drop (i64.div_s (i64.const 0x8000000000000000) (i64.const -1)))',
  ),
  'a NaN made an integer': trap('invalidConversion', '(drop (i32.trunc_f64_s (f64.div (f64.const 0) (f64.const 0))))'),
  'an infinity made an integer': trap('invalidConversion', '(drop (i64.trunc_f32_u (f32.const inf)))'),
  'a call of another type': guest('(call_indirect (type $other) (i32.const 0))', 'trapped indirectCallMismatch', {
    fields:
      '(type $other (func (param) (result))) (type $mine (func (param i32))) (table funcref (elem $f)) (func $f (type $mine))',
  }),
}
