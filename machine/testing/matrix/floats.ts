/**
 * Guests that show every bit of what their float instructions give: NaNs with payloads, quiet and signalling, infinities, zeros, the ends of
 * every conversion. Each goes over the same operands so often that the engine's better code takes over on the way.
 */

const f64s = [
  '0000000000000000',
  '8000000000000000',
  '3ff0000000000000',
  'bff8000000000000',
  '4008000000000000',
  '3fe0000000000000',
  '7ff0000000000000',
  'fff0000000000000',
  '7ff8000000000000',
  'fff8000000000000',
  '7ff8000000000001',
  'fff4000000000000',
  '7ff0000000000001',
  '7ff4dead0000beef',
  'fffc0000cafe0000',
  '0000000000000001',
  '800fffffffffffff',
  '7fefffffffffffff',
  '41dfffffffc00000',
  'c1e0000000000000',
  '41efffffffe00000',
  '43e0000000000000',
  'c3e0000000000000',
  '43f0000000000000',
  '4330000000000001',
  '3fefffffffffffff',
  '36a0000000000000',
  '47efffffe0000000',
] // prettier-ignore
const f32s = [
  '00000000',
  '80000000',
  '3f800000',
  'bfc00000',
  '40400000',
  '3f000000',
  '7f800000',
  'ff800000',
  '7fc00000',
  'ffc00000',
  '7fc00001',
  'ffa00000',
  '7f800001',
  '7fadbeef',
  'ffe0cafe',
  '00000001',
  '807fffff',
  '7f7fffff',
  '4effffff',
  'cf000000',
  '4f7fffff',
  '5f000000',
  'df000000',
  '5f800000',
  '4b000001',
  '3f7fffff',
  '33800000',
  '7149f2ca',
] // prettier-ignore

const bytesOf = (value: string): string =>
  (value.match(/../g) ?? [])
    .toReversed()
    .map(byte => `\\${byte}`)
    .join('')
const data = f64s.map(bytesOf).join('') + f32s.map(bytesOf).join('')
const count = f64s.length
const f32At = count * 8

const binary = ['add', 'sub', 'mul', 'div', 'min', 'max', 'copysign']
const unary = ['sqrt', 'ceil', 'floor', 'trunc', 'nearest', 'abs', 'neg']
const compares = ['eq', 'ne', 'lt', 'gt', 'le', 'ge']

/** The module of a loop over all pairs of operands: each text of `results` is an i64, made of $a and $b as they lie in memory. */
function showing(results: readonly string[], load: string): string {
  const mixed = results.map(
    (result, index) => `(local.set $mix (i64.add (i64.rotl (local.get $mix) (i64.const ${(index % 23) + 1})) ${result}))
      (i64.store offset=${index * 8} (local.get $out) (i64.xor (i64.load offset=${index * 8} (local.get $out)) (local.get $mix)))`,
  )
  return `(module
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 2)
    (data (i32.const 0) "${data}")
    (func $pair (param $i i32) (param $j i32) (local $out i32) (local $mix i64) (local $a f64) (local $b f64) (local $c f32) (local $d f32) (local $v v128) (local $w v128)
      (local.set $out (i32.const 4096))
      ${load}
      ${mixed.join('\n')})
    (func (export "_start") (local $i i32) (local $j i32) (local $round i32)
      (loop $rounds
        (local.set $i (i32.const 0))
        (loop $is
          (local.set $j (i32.const 0))
          (loop $js
            (call $pair (local.get $i) (local.get $j))
            (br_if $js (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (i32.const ${count}))))
          (br_if $is (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const ${count}))))
        (i32.store (i32.const 2048) (i32.const 4096)) (i32.store (i32.const 2052) (i32.const ${results.length * 8}))
        (drop (call $write (i32.const 1) (i32.const 2048) (i32.const 1) (i32.const 2056)))
        (br_if $rounds (i32.lt_u (local.tee $round (i32.add (local.get $round) (i32.const 1))) (i32.const 12))))))`
}

const loads = {
  f64: '(local.set $a (f64.load (i32.shl (local.get $i) (i32.const 3)))) (local.set $b (f64.load (i32.shl (local.get $j) (i32.const 3))))',
  f32: `(local.set $c (f32.load offset=${f32At} (i32.shl (local.get $i) (i32.const 2)))) (local.set $d (f32.load offset=${f32At} (i32.shl (local.get $j) (i32.const 2))))`,
  // Whatever lies there: neighbours, so that one lane is a NaN and the other is not.
  v128: `(local.set $v (v128.load (i32.shl (i32.rem_u (local.get $i) (i32.const 20)) (i32.const 3)))) (local.set $w (v128.load offset=${f32At - 64} (i32.shl (local.get $j) (i32.const 2))))`,
}
const bits64 = (value: string) => `(i64.reinterpret_f64 ${value})`
const bits32 = (value: string) => `(i64.extend_i32_u (i32.reinterpret_f32 ${value}))`
const lanes = (value: string) =>
  `(i64.xor (i64x2.extract_lane 0 ${value}) (i64.rotl (i64x2.extract_lane 1 ${value}) (i64.const 7)))`
