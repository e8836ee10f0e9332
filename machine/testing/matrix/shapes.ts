/**
 * Guests that go as deep as the depth lets them, in frames of every kind of which an engine might make more than the model says (SPEC.md,
 * Depth). All of them would recurse for ever; each stops.
 */

const repeat = (count: number, text: string | ((index: number) => string)): string =>
  Array.from({ length: count }, (_, index) => (typeof text === 'string' ? text : text(index))).join(' ')

/** Named texts of modules. `hot` runs its function often before it goes deep, so that the optimizing tier has it. */
export const shapes: Readonly<Record<string, string>> = {
  least: recursive('', '(call $f)'),
  parameters: recursive(
    repeat(50, '(param i64)'),
    `(call $f ${repeat(50, index => `(i64.add (local.get ${index}) (i64.const 1))`)})`,
    { args: repeat(50, '(i64.const 1)') },
  ),
  locals: recursive(
    repeat(200, '(local i64)'),
    `${repeat(200, index => `(local.set ${index} (i64.load (i32.const ${index * 8})))`)} (call $f)
     ${repeat(200, index => `(i64.store (i32.const ${index * 8}) (local.get ${index}))`)}`,
  ),
  operands: recursive(
    '',
    `${repeat(300, index => `(i64.load (i32.const ${index * 8}))`)} (call $f)
     ${repeat(300, index => `(global.set $g${index % 4})`)}`,
    { globals: 'i64' },
  ),
  vectors: recursive(
    repeat(100, '(local v128)'),
    `${repeat(100, index => `(local.set ${index} (v128.load (i32.const ${index * 16})))`)} (call $f)
     ${repeat(100, index => `(v128.store (i32.const ${index * 16}) (local.get ${index}))`)}`,
  ),
  wideOperands: recursive(
    '',
    `${repeat(100, index => `(v128.load (i32.const ${index * 16}))`)} (call $f)
     ${repeat(100, index => `(global.set $g${index % 4})`)}`,
    { globals: 'v128' },
  ),
  floats: recursive(
    repeat(60, '(local f64)'),
    `${repeat(60, index => `(local.set ${index} (f64.div (f64.load (i32.const ${index * 8})) (f64.load (i32.const 0))))`)} (call $f)
     ${repeat(60, index => `(f64.store (i32.const ${index * 8}) (f64.mul (local.get ${index}) (local.get 0)))`)}`,
  ),
  results: `(module (memory 1) (func $f (result ${repeat(30, 'i64')})
    (call $f) ${repeat(30, '(drop)')} ${repeat(30, '(i64.const 1)')})
    (func (export "_start") (call $f) ${repeat(30, '(drop)')}))`,
  indirect: `(module (memory 1) (type $t (func (param i32) (result i32))) (table funcref (elem $f $g))
    (func $f (type $t) (i32.add (local.get 0) (call_indirect (type $t) (local.get 0) (i32.const 1))))
    (func $g (type $t) (i32.add (local.get 0) (call_indirect (type $t) (local.get 0) (i32.const 0))))
    (func (export "_start") (drop (call $f (i32.const 1)))))`,
  turns: `(module (memory 1)
    ${repeat(
      12,
      index => `(func $f${index} (param i32 i64) (result i64) (local i64 i64 f32)
        (local.set 2 (i64.load (local.get 0)))
        (i64.add (local.get 2) (call $f${(index + 1) % 12} (i32.and (local.get 0) (i32.const 1023)) (local.get 1))))`,
    )}
    (func (export "_start") (drop (call $f0 (i32.const 8) (i64.const 1)))))`,
  chain: chain(2_000, 8),
  wideChain: chain(300, 150),
  hot: hot(''),
  hotValues: hot(values('add'), values('xor')),
}

/** Many values that are computed on both sides of the call, and need no slot in the model: an engine may keep each of them in its frame. */
function values(operation: string): string {
  return repeat(400, index => {
    const value = `(i64.mul (local.get $x) (i64.const ${index * 2 + 3}))`
    return `(local.set $sum (i64.${operation} (local.get $sum) ${value}))`
  })
}

function recursive(head: string, body: string, more: { args?: string; globals?: string } = {}): string {
  const { args = '', globals } = more
  const value = globals === 'v128' ? '(v128.const i64x2 0 0)' : '(i64.const 0)'
  const declared = globals === undefined ? '' : repeat(4, index => `(global $g${index} (mut ${globals}) ${value})`)
  return `(module (memory 1) ${declared} (func $f ${head} ${body}) (func (export "_start") (call $f ${args})))`
}

/** No cycle: so many functions, each of which calls the next one with its locals alive; then the last one begins a recursion. */
function chain(functions: number, locals: number): string {
  const load = repeat(locals, index => `(local.set ${index} (i64.load (i32.const ${index * 8})))`)
  const store = repeat(locals, index => `(i64.store (i32.const ${index * 8}) (local.get ${index}))`)
  return `(module (memory 1)
    ${repeat(functions, index => `(func $f${index} ${repeat(locals, '(local i64)')} ${load} (call $f${index + 1}) ${store})`)}
    (func $f${functions} (call $f${functions}))
    (func (export "_start") (call $f0)))`
}

/** Shallow recursions until the engine has optimized it, then one without end. `before` stands before the call, `behind` behind it. */
function hot(before: string, behind = before): string {
  return `(module (memory 1) (global $end (mut i64) (i64.const 0))
    (func $f (param $x i64) (param $left i32) (result i64) (local $sum i64)
      ${before} (i64.store (i32.const 0) (local.get $sum))
      (if (i32.eqz (local.get $left)) (then (return (local.get $sum))))
      (i64.store (i32.const 8) (call $f (i64.add (local.get $x) (i64.const 1)) (i32.sub (local.get $left) (i32.const 1))))
      (local.set $sum (i64.const 0))
      ${behind} (local.get $sum))
    (func (export "_start") (local i32)
      (loop (drop (call $f (i64.const 5) (i32.const 20)))
        (br_if 0 (i32.lt_u (local.tee 0 (i32.add (local.get 0) (i32.const 1))) (i32.const 6000))))
      (drop (call $f (i64.const 7) (i32.const -1)))))`
}

/** Takes so many frames of stack, of 512 values that are alive across the call, then calls `work`. */
export const ballast = `(module (import "" "work" (func $work)) (memory 1)
  (func $down (export "down") (param $frames i32) ${repeat(512, '(local i64)')}
    (if (i32.eqz (local.get $frames)) (then (call $work) (return)))
    ${repeat(512, index => `(local.set ${index + 1} (i64.mul (i64.load (i32.const ${(index * 56) % 4096})) (i64.const ${index * 2 + 3})))`)}
    (call $down (i32.sub (local.get $frames) (i32.const 1)))
    ${repeat(512, index => `(i64.store (i32.const ${(index * 56) % 4096}) (i64.xor (local.get ${index + 1}) (i64.load (i32.const ${(index * 88) % 4096}))))`)}))`
