/**
 * `make bench-weights`: fuel for each nanosecond of one instruction in a loop, as a chain in which each waits for the one before and as four
 * chains side by side, beside a loop of additions in the same run. JSON out. What is far below 1 is cheap in fuel for the time it takes.
 */
import { compileText } from '../../machine/fixtures/compile.ts'
import { PreparedModule, type RunOptions, runModule } from '../../machine/run.ts'
import { median } from '../statistics.ts'

interface Kernel {
  type: 'i32' | 'i64' | 'f32' | 'f64' | 'v128'
  /** A constant. */
  begin: string
  /** From the value of the round before. */
  next: (value: string) => string
  rounds?: number
}

const perRound = 16
const pairs = 5

const unary = (type: Kernel['type'], name: string, begin: string): Kernel => ({
  type,
  begin,
  next: x => `(${name} ${x})`,
})
const binary = (type: Kernel['type'], name: string, begin: string, other = `(${type}.const ${begin})`): Kernel => ({
  type,
  begin,
  next: x => `(${name} ${x} ${other})`,
})
const divided = (type: 'i32' | 'i64', name: string): Kernel => ({
  type,
  begin: '77777',
  next: x => `(${name} (${type}.const -29) (${type}.or ${x} (${type}.const 1)))`,
})
const effect = (instruction: string, rounds: number): Kernel => ({
  type: 'i32',
  begin: '0',
  next: x => `${instruction} ${x}`,
  rounds,
})
const ints = 'i32x4 3 5 7 9'
const floats = 'f32x4 1.5 2.5 3.5 1e9'
const doubles = 'f64x2 1.5 2e9'
const vector = (name: string, lanes = ints): [string, Kernel] => [name, binary('v128', name, lanes, '(local.get $k)')]

const reference = 'i32.add'
const kernels: Readonly<Record<string, Kernel>> = {
  [reference]: binary('i32', 'i32.add', '1', '(local.get $i)'),
  'i32.rotl': binary('i32', 'i32.rotl', '99', '(local.get $i)'),
  'i32.div_u': divided('i32', 'i32.div_u'),
  'i32.rem_s': divided('i32', 'i32.rem_s'),
  'i64.div_u': divided('i64', 'i64.div_u'),
  'i64.rem_s': divided('i64', 'i64.rem_s'),
  'f64.add': binary('f64', 'f64.add', '1.5'),
  'f64.mul': binary('f64', 'f64.mul', '1.0000001'),
  'f64.div': binary('f64', 'f64.div', '1.0000001'),
  'f32.div': binary('f32', 'f32.div', '1.0000001'),
  'f64.sqrt': { type: 'f64', begin: '1e300', next: x => `(f64.sqrt (f64.add ${x} (f64.const 1e10)))` },
  'f32.sqrt': { type: 'f32', begin: '1e30', next: x => `(f32.sqrt (f32.add ${x} (f32.const 1e10)))` },
  'f64.floor': unary('f64', 'f64.floor', '1.5'),
  'i64.load': { type: 'i32', begin: '8', next: x => `(i32.wrap_i64 (i64.load ${x}))` },
  'i32.store8, i32.load': {
    type: 'i32',
    begin: '0',
    next: x => `(i32.store8 (i32.const 65) ${x}) (i32.load (i32.const 64))`,
  },
  call_indirect: { type: 'i32', begin: '8', next: x => `(call_indirect (param i32) (result i32) ${x} (i32.const 1))` },
  'table.get': { type: 'i32', begin: '0', next: x => `(i32.add ${x} (ref.is_null (table.get (i32.const 2))))` },
  'table.set': effect('(table.set (i32.const 3) (ref.func $one))', 100_000),
  'table.fill of 100': effect('(table.fill (i32.const 0) (ref.func $one) (i32.const 100))', 2_000),
  'table.copy of 100': effect('(table.copy (i32.const 0) (i32.const 200) (i32.const 100))', 2_000),
  'table.init of 100': effect('(table.init $segment (i32.const 0) (i32.const 0) (i32.const 100))', 2_000),
  'memory.fill of 64': effect('(memory.fill (i32.const 0) (i32.const 0) (i32.const 64))', 100_000),
  'memory.copy of 4096': effect('(memory.copy (i32.const 1) (i32.const 0) (i32.const 4096))', 10_000),
  'memory.init of 64': effect('(memory.init $data (i32.const 0) (i32.const 0) (i32.const 64))', 100_000),
  ...Object.fromEntries(
    ['i32x4.add', 'i32x4.mul', 'i64x2.mul', 'i16x8.q15mulr_sat_s', 'i8x16.swizzle', 'i32x4.dot_i16x8_s'].map(name =>
      vector(name),
    ),
  ),
  ...Object.fromEntries(['f32x4.add', 'f32x4.div', 'f32x4.min'].map(name => vector(name, floats))),
  ...Object.fromEntries(['f64x2.add', 'f64x2.div', 'f64x2.max'].map(name => vector(name, doubles))),
  'f32x4.sqrt': unary('v128', 'f32x4.sqrt', floats),
  'f64x2.sqrt': unary('v128', 'f64x2.sqrt', doubles),
  'i8x16.popcnt': unary('v128', 'i8x16.popcnt', ints),
  'i8x16.shr_s': binary('v128', 'i8x16.shr_s', ints, '(local.get $i)'),
  'i64x2.shr_s': binary('v128', 'i64x2.shr_s', ints, '(local.get $i)'),
  'i8x16.shuffle': binary('v128', 'i8x16.shuffle 3 17 5 9 31 0 8 21 1 2 30 29 11 12 7 6', ints, '(local.get $k)'),
  'i64x2.all_true': { type: 'v128', begin: ints, next: x => `(i32x4.splat (i64x2.all_true ${x}))` },
  'i32x4.trunc_sat, f32x4.convert': {
    type: 'v128',
    begin: floats,
    next: x => `(f32x4.convert_i32x4_u (i32x4.trunc_sat_f32x4_u ${x}))`,
  },
}