const pair = (type: string, name: string, a: string, b: string) => `(${type}.${name} (local.get ${a}) (local.get ${b}))`
const one = (name: string, a: string) => `(${name} (local.get ${a}))`

const saturating = ['i32', 'i64'].flatMap(to =>
  ['f32', 'f64'].flatMap(from => ['s', 'u'].map(sign => ({ to, from, sign }))),
)

/** Named texts of modules. */
export const floats: Readonly<Record<string, string>> = {
  f64: showing(
    [
      ...binary.map(name => bits64(pair('f64', name, '$a', '$b'))),
      ...unary.map(name => bits64(one(`f64.${name}`, '$a'))),
      ...compares.map(name => `(i64.extend_i32_u ${pair('f64', name, '$a', '$b')})`),
      bits64('(f64.sub (f64.mul (local.get $a) (local.get $b)) (f64.mul (local.get $b) (local.get $a)))'),
      bits64('(select (local.get $a) (f64.add (local.get $a) (local.get $b)) (f64.lt (local.get $a) (local.get $b)))'),
    ],
    loads.f64,
  ),
  f32: showing(
    [
      ...binary.map(name => bits32(pair('f32', name, '$c', '$d'))),
      ...unary.map(name => bits32(one(`f32.${name}`, '$c'))),
      ...compares.map(name => `(i64.extend_i32_u ${pair('f32', name, '$c', '$d')})`),
      bits32('(f32.add (f32.mul (local.get $c) (local.get $d)) (f32.div (local.get $d) (local.get $c)))'),
    ],
    loads.f32,
  ),
  conversions: showing(
    [
      bits32('(f32.demote_f64 (local.get $a))'),
      bits64('(f64.promote_f32 (local.get $c))'),
      ...saturating.map(({ to, from, sign }) => {
        const value = `(${to}.trunc_sat_${from}_${sign} (local.get ${from === 'f64' ? '$a' : '$c'}))`
        return to === 'i32' ? `(i64.extend_i32_u ${value})` : value
      }),
      ...['s', 'u'].flatMap(sign => [
        bits64(`(f64.convert_i64_${sign} (i64.reinterpret_f64 (local.get $b)))`),
        bits32(`(f32.convert_i64_${sign} (i64.reinterpret_f64 (local.get $b)))`),
        bits64(`(f64.convert_i32_${sign} (i32.reinterpret_f32 (local.get $d)))`),
        bits32(`(f32.convert_i32_${sign} (i32.reinterpret_f32 (local.get $d)))`),
      ]),
    ],
    `${loads.f64} ${loads.f32}`,
  ),
  ...Object.fromEntries(
    ['f32x4', 'f64x2'].map(type => [
      type,
      showing(
        [
          ...[...binary.slice(0, -1), 'pmin', 'pmax', ...compares].map(name => lanes(pair(type, name, '$v', '$w'))),
          ...unary.map(name => lanes(one(`${type}.${name}`, '$v'))),
          ...(type === 'f32x4'
            ? [
                'f32x4.demote_f64x2_zero',
                'i32x4.trunc_sat_f32x4_s',
                'i32x4.trunc_sat_f32x4_u',
                'f32x4.convert_i32x4_s',
                'f32x4.convert_i32x4_u',
              ]
            : [
                'f64x2.promote_low_f32x4',
                'i32x4.trunc_sat_f64x2_s_zero',
                'i32x4.trunc_sat_f64x2_u_zero',
                'f64x2.convert_low_i32x4_s',
                'f64x2.convert_low_i32x4_u',
              ]
          ).map(name => lanes(one(name, '$v'))),
        ],
        loads.v128,
      ),
    ]),
  ),
  // Payloads that only travel: no arithmetic, so they stay as they are.
  payloads: showing(
    [
      bits64('(f64.neg (local.get $a))'),
      bits64('(f64.copysign (local.get $a) (local.get $b))'),
      bits32('(f32.abs (local.get $c))'),
    ],
    `${loads.f64} ${loads.f32}`,
  ),
  // One NaN, in the last round: what ran before without it is done again.
  lateNan: `(module
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1) (data (i32.const 8) "\\40\\00\\00\\00\\08\\00\\00\\00")
    (func (export "_start") (local $i i32) (local $x f64)
      (loop
        (local.set $x (f64.div (f64.convert_i32_s (i32.sub (i32.const 999) (local.get $i))) (f64.convert_i32_s (i32.sub (i32.const 999) (local.get $i)))))
        (f64.store (i32.const 64) (local.get $x))
        (if (i32.eqz (i32.rem_u (local.get $i) (i32.const 111))) (then (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 0)))))
        (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000))))))`,
}
