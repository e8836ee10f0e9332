/** Where charges and checks stand can be seen by nobody: the shapes that the meter treats apart, at every budget that their run can have. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileText } from '../fixtures/compile.ts'
import { interpret } from '../interpreter.ts'
import { PreparedModule, type RunOptions, runModule } from '../run.ts'

const options: RunOptions = {
  args: [],
  environ: [],
  stdin: new Uint8Array(0),
  seed: new Uint8Array(32),
  memoryBytesMax: 65_536,
  outputBytesMax: 1_000,
  fuelMax: 10_000_000,
}

/** `_start` calls $body with each number up to 9, and writes a byte of memory behind each: so host calls show fuel and state. */
const around = (functions: string) => `(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (global $sum (mut f64) (f64.const 0))
  (table funcref (elem $leaf))
  (func $leaf (param i32) (result i32) (i32.add (local.get 0) (i32.const 3)))
  ${functions}
  (func (export "_start") (local $n i32)
    (i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (i32.const 4))
    (loop $more
      (i32.store (i32.const 16) (call $body (local.get $n)))
      (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
      (br_if $more (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 10))))))`

const shapes: Record<string, string> = {
  'a short loop, several rounds at once': `(func $body (param i32) (result i32) (local $i i32) (local $x i32)
    (loop $l
      (local.set $x (i32.add (i32.mul (local.get $x) (i32.const 31)) (local.get $i)))
      (br_if $l (i32.le_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get 0))))
    (local.get $x))`,
  'a short loop of floats, looked at in each copy': `(func $body (param i32) (result i32) (local $i i32)
    (loop $l
      (f64.store (i32.const 32) (f64.div (f64.load (i32.const 32)) (f64.convert_i32_u (local.get $i))))
      (br_if $l (i32.le_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get 0))))
    (i32.load (i32.const 36)))`,
  'a loop that traps in the middle of a round': `(func $body (param i32) (result i32) (local $i i32) (local $x i32)
    (local.set $i (i32.const 7))
    (loop $l
      (local.set $x (i32.div_u (i32.const 99) (local.get $i)))
      (br_if $l (i32.ge_s (local.tee $i (i32.sub (local.get $i) (i32.const 1))) (i32.sub (i32.const 6) (local.get 0)))))
    (local.get $x))`,
  'two ways that exclude one another, within others': `(func $body (param i32) (result i32)
    (block $a (block $b (block $c
      (br_if $c (i32.and (local.get 0) (i32.const 1)))
      (br_if $b (i32.and (local.get 0) (i32.const 2)))
      (return (i32.mul (local.get 0) (i32.const 5))))
      (br_if $a (i32.gt_u (local.get 0) (i32.const 5)))
      (return (i32.const 11)))
      (return (if (result i32) (i32.and (local.get 0) (i32.const 4))
        (then (i32.sub (i32.const 0) (local.get 0))) (else (i32.const 2)))))
    (if (i32.eqz (local.get 0)) (then (return (i32.const 1))))
    (i32.div_u (i32.const 70) (i32.sub (local.get 0) (i32.const 5))))`,
  'a loop whose rounds call what checks': `
  (func $fib (param i32) (result i32) (local $x i32)
    (if (i32.lt_u (local.get 0) (i32.const 2)) (then (return (local.get 0))))
    (loop $l
      (local.set $x (i32.add (local.get $x) (call $fib (i32.sub (local.get 0) (i32.const 1)))))
      (br_if $l (i32.gt_u (local.tee 0 (i32.sub (local.get 0) (i32.const 2))) (i32.const 1))))
    (i32.add (local.get $x) (local.get 0)))
  (func $body (param i32) (result i32) (call $fib (local.get 0)))`,
  'a label that many ways come to': `(func $body (param i32) (result i32) (local $x i32)
    (block $out
      (br_if $out (i32.eq (local.get 0) (i32.const 3)))
      (local.set $x (i32.mul (local.get 0) (i32.const 7)))
      (br_if $out (i32.and (local.get $x) (i32.const 4)))
      (if $only (i32.and (local.get $x) (i32.const 1)) (then
        (local.set $x (i32.add (local.get $x) (i32.const 100)))
        (br_if $only (i32.gt_u (local.get $x) (i32.const 120)))
        (local.set $x (i32.rem_u (local.get $x) (i32.const 9)))
        (br_if $out (i32.eqz (local.get $x)))))
      (local.set $x (i32.add (local.get $x) (block $value (result i32)
        (drop (br_if $value (i32.const 17) (i32.eqz (local.get 0))))
        (i32.store (i32.const 40) (local.get $x))
        (drop (br_if $value (i32.load (i32.const 40)) (i32.eq (local.get 0) (i32.const 5))))
        (i32.const 1)))))
    (if (i32.eq (local.get 0) (i32.const 8)) (then (return (i32.const 2))) (else (local.set $x (i32.const 5))))
    (local.get $x))`,
  'a br_table to where others have been, and back': `(func $body (param i32) (result i32) (local $x i32) (local $n i32)
    (block $end
      (loop $again
        (br_if $end (i32.gt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 12)))
        (block $two (block $one (block $zero
          (br_if $one (i32.eq (local.get $n) (local.get 0)))
          (local.set $x (i32.add (local.get $x) (i32.const 3)))
          (br_if $zero (i32.and (local.get $x) (i32.const 8)))
          (br_table $zero $one $two $again $end (i32.rem_u (i32.add (local.get $x) (local.get 0)) (i32.const 6))))
          (local.set $x (i32.mul (local.get $x) (i32.const 5)))
          (br_table $two $again (i32.and (local.get $x) (i32.const 1))))
          (local.set $x (i32.sub (local.get $x) (i32.div_u (local.get $n) (i32.const 3)))))
        (br $again)))
    (local.get $x))`,
  'much that is owed when functions are called that come to no host': `
  (func $nothing (result i32) (i32.const 1))
  (func $count (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.add (i32.const 1) (call $count (i32.sub (local.get 0) (i32.const 1))))) (else (i32.const 0))))
  (func $body (param i32) (result i32) (local $x i32)
    (local.set $x (i32.add (local.get 0) (i32.const 1000000)))
    ${'(local.set $x (i32.div_u (local.get $x) (i32.const 1))) '.repeat(200)}
    (local.set $x (i32.add (local.get $x) (call $nothing)))
    (i32.add (local.get $x) (call $count (local.get 0))))`,
  'frames taken at the calls': `
  (func $even (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (return (i32.const 1))))
    (call $between (i32.sub (local.get 0) (i32.const 1))))
  (func $between (param i32) (result i32) (call $odd (call_indirect (param i32) (result i32) (local.get 0) (i32.const 0))))
  (func $odd (param i32) (result i32)
    (if (i32.lt_s (local.get 0) (i32.const 4)) (then (return (i32.const 0))))
    (return_call $even (i32.sub (local.get 0) (i32.const 4))))
  (func $body (param i32) (result i32) (call $even (i32.mul (local.get 0) (local.get 0))))`,
}

for (const [name, functions] of Object.entries(shapes)) {
  test(`${name}: the interpreter's claim at every budget`, async () => {
    const bytes = await compileText(around(functions))
    const prepared = new PreparedModule(bytes)
    const whole = interpret(bytes, options)
    assert.ok(whole.kind === 'ended')
    const used = whole.stopped === undefined ? whole.fuel : 90_000
    const step = Math.max(1, Math.floor(used / 400))
    for (let fuelMax = used + step; fuelMax > 0; fuelMax -= step) {
      const limited = { ...options, fuelMax }
      assert.deepEqual(claimed(runModule(prepared, limited)), claimed(interpret(bytes, limited)), `budget ${fuelMax}`)
    }
  })
}

function claimed(result: ReturnType<typeof interpret> | ReturnType<typeof runModule>) {
  assert.ok(result.kind === 'ended')
  return { outcome: result.outcome, fuel: result.fuel, stdout: Buffer.from(result.stdout).toString('hex') }
}
