/** Memory and tables: growth, floods of bulk instructions, places that are not there. */
import type { Hostile } from './corpus.ts'
import { endless, exits, guest, written } from './guest.ts'

const tableFields = '(table $t 10 funcref) (elem declare func $f) (func $f)'

const growth: Record<string, Hostile> = {
  'memory grown by one page for ever': endless('(drop (memory.grow (i32.const 1)))'),
  'memory grown by nothing for ever': endless('(drop (memory.grow (i32.const 0)))'),
  'memory grown by four thousand million pages for ever': endless('(drop (memory.grow (i32.const -1)))'),
  'memory grown to the limit, then touched everywhere for ever': endless(
    `(drop (memory.grow (i32.const 64)))
     (i32.store8 (local.get $i) (i32.const 1))
     (local.set $i (i32.rem_u (i32.add (local.get $i) (i32.const 4096)) (i32.mul (memory.size) (i32.const 65536))))`,
  ),
  'a gigabyte touched': guest(
    `(drop (memory.grow (i32.const 16382)))
     (loop $again (i32.store8 (local.get $i) (i32.const 1))
       (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4096))) (i32.const 0x40000000))))`,
    'exited 0',
    {},
    { memoryBytes: 1024 * 1024 * 1024, fuel: 10_000_000_000 },
  ),
  'growth beyond the limit answers -1': exits('(i32.eq (memory.grow (i32.const 1023)) (i32.const -1))', 1),
  'a table grown by one entry for ever': endless('(drop (table.grow $t (ref.null func) (i32.const 1)))', {
    fields: tableFields,
  }),
  'a table grown by four thousand million entries for ever': endless(
    '(drop (table.grow $t (ref.null func) (i32.const -1)))',
    { fields: tableFields },
  ),
  'sixteen tables grown to their bound': guest(
    Array.from({ length: 16 }, (_, index) => `(drop (table.grow ${index} (ref.null func) (i32.const 99999)))`).join(''),
    'exited 0',
    { fields: '(table 1 funcref)'.repeat(16) },
    { fuel: 1_000_000_000 },
  ),
}

const floods: Record<string, Hostile> = {
  'memory.fill of everything for ever': endless(`(memory.fill (i32.const 0) (i32.const 7) (i32.const 67108864))`, {
    pages: '1024',
  }),
  'memory.copy onto itself for ever': endless(`(memory.copy (i32.const 1) (i32.const 0) (i32.const 67108863))`, {
    pages: '1024',
  }),
  'memory.copy of nothing for ever': endless('(memory.copy (i32.const 0) (i32.const 0) (i32.const 0))'),
  'memory.init for ever': endless('(memory.init $d (i32.const 0) (i32.const 0) (i32.const 60000))', {
    fields: `(data $d "${'abcdefghij'.repeat(6000)}")`,
  }),
  'memory.size for ever': endless('(drop (memory.size))'),
  'table.fill for ever': endless('(table.fill $t (i32.const 0) (ref.func $f) (i32.const 100000))', {
    fields: '(table $t 100000 funcref) (elem declare func $f) (func $f)',
  }),
  'table.copy for ever': endless('(table.copy $t $t (i32.const 1) (i32.const 0) (i32.const 99999))', {
    fields: '(table $t 100000 funcref)',
  }),
  'table.init for ever': endless('(table.init $t $e (i32.const 0) (i32.const 0) (i32.const 10000))', {
    fields: `(table $t 10000 funcref) (elem $e func ${'$f '.repeat(10_000)}) (func $f)`,
  }),
  'table.set for ever': endless('(table.set $t (i32.const 0) (ref.func $f))', { fields: tableFields }),
  'elem.drop and data.drop for ever': endless('(elem.drop 0) (data.drop 0)', { fields: `${tableFields} (data "abc")` }),
}

const trap = (which: string, text: string, fields = tableFields): Hostile => guest(text, `trapped ${which}`, { fields })
const far = '(i32.const -1)'

const wild: Record<string, Hostile> = {
  'a load at the end of the address space': trap('memoryOutOfBounds', `(drop (i64.load offset=4294967295 ${far}))`),
  'a store whose offset wraps': trap('memoryOutOfBounds', `(i32.store offset=4294967295 (i32.const 1) (i32.const 0))`),
  'a load of a vector across the end': trap('memoryOutOfBounds', '(drop (v128.load (i32.const 131057)))'),
  'memory.fill of four gigabytes': trap(
    'memoryOutOfBounds',
    `(memory.fill (i32.const 0) (i32.const 0) (i32.const 131073))`,
  ),
  'memory.copy from nowhere': trap('memoryOutOfBounds', `(memory.copy (i32.const 0) ${far} (i32.const 2))`),
  'memory.fill that nobody can pay': guest(`(memory.fill (i32.const 0) (i32.const 0) ${far})`, 'fuelExhausted'),
  'memory.init of a dropped segment': trap(
    'memoryOutOfBounds',
    '(data.drop 0) (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 1))',
    '(data "abc")',
  ),
  'table.get beyond the end': trap('tableOutOfBounds', `(drop (table.get $t ${far}))`),
  'table.fill beyond the end': trap('tableOutOfBounds', '(table.fill $t (i32.const 5) (ref.null func) (i32.const 6))'),
  'a call of an empty entry': trap(
    'indirectCallMismatch',
    '(call_indirect (type 0) (i32.const 3))',
    `(type (func)) ${tableFields}`,
  ),
  'a call of an entry that is not there': trap(
    'tableOutOfBounds',
    `(call_indirect (type 0) ${far})`,
    `(type (func)) ${tableFields}`,
  ),
  'memory that is too large for its job': written('(memory 1025) (func (export "_start"))', 'moduleRejected'),
}

export const memory: Record<string, Hostile> = { ...growth, ...floods, ...wild }
