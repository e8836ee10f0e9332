/** Memory instructions (https://webassembly.github.io/spec/core/exec/instructions.html#memory-instructions), and what their lengths cost. */
import { lengthWeights } from '../../weights.ts'
import type { Instruction } from '../code.ts'
import type { Memory } from '../instances.ts'
import type { Execute, Machine } from '../machine.ts'
import type { Value } from '../values.ts'

type Load = (view: DataView, at: number) => Value
type Store = (view: DataView, at: number, value: never) => void

const loads: Record<string, Load> = {
  'i32.load': (view, at) => view.getInt32(at, true),
  'i64.load': (view, at) => view.getBigInt64(at, true),
  'f32.load': (view, at) => view.getInt32(at, true),
  'f64.load': (view, at) => view.getBigInt64(at, true),
  'i32.load8_s': (view, at) => view.getInt8(at),
  'i32.load8_u': (view, at) => view.getUint8(at),
  'i32.load16_s': (view, at) => view.getInt16(at, true),
  'i32.load16_u': (view, at) => view.getUint16(at, true),
  'i64.load8_s': (view, at) => BigInt(view.getInt8(at)),
  'i64.load8_u': (view, at) => BigInt(view.getUint8(at)),
  'i64.load16_s': (view, at) => BigInt(view.getInt16(at, true)),
  'i64.load16_u': (view, at) => BigInt(view.getUint16(at, true)),
  'i64.load32_s': (view, at) => BigInt(view.getInt32(at, true)),
  'i64.load32_u': (view, at) => BigInt(view.getUint32(at, true)),
}

const stores: Record<string, Store> = {
  'i32.store': (view, at, value) => view.setInt32(at, value, true),
  'i64.store': (view, at, value) => view.setBigInt64(at, value, true),
  'f32.store': (view, at, value) => view.setInt32(at, value, true),
  'f64.store': (view, at, value) => view.setBigInt64(at, value, true),
  'i32.store8': (view, at, value) => view.setInt8(at, value),
  'i32.store16': (view, at, value) => view.setInt16(at, value, true),
  'i64.store8': (view, at, value) => view.setInt8(at, Number(BigInt.asIntN(8, value))),
  'i64.store16': (view, at, value) => view.setInt16(at, Number(BigInt.asIntN(16, value)), true),
  'i64.store32': (view, at, value) => view.setInt32(at, Number(BigInt.asIntN(32, value)), true),
}

export const memory: Record<string, Execute> = {
  ...Object.fromEntries(Object.entries(loads).map(([name, load]) => [name, loading(load)])),
  ...Object.fromEntries(Object.entries(stores).map(([name, store]) => [name, storing(store)])),
  'memory.size': machine => machine.push(memoryOf(machine).pages),
  'memory.grow': machine => {
    const memory = memoryOf(machine)
    const pages = machine.popU32()
    if (memory.canGrow(pages)) machine.charge(pages * lengthWeights.page)
    machine.push(memory.grow(pages))
  },
  'memory.fill': machine => {
    const [at, value, size] = popThree(machine)
    chargeBytes(machine, size)
    const memory = memoryOf(machine)
    memory.check(at, size)
    memory.bytes.fill(value & 0xff, at, at + size)
  },
  'memory.copy': machine => {
    const [to, from, size] = popThree(machine)
    chargeBytes(machine, size)
    const memory = memoryOf(machine)
    memory.check(from, size)
    memory.check(to, size)
    memory.bytes.copyWithin(to, from, from + size)
  },
  'memory.init': (machine, { index }) => {
    const [to, from, size] = popThree(machine)
    chargeBytes(machine, size)
    memoryOf(machine).init(machine.frame.instance.data[index] as Uint8Array, to, from, size)
  },
  'data.drop': (machine, { index }) => {
    machine.frame.instance.data[index] = new Uint8Array(0)
  },
}

/** The address of an access and its bytes, checked. */
export function addressOf(machine: Machine, { operation, offset }: Instruction): number {
  return memoryOf(machine).check(machine.popU32() + offset, operation.bytes)
}

export const memoryOf = (machine: Machine) => machine.frame.instance.memories[0] as Memory

export function loading(load: Load): Execute {
  return (machine, instruction) => machine.push(load(memoryOf(machine).view, addressOf(machine, instruction)))
}

export function storing(store: Store): Execute {
  return (machine, instruction) => {
    const value = machine.pop()
    store(memoryOf(machine).view, addressOf(machine, instruction), value as never)
  }
}

function chargeBytes(machine: Machine, size: number): void {
  machine.charge(Math.ceil(size / lengthWeights.bytesPerUnit))
}

/** The operands in the order in which they were pushed. */
export function popThree(machine: Machine): [number, number, number] {
  const third = machine.popU32()
  const second = machine.popU32()
  return [machine.popU32(), second, third]
}
