/**
 * Fuel for each nanosecond of loops that do one kind of thing for ever, dear or cheap, as JSON: what a guest gets that is made to cost more than
 * it pays for. `reference` is plain arithmetic, `timesReference` how much more time than that the same fuel buys.
 */
import process from 'node:process'
import { compileText } from '../../machine/fixtures/compile.ts'
import { PreparedModule, runModule } from '../../machine/run.ts'
import { median } from '../statistics.ts'

const fuelMax = 2_000_000_000
const runs = 3
const memoryBytesMax = 64 * 1024 * 1024
const pages = 512

const random = '(local.set $i (i32.add (i32.mul (local.get $i) (i32.const 1664525)) (i32.const 1013904223)))'
const functions = Array.from({ length: 32 }, (_, index) => index)
const table = '(table 1000 funcref) (func $f) (elem $e func' + ' $f'.repeat(1000) + ')'

/** What each loop does, and what it needs of the module. */
const loops: Record<string, readonly [again: string, fields?: string]> = {
  reference: ['(local.set $i (i32.add (i32.mul (local.get $i) (i32.const 3)) (i32.const 1)))'],
  'i64.div_s': [
    '(local.set $l (i64.div_s (i64.const 0x7fffffffffffffff) (i64.add (i64.const 3) (i64.shr_u (local.get $l) (i64.const 62)))))',
  ],
  'f64.div of denormals': ['(local.set $d (f64.div (f64.const 0x1p-1070) (f64.add (local.get $d) (f64.const 0.5))))'],
  'i32.trunc_f64_s': ['(local.set $i (i32.trunc_f64_s (f64.convert_i32_s (local.get $i))))'],
  'i64.load across pages': [
    `(local.set $l (i64.add (local.get $l) (i64.load (i32.add (i32.const 4092)
      (i32.and (i32.mul (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4096)) (i32.const 0xfff000))))))`,
  ],
  'if that nobody can foretell': [
    `${random} (if (i32.and (local.get $i) (i32.const 0x40000)) (then (local.set $l (i64.const 1))) (else (i32.store (i32.const 0) (local.get $i))))`,
  ],
  'br_table that nobody can foretell': [
    `${random} (block $a (block $b (block $c (br_table $a $b $c $a (i32.shr_u (local.get $i) (i32.const 30)))) (br $a)) (local.set $l (i64.const 1)))`,
  ],
  'call_indirect that nobody can foretell': [
    `${random} (drop (call_indirect (type $t) (local.get $i) (i32.shr_u (local.get $i) (i32.const 27))))`,
    `(type $t (func (param i32) (result i32))) (table funcref (elem ${functions.map(index => `$f${index}`).join(' ')}))
     ${functions.map(index => `(func $f${index} (type $t) (i32.xor (local.get 0) (i32.const ${index})))`).join('')}`,
  ],
  'memory.copy of overlapping megabytes': ['(memory.copy (i32.const 4097) (i32.const 1) (i32.const 20000000))'],
  'memory.fill of 64 bytes': ['(memory.fill (i32.const 0) (i32.const 1) (i32.const 64))'],
  'memory.grow by nothing': ['(drop (memory.grow (i32.const 0)))'],
  'table.get, table.set': ['(table.set (i32.const 1) (table.get (i32.const 2)))', table],
  'ref.func, table.set': ['(table.set (i32.const 1) (ref.func $f))', table],
  'table.fill': ['(table.fill (i32.const 0) (ref.null func) (i32.const 1000))', table],
  'table.copy': [
    '(table.init $e (i32.const 0) (i32.const 0) (i32.const 1)) (table.copy (i32.const 0) (i32.const 1) (i32.const 999))',
    table,
  ],
  'table.init': ['(table.init $e (i32.const 0) (i32.const 0) (i32.const 1000))', table],
}

const results = []
for (const [name, [again, fields = '']] of Object.entries(loops)) {
  const text = `(module (memory (export "memory") ${pages}) ${fields}
    (func (export "_start") (local $i i32) (local $l i64) (local $d f64) (loop $again ${again} (br $again))))`
  const prepared = new PreparedModule(await compileText(text))
  const times = Array.from({ length: runs + 1 }, () => timeOf(prepared)).slice(1)
  results.push({ name, fuelPerNs: fuelMax / median(times) })
}
const reference = results[0]?.fuelPerNs ?? 0
const rows = results.map(({ name, fuelPerNs }) => ({
  name,
  fuelPerNs: Number(fuelPerNs.toFixed(2)),
  timesReference: Number((reference / fuelPerNs).toFixed(2)),
}))
process.stdout.write(`${JSON.stringify({ node: process.version, fuelMax, runs, rows }, undefined, 1)}\n`)

/** Processor time in nanoseconds of one run to the end of its budget. */
function timeOf(prepared: PreparedModule): number {
  const before = process.cpuUsage()
  const result = runModule(prepared, {
    args: [],
    environ: [],
    stdin: new Uint8Array(0),
    seed: new Uint8Array(32),
    memoryBytesMax,
    outputBytesMax: 0,
    fuelMax,
  })
  if (result.kind !== 'ended' || result.stopped !== 'fuelExhausted')
    throw new Error(`it ended: ${JSON.stringify(result)}`)
  const { user, system } = process.cpuUsage(before)
  return (user + system) * 1000
}
