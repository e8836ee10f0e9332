/** The referee's view: a run can be stopped anywhere and gone on with, and every bit of what it depends on is in the digest of its state. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { compileText } from '../fixtures/compile.ts'
import { Interpreter, type InterpreterOptions } from '../interpreter.ts'
import { generateModule } from '../testing/generate/module.ts'
import { Random } from '../testing/generate/random.ts'
import type { FileNode } from '../wasi/nodes.ts'
import type { System } from '../wasi/system.ts'
import type { Instance } from './instances.ts'
import type { Machine } from './machine.ts'

const options: InterpreterOptions = {
  args: ['a'],
  environ: ['B=c'],
  stdin: Buffer.from('input'),
  seed: new Uint8Array(32).fill(3),
  memoryBytesMax: 4 * 65_536,
  outputBytesMax: 100_000,
  fuelMax: 300_000,
}

test('a run that is stopped wherever chance has it, and gone on with, is the run that was not', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const bytes = generateModule(seed)
    const whole = new Interpreter(bytes, options)
    const end = whole.run()
    const stopped = new Interpreter(bytes, options)
    const random = new Random(seed)
    for (let stops = 0; stops < 8; stops++) stopped.run(random.below(whole.instructions + 2))
    assert.deepEqual(stopped.run(), end, `seed ${seed}`)
    assert.deepEqual(stopped.state(), whole.state(), `seed ${seed}`)
  }
})

test('two runs of one module are in the same state at whatever instruction they are compared', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const bytes = generateModule(seed)
    const total = new Interpreter(bytes, options)
    total.run()
    const step = Math.max(1, Math.floor(total.instructions / 12))
    const stepped = new Interpreter(bytes, options)
    for (let instructions = 0; instructions <= total.instructions; instructions += step) {
      stepped.run(instructions)
      const direct = new Interpreter(bytes, options)
      direct.run(instructions)
      assert.deepEqual(direct.state(), stepped.state(), `seed ${seed}, instruction ${instructions}`)
    }
  }
})

/** In the middle of a function that was called within two blocks, with something of every kind behind it. */
const busy = `(module
  ${['fd_write', 'path_open', 'random_get', 'fd_readdir', 'poll_oneoff']
    .map((name, index) => `(import "wasi_snapshot_preview1" "${name}" (func $${name} (type ${index})))`)
    .join('\n')}
  (type (func (param i32 i32 i32 i32) (result i32)))
  (type (func (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (type (func (param i32 i32) (result i32)))
  (type (func (param i32 i32 i32 i64 i32) (result i32)))
  (type (func (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1) (data (i32.const 64) "file") (data $passive "abc")
  (data (i32.const 128) "\\40\\00\\00\\00\\04\\00\\00\\00")
  (table 3 funcref) (elem (i32.const 0) $f) (elem $segment func $f)
  (global $g (mut i64) (i64.const 5)) (global $v (mut v128) (v128.const i32x4 1 2 3 4))
  (func $f (param i32) (result i32) (local f64)
    (local.set 1 (f64.const 1.5))
    (block (result i32) (i32.const 11) (loop (result i32) (i32.const 12) (i32.add (local.get 0) (i32.const 1)) (nop) (i32.add))
      (i32.add)))
  (func (export "_start")
    (drop (call $path_open (i32.const 3) (i32.const 0) (i32.const 64) (i32.const 4) (i32.const 1) (i64.const 66) (i64.const 66) (i32.const 0) (i32.const 8)))
    (drop (call $fd_write (i32.load (i32.const 8)) (i32.const 128) (i32.const 1) (i32.const 12)))
    (drop (call $fd_write (i32.const 1) (i32.const 128) (i32.const 1) (i32.const 12)))
    (drop (call $fd_write (i32.const 2) (i32.const 128) (i32.const 1) (i32.const 12)))
    (drop (call $random_get (i32.const 16) (i32.const 8)))
    (i64.store (i32.const 280) (i64.const 1000))
    (drop (call $poll_oneoff (i32.const 256) (i32.const 512) (i32.const 1) (i32.const 12)))
    (drop (call $fd_readdir (i32.const 3) (i32.const 1024) (i32.const 100) (i64.const 0) (i32.const 12)))
    (drop (call $f (i32.const 7)))))`

interface Inside {
  machine: Machine
  instance: Instance
  wasi: { system: System }
}

