/** args, environ, random, proc, sched. */
import { errno, RunEnd } from './errno.ts'
import { sizeOf } from './guest-memory.ts'
import type { Calls, System } from './system.ts'

export const processCalls = (system: System): Calls => ({
  args_get: (pointers: number, bytes: number) => put(system, system.args, pointers, bytes),
  args_sizes_get: (count: number, size: number) => putSizes(system, system.args, count, size),
  environ_get: (pointers: number, bytes: number) => put(system, system.environ, pointers, bytes),
  environ_sizes_get: (count: number, size: number) => putSizes(system, system.environ, count, size),
  random_get: (at: number, size: number) => {
    system.random(system.memory.range(at, size))
    return errno.success
  },
  sched_yield: () => errno.success,
  proc_raise: () => errno.notSupported,
  proc_exit: (exitCode: number) => {
    throw new RunEnd({ reason: 'exited', exitCode })
  },
})

function put({ memory }: System, strings: readonly Uint8Array[], pointers: number, bytes: number): number {
  memory.writeStrings(strings, pointers, bytes)
  return errno.success
}

function putSizes({ memory }: System, strings: readonly Uint8Array[], count: number, size: number): number {
  memory.setU32(count, strings.length)
  memory.setU32(size, sizeOf(strings))
  return errno.success
}
