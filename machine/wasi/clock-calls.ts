/** clock and poll: waiting moves the clock, never the host (unless a real clock was granted). */
import { errno, fail } from './errno.ts'
import type { Calls, System } from './system.ts'

const subscriptionBytes = 48
const eventBytes = 32
const absolute = 1

export const clockCalls = (system: System): Calls => ({
  clock_res_get: (id: number, at: number) => {
    checkClock(id)
    system.memory.setU64(at, system.clock.resolutionNs)
    return errno.success
  },
  clock_time_get: (id: number, _precision: bigint, at: number) => {
    checkClock(id)
    system.memory.setU64(at, system.clock.now(id))
    return errno.success
  },
  poll_oneoff: (subscriptions: number, events: number, count: number, eventCount: number) =>
    poll(system, subscriptions, events, count, eventCount),
})

interface Subscription {
  userData: bigint
  type: number
  errno: number
  /** Nanoseconds from now for a clock, 0 for what is ready at once. */
  waitNs: bigint
  bytes: bigint
}

/** Streams and files never block: where one is asked for, it is ready at once; else the clock moves to the earliest time asked for. */
function poll(system: System, subscriptions: number, events: number, count: number, eventCount: number): number {
  if (count === 0) return errno.invalid
  system.memory.range(subscriptions, count * subscriptionBytes)
  system.memory.range(events, count * eventBytes)
  const all: Subscription[] = []
  for (let index = 0; index < count; index++)
    all.push(readSubscription(system, subscriptions + index * subscriptionBytes))
  const earliest = all.reduce((least, { waitNs }) => (waitNs < least ? waitNs : least), all[0]?.waitNs ?? 0n)
  if (earliest > 0n) system.clock.sleep(earliest)
  const ready = all.filter(({ waitNs }) => waitNs <= earliest)
  for (const [index, one] of ready.entries()) writeEvent(system, events + index * eventBytes, one)
  system.memory.setU32(eventCount, ready.length)
  return errno.success
}

function readSubscription(system: System, at: number): Subscription {
  const { memory } = system
  const userData = memory.u64(at)
  const type = memory.u8(at + 8)
  if (type === 0) {
    const id = memory.u32(at + 16)
    checkClock(id)
    const timeout = memory.u64(at + 24)
    const waitNs = memory.u16(at + 40) & absolute ? timeout - system.clock.now(id) : timeout
    return { userData, type, errno: errno.success, waitNs: waitNs < 0n ? 0n : waitNs, bytes: 0n }
  }
  if (type > 2) return fail(errno.invalid)
  return { userData, type, waitNs: 0n, ...readiness(system, memory.u32(at + 16), type) }
}

function readiness(system: System, number: number, type: number): { errno: number; bytes: bigint } {
  try {
    const descriptor = system.descriptors.get(number)
    if (descriptor.kind === 'input' && type === 1) {
      return { errno: errno.success, bytes: BigInt(descriptor.bytes.length - descriptor.offset) }
    }
    if (descriptor.kind === 'file' || (descriptor.kind === 'output' && type === 2))
      return { errno: errno.success, bytes: 0n }
  } catch {
    // A descriptor that is not open is an event of its own, not a failure of the call.
  }
  return { errno: errno.badDescriptor, bytes: 0n }
}

function writeEvent({ memory }: System, at: number, event: Subscription): void {
  memory.range(at, eventBytes).fill(0)
  memory.setU64(at, event.userData)
  memory.setU16(at + 8, event.errno)
  memory.setU8(at + 10, event.type)
  memory.setU64(at + 16, event.bytes)
}

const checkClock = (id: number): void => {
  if (id > 3) fail(errno.invalid)
}
