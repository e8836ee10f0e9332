/** clock and poll: waiting moves the clock, never the host (unless a real clock was granted). */
import { subscriptionsMax } from '../limits.ts'
import { errno, fail } from './errno.ts'
import { type Calls, ok, type System } from './system.ts'

const subscriptionBytes = 48
const eventBytes = 32
const absolute = 1
const hangUp = 1
const clockIdMax = 3

export const clockCalls = (system: System): Calls => ({
  clock_res_get: (id: number, at: number) => {
    checkClock(id)
    return ok(system.memory.setU64(at, system.clock.resolutionNs))
  },
  clock_time_get: (id: number, _precision: bigint, at: number) => {
    checkClock(id)
    return ok(system.memory.setU64(at, system.clock.now(id)))
  },
  poll_oneoff: (subscriptions: number, events: number, count: number, eventCount: number) =>
    poll(system, subscriptions, events, count, eventCount),
})

interface Subscription {
  userData: bigint
  type: number
  /** Nanoseconds from now for a clock, 0 for what is ready at once. */
  waitNs: bigint
  bytes: number
  flags: number
}

/** Streams and files never block: where one is asked for, it is ready at once; else the clock moves to the earliest time asked for. */
function poll(system: System, subscriptions: number, events: number, count: number, eventCount: number): number {
  const { memory, clock } = system
  if (count === 0 || count > subscriptionsMax) return errno.invalid
  memory.range(subscriptions, count * subscriptionBytes, 8)
  const all: Subscription[] = []
  for (let index = 0; index < count; index++)
    all.push(readSubscription(system, subscriptions + index * subscriptionBytes))
  const earliest = all.reduce((least, { waitNs }) => (waitNs < least ? waitNs : least), all[0]?.waitNs ?? 0n)
  if (earliest > 0n) clock.sleep(earliest)
  const ready = all.filter(({ waitNs }) => waitNs <= earliest)
  for (const [index, one] of ready.entries()) writeEvent(system, events + index * eventBytes, one)
  return ok(memory.setU32(eventCount, ready.length))
}

function readSubscription(system: System, at: number): Subscription {
  const { memory } = system
  const userData = memory.u64(at)
  const type = memory.u8(at + 8)
  if (type === 0) return { userData, type, waitNs: readWait(system, at + 16), bytes: 0, flags: 0 }
  if (type > 2) return fail(errno.invalid)
  const number = memory.u32(at + 16)
  return {
    userData,
    type,
    waitNs: 0n,
    ...(type === 1 ? readReadiness(system, number) : writeReadiness(system, number)),
  }
}

function readWait({ memory, clock }: System, at: number): bigint {
  const id = memory.u32(at)
  checkClock(id)
  const timeout = memory.u64(at + 8)
  const flags = memory.u16(at + 24)
  if (flags > absolute) fail(errno.invalid)
  const waitNs = flags & absolute ? timeout - clock.now(id) : timeout
  return waitNs < 0n ? 0n : waitNs
}

/** How much there is to read. A file at its end says so, as in wasmtime. */
function readReadiness({ descriptors }: System, number: number): { bytes: number; flags: number } {
  const descriptor = descriptors.get(number)
  if (descriptor.kind === 'input') return { bytes: descriptor.bytes.length - descriptor.offset, flags: 0 }
  if (descriptor.kind !== 'file') return fail(errno.badDescriptor)
  const bytes = Math.max(0, descriptor.node.contents.size - Number(descriptor.offset))
  return { bytes, flags: bytes === 0 ? hangUp : 0 }
}

/** How much may be written. */
function writeReadiness(system: System, number: number): { bytes: number; flags: number } {
  const { kind } = system.descriptors.get(number)
  if (kind === 'output') return { bytes: system.outputBytesLeft, flags: 0 }
  return kind === 'file' ? { bytes: system.files.bytesLeft, flags: 0 } : fail(errno.badDescriptor)
}

function writeEvent({ memory }: System, at: number, event: Subscription): void {
  memory.range(at, eventBytes, 8).fill(0)
  memory.setU64(at, event.userData)
  memory.setU8(at + 10, event.type)
  memory.setU64(at + 16, BigInt(event.bytes))
  memory.setU16(at + 24, event.flags)
}

const checkClock = (id: number): void => {
  if (id > clockIdMax) fail(errno.invalid)
}
