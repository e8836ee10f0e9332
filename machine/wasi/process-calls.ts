/** args, environ, random, proc, sched. */
import { errno, RunEnd } from './errno.ts'
import { sizeOf } from './guest-memory.ts'
import { type Calls, ok, type System } from './system.ts'

const signalMax = 30

export const processCalls = (system: System): Calls => ({
  args_get: (pointers: number, bytes: number) => ok(system.memory.writeStrings(system.args, pointers, bytes)),
  args_sizes_get: (count: number, size: number) => putSizes(system, system.args, count, size),
  environ_get: (pointers: number, bytes: number) => ok(system.memory.writeStrings(system.environ, pointers, bytes)),
  environ_sizes_get: (count: number, size: number) => putSizes(system, system.environ, count, size),
  random_get: (at: number, size: number) => ok(system.random(system.memory.range(at, size))),
  sched_yield: () => errno.success,
  proc_raise: (signal: number) => (signal > signalMax ? errno.invalid : errno.notSupported),
  proc_exit: (exitCode: number) => {
    throw new RunEnd({ reason: 'exited', exitCode })
  },
})

function putSizes({ memory }: System, strings: readonly Uint8Array[], count: number, size: number): number {
  memory.setU32(count, strings.length)
  return ok(memory.setU32(size, sizeOf(strings)))
}
