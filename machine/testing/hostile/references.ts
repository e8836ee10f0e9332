/** Host functions and functions of the guest in every place where one can stand: a call that is none in the text is one all the same. */
import type { Hostile } from './corpus.ts'
import { exits, guest, written } from './guest.ts'

const yields = { calls: ['sched_yield'] } as const
const imported = (name: string, as: string) => `(import "wasi_snapshot_preview1" "${name}" (func ${as}))`
const result = '(type $r (func (result i32)))'

export const references: Record<string, Hostile> = {
  'a host function called through a table': exits('(call_indirect (type $r) (i32.const 1))', 0, {
    ...yields,
    fields: `${result} (table funcref (elem $proc_exit $sched_yield))`,
  }),
  'a host function called through a table by another type': guest(
    '(drop (call_indirect (type $other) (i32.const 0)))',
    'trapped indirectCallMismatch',
    { ...yields, fields: '(type $other (func (result i64))) (table funcref (elem $sched_yield))' },
  ),
  'a tail call of a host function': exits('(i32.add (i32.const 7) (call $f))', 7, {
    ...yields,
    fields: '(func $f (result i32) (return_call $sched_yield))',
  }),
  'a tail call of proc_exit': guest('(call $f (i32.const 9)) unreachable', 'exited 9', {
    calls: ['proc_exit'],
    fields: '(func $f (param i32) (return_call $proc_exit (local.get 0)))',
  }),
  'tail calls through a table, of a host function and of one of its own': exits(
    '(i32.add (call $f (i32.const 0)) (call $f (i32.const 1)))',
    3,
    {
      ...yields,
      fields: `${result} (table funcref (elem $sched_yield $three)) (func $three (result i32) (i32.const 3))
        (func $f (param i32) (result i32) (return_call_indirect (type $r) (local.get 0)))`,
    },
  ),
  'tail calls that call the host by turns': exits('(call $a (i32.const 50))', 0, {
    ...yields,
    fields: `(func $a (param i32) (result i32) (if (i32.eqz (local.get 0)) (then (return_call $sched_yield)))
      (drop (call $sched_yield)) (return_call $b (i32.sub (local.get 0) (i32.const 1))))
      (func $b (param i32) (result i32) (return_call $a (local.get 0)))`,
  }),
  'a host function that is exported, kept in a global, and put into a table': guest(
    `(table.set (i32.const 0) (global.get $kept)) (global.set $kept (ref.null func))
     (call $proc_exit (i32.add (i32.const 11) (call_indirect (type $r) (i32.const 0))))`,
    'exited 11',
    {
      calls: ['proc_exit', 'sched_yield'],
      fields: `${result} (export "yield" (func $sched_yield)) (global $kept (mut funcref) (ref.func $sched_yield)) (table 1 funcref)`,
    },
  ),
  'the same host functions imported twice': written(
    `${imported('sched_yield', '$a (result i32)')} ${imported('sched_yield', '$b (result i32)')}
     ${imported('proc_exit', '$c (param i32)')} ${imported('proc_exit', '$d (param i32)')} (memory (export "memory") 1)
     (func (export "_start") (call $d (i32.add (i32.const 13) (i32.add (call $a) (call $b)))))`,
    'exited 13',
  ),
  'two types that are one': exits('(call_indirect (type $b) (i32.const 3) (i32.const 0))', 4, {
    fields: `(type $a (func (param i32) (result i32))) (type $b (func (param i32) (result i32))) (table funcref (elem $f))
      (func $f (type $a) (i32.add (local.get 0) (i32.const 1)))`,
  }),
  'a function that only its export names': exits('(call_indirect (type $r) (i32.const 0))', 4, {
    fields: `${result} (table 1 funcref) (func $f (export "f") (result i32) (i32.const 4))
      (func $s (table.set (i32.const 0) (ref.func $f))) (start $s)`,
  }),
  'a segment of functions that is used, dropped and copied on': exits('(call $moved)', 33, {
    fields: `${result} (table 4 funcref) (elem $e func $f) (func $f (result i32) (i32.const 33))
      (func $moved (result i32) (table.init $e (i32.const 1) (i32.const 0) (i32.const 1)) (elem.drop $e)
        (table.copy (i32.const 0) (i32.const 1) (i32.const 2)) (call_indirect (type $r) (i32.const 0)))`,
  }),
  'tables of foreign references that nobody has': exits('(call $sizes)', 9, {
    fields: `(table $x 3 externref) (table $y 3 externref) (func $sizes (result i32)
      (table.set $x (i32.const 1) (ref.null extern)) (table.copy $x $y (i32.const 0) (i32.const 0) (i32.const 3))
      (drop (table.grow $x (ref.null extern) (i32.const 5))) (table.fill $x (i32.const 2) (ref.null extern) (i32.const 4))
      (i32.add (table.size $x) (ref.is_null (select (result externref) (table.get $x (i32.const 0)) (table.get $y (i32.const 1)) (i32.const 1)))))`,
  }),
  'memory that grows while the arguments of a call are made': exits(
    `(i32.add (memory.grow (memory.grow (i32.const 1)))
      (call $fd_write (memory.grow (i32.const 0)) (i32.const 0) (i32.const 0) (i32.const 0)))`,
    11,
    { calls: ['fd_write'] },
  ),
}