const options: RunOptions = {
  args: [],
  environ: [],
  stdin: new Uint8Array(0),
  seed: new Uint8Array(32),
  memoryBytesMax: 2 ** 26,
  outputBytesMax: 0,
  fuelMax: 1e12,
}

const found = new Map<string, Record<'chain' | 'four', number>>()
for (const [name, kernel] of Object.entries(kernels)) {
  found.set(name, { chain: await fuelPerNs(name, kernel, 1), four: await fuelPerNs(name, kernel, 4) })
}
const base = found.get(reference) as Record<'chain' | 'four', number>
const results = [...found].map(([instruction, { chain, four }]) => ({
  instruction,
  chain: { fuelPerNs: round(chain), ratio: round(chain / base.chain) },
  four: { fuelPerNs: round(four), ratio: round(four / base.four) },
}))
console.log(JSON.stringify({ reference, results }, undefined, 2))

/** Of the raw loop, by processor time; after a round that does not count. */
async function fuelPerNs(name: string, kernel: Kernel, chains: number): Promise<number> {
  const bytes = await compileText(text(kernel, chains))
  const result = runModule(new PreparedModule(bytes), options)
  if (result.kind !== 'ended' || result.outcome.reason !== 'exited')
    throw new Error(`${name}: ${JSON.stringify(result)}`)
  const module = new WebAssembly.Module(bytes)
  const times: number[] = []
  for (let pair = -1; pair < pairs; pair++) {
    const { exports } = new WebAssembly.Instance(module)
    const begun = process.cpuUsage()
    ;(exports['_start'] as () => void)()
    const { user, system } = process.cpuUsage(begun)
    if (pair >= 0) times.push(user + system)
  }
  return result.fuel / (median(times) * 1000)
}

function text({ type, begin, next, rounds = 1_000_000 }: Kernel, chains: number): string {
  const each = (count: number, write: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => write(index)).join(' ')
  return `(module (memory (export "memory") 1) (table 400 funcref) (elem (i32.const 0) $one $two)
    (elem $segment func ${each(100, () => '$one')}) (data $data "${'x'.repeat(64)}")
    (func $one (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
    (func $two (param i32) (result i32) (i32.xor (local.get 0) (i32.const 1)))
    (func $work (param $rounds i32) ${each(chains, index => `(local $x${index} ${type})`)} (local $i i32) (local $k v128)
      (local.set $k (v128.const ${type === 'v128' ? begin : ints}))
      ${each(chains, index => `(local.set $x${index} (${type}.const ${begin}))`)}
      (loop $again ${each(perRound, index => `${next(`(local.get $x${index % chains})`)} (local.set $x${index % chains})`)}
        (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $rounds))))
      ${each(chains, index => `(${type}.store (i32.const 128) (local.get $x${index}))`)})
    (func (export "_start") (call $work (i32.const 1000)) (call $work (i32.const 20000)) (call $work (i32.const ${rounds}))))`
}

function round(value: number): number {
  return Number(value.toPrecision(3))
}
