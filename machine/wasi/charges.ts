/** What a host call costs beyond the instruction that makes it (phase/SPEC.md, Metering): by what it was given, before it has any effect. */
import { ioVectorsMax, scratchBytesMax } from '../limits.ts'
import { hostWeights } from '../weights.ts'
import type { OpenDirectory, OpenFile } from './descriptors.ts'
import { sizeOf } from './guest-memory.ts'
import type { WasiName } from './signatures.ts'
import type { System } from './system.ts'

type Argument = number | bigint

/** What a subscription of `poll_oneoff`, and an entry of the directory that is read, count as. */
export const subscriptionBytes = 48
export const entryBytes = 64

/** Where among the arguments the lengths of paths and buffers stand. */
const pathLengths: Partial<Record<WasiName, readonly number[]>> = {
  path_create_directory: [2],
  path_filestat_get: [3],
  path_filestat_set_times: [3],
  path_link: [3, 6],
  path_open: [3],
  path_readlink: [2, 4],
  path_remove_directory: [2],
  path_rename: [2, 5],
  path_symlink: [1, 4],
  path_unlink_file: [2],
}

/** `args`: i32 as unsigned numbers. */
export function hostFuel(system: System, name: WasiName, args: readonly Argument[]): number {
  const weight = name === 'random_get' ? hostWeights.randomByte : hostWeights.byte
  return hostWeights.call + weight * bytesOf(system, name, args)
}

function bytesOf(system: System, name: WasiName, args: readonly Argument[]): number {
  const lengths = pathLengths[name]
  if (lengths !== undefined) return lengths.reduce((sum, place) => sum + Number(args[place]), 0)
  switch (name) {
    case 'fd_read':
    case 'fd_pread':
      return vectorBytes(system, args)
    case 'fd_write':
    case 'fd_pwrite':
      return writtenBytes(system, args, name === 'fd_pwrite')
    case 'fd_allocate':
      return beyondEnd(fileOf(system, args), unsigned(args[1]) + unsigned(args[2]))
    case 'fd_filestat_set_size':
      return beyondEnd(fileOf(system, args), unsigned(args[1]))
    case 'args_get':
      return sizeOf(system.args)
    case 'environ_get':
      return sizeOf(system.environ)
    case 'random_get':
      return Number(args[1])
    case 'fd_readdir':
      return Number(args[2]) + entryBytes * (directoryOf(system, args)?.node.size ?? 0)
    case 'poll_oneoff':
      return subscriptionBytes * Number(args[2])
    default:
      return 0
  }
}

const unsigned = (value: Argument | undefined): bigint => BigInt.asUintN(64, BigInt(value ?? 0))

function vectorBytes({ memory }: System, [, at, count]: readonly Argument[]): number {
  if (Number(count) > ioVectorsMax) return 0
  return memory.lengths(Number(at), Number(count)).reduce((sum, length) => sum + length, 0)
}

/** A gap that a write leaves behind the file's end counts as written, too. */
function writtenBytes(system: System, args: readonly Argument[], placed: boolean): number {
  const bytes = vectorBytes(system, args)
  const file = fileOf(system, args)
  if (bytes === 0 || file === undefined || file.appends) return bytes
  return bytes + beyondEnd(file, placed ? unsigned(args[3]) : file.offset)
}

function beyondEnd(file: OpenFile | undefined, end: bigint): number {
  if (file === undefined) return 0
  const beyond = end - BigInt(file.node.contents.size)
  return Math.max(0, Math.min(Number(beyond), scratchBytesMax))
}

function fileOf({ descriptors }: System, [fd]: readonly Argument[]): OpenFile | undefined {
  const descriptor = descriptors.find(Number(fd))
  return descriptor?.kind === 'file' ? descriptor : undefined
}

function directoryOf({ descriptors }: System, [fd]: readonly Argument[]): OpenDirectory | undefined {
  const descriptor = descriptors.find(Number(fd))
  return descriptor?.kind === 'directory' ? descriptor : undefined
}