describe('a change of any part changes the digest of that part and of the whole', () => {
  /** Flips a bit of it, or changes it in some other smallest way. */
  const changes: Record<string, [part: string, change: (inside: Inside) => void]> = {
    'a bit of memory': ['memory', ({ instance }) => flip(instance.memories[0]?.bytes as Uint8Array, 65_535)],
    'a bit of a global': ['globals', ({ instance }) => void ((instance.globals[0] as { value: unknown }).value = 4n)],
    'a bit of a vector': ['globals', ({ instance }) => flip(instance.globals[1]?.value as Uint8Array, 15)],
    'an entry of a table': [
      'tables',
      ({ instance }) => void ((instance.tables[0] as { entries: unknown[] }).entries[2] = instance.functions[0]),
    ],
    'the size of a table': [
      'tables',
      ({ instance }) => void (instance.tables[0] as { entries: unknown[] }).entries.push(null),
    ],
    'a data segment': ['segments', ({ instance }) => void (instance.data[1] = new Uint8Array(0))],
    'an element segment': ['segments', ({ instance }) => void ((instance.elements as unknown[])[1] = [])],
    'the next instruction': ['frames', ({ machine }) => void machine.frame.position++],
    'a local': ['frames', ({ machine }) => void ((machine.frame.locals as unknown[])[0] = 8)],
    'a local that is a float': ['frames', ({ machine }) => void ((machine.frame.locals as unknown[])[1] = 1.25)],
    'a label': ['frames', ({ machine }) => void machine.frame.labels.pop()],
    'a function on the stack': ['frames', ({ machine }) => void machine.frames.shift()],
    'an operand': ['operands', ({ machine }) => void (machine.operands[0] = 10)],
    'the type of an operand': ['operands', ({ machine }) => void (machine.operands[0] = 11n)],
    'one operand less': ['operands', ({ machine }) => void machine.operands.pop()],
    fuel: ['fuelUsed', ({ machine }) => void machine.fuelUsed++],
    'the count of instructions': ['instructions', ({ machine }) => void machine.instructions++],
    'a byte of a file': ['files', ({ wasi }) => file(wasi.system).contents.write(3, [Buffer.from('E')])],
    'the size of a file': ['files', ({ wasi }) => file(wasi.system).contents.resize(5)],
    'a time of a file': ['files', ({ wasi }) => void file(wasi.system).times.modified++],
    'a name': ['files', ({ wasi: { system } }) => system.files.root.set('other', file(system))],
    'the number of the next inode': [
      'files',
      ({ wasi }) => void ((wasi.system.files as unknown as { nextInode: bigint }).nextInode += 1n),
    ],
    'the place in a file': [
      'descriptors',
      ({ wasi }) => void ((wasi.system.descriptors.find(4) as { offset: bigint }).offset = 3n),
    ],
    'the place in stdin': [
      'descriptors',
      ({ wasi }) => void ((wasi.system.descriptors.find(0) as { offset: number }).offset = 1),
    ],
    'rights of a descriptor': [
      'descriptors',
      ({ wasi }) => void ((wasi.system.descriptors.find(4) as { rights: bigint }).rights ^= 2n),
    ],
    'flags of a descriptor': [
      'descriptors',
      ({ wasi }) => void ((wasi.system.descriptors.find(4) as { flags: number }).flags ^= 1),
    ],
    'a descriptor': ['descriptors', ({ wasi }) => wasi.system.descriptors.close(1)],
    'what a directory held': [
      'descriptors',
      ({ wasi: { system } }) => void system.descriptors.list(system.descriptors.find(3) as never, true),
    ],
    'what was slept': ['clock', ({ wasi }) => wasi.system.clock.sleep(1n)],
    'the place in the random stream': ['random', ({ wasi }) => wasi.system.random(new Uint8Array(1))],
    stdout: ['stdout', ({ wasi }) => wasi.system.stdout.append([new Uint8Array(1)])],
    'a byte of stdout': ['stdout', ({ wasi }) => flip(wasi.system.stdout.bytes, 0)],
    stderr: ['stderr', ({ wasi }) => wasi.system.stderr.append([new Uint8Array(1)])],
  }
  for (const [what, [part, change]] of Object.entries(changes)) {
    test(what, async () => {
      const bytes = await compileText(busy)
      const interpreter = new Interpreter(bytes, options)
      let before = 0
      // In the loop within the block, a few instructions on.
      for (let at = 1; interpreter.run(at) === undefined; at++) {
        const { frames } = (interpreter as unknown as Inside).machine
        if (frames.length === 2 && frames[1]?.labels.length === 2 && before === 0) before = at
        if (before > 0 && at === before + 3) break
      }
      const inside = interpreter as unknown as Inside
      assert.equal(inside.machine.frames.length, 2)
      if (what === 'what a directory held') inside.wasi.system.files.root.set('new', file(inside.wasi.system))
      const old = interpreter.state() as unknown as Record<string, unknown>
      change(inside)
      const now = interpreter.state() as unknown as Record<string, unknown>
      const changed = Object.keys(old).filter(name => old[name] !== now[name])
      assert.deepEqual(changed.sort(), [part, 'state'].sort())
    })
  }
})

const flip = (bytes: Uint8Array, at: number) => void ((bytes[at] as number) ^= 1)
const file = ({ files }: System) => files.root.get('file') as FileNode
