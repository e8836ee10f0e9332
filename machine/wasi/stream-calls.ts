/** fd_read, fd_write, fd_pread, fd_pwrite. */
import { scratchBytesMax } from '../limits.ts'
import { scatter } from './bytes.ts'
import { isAppending, type OpenFile, right } from './descriptors.ts'
import { errno, fail } from './errno.ts'
import { totalOf } from './guest-memory.ts'
import type { Calls, System } from './system.ts'

export const streamCalls = (system: System): Calls => ({
  fd_read: (fd: number, vectors: number, count: number, at: number) =>
    transfer(system, vectors, count, at, buffers => read(system, fd, buffers)),
  fd_write: (fd: number, vectors: number, count: number, at: number) =>
    transfer(system, vectors, count, at, buffers => write(system, fd, buffers)),
  fd_pread: (fd: number, vectors: number, count: number, offset: bigint, at: number) =>
    transfer(system, vectors, count, at, buffers => readAt(readable(system, fd), position(offset), buffers)),
  fd_pwrite: (fd: number, vectors: number, count: number, offset: bigint, at: number) =>
    transfer(system, vectors, count, at, buffers => writeAt(system, writable(system, fd), position(offset), buffers)),
})

/** All pointers are checked before anything happens: a call that fails with `fault` has had no effect. */
function transfer(
  { memory }: System,
  vectors: number,
  count: number,
  at: number,
  move: (buffers: readonly Uint8Array[]) => number,
): number {
  const buffers = memory.buffers(vectors, count)
  memory.range(at, 4)
  memory.setU32(at, move(buffers))
  return errno.success
}

function read(system: System, fd: number, buffers: readonly Uint8Array[]): number {
  const descriptor = system.descriptors.get(fd)
  if (descriptor.kind === 'input' && descriptor.rights & right.read) {
    const size = scatter(descriptor.bytes, descriptor.offset, buffers)
    descriptor.offset += size
    return size
  }
  const file = readable(system, fd)
  const size = readAt(file, Number(file.offset), buffers)
  file.offset += BigInt(size)
  return size
}

function write(system: System, fd: number, buffers: readonly Uint8Array[]): number {
  const descriptor = system.descriptors.get(fd)
  if (descriptor.kind === 'output' && descriptor.rights & right.write) {
    const total = totalOf(buffers)
    system.checkOutput(total)
    descriptor.bytes.append(buffers)
    return total
  }
  const file = writable(system, fd)
  const at = isAppending(file.flags) ? file.node.contents.size : Number(file.offset)
  const total = writeAt(system, file, at, buffers)
  file.offset = BigInt(at + total)
  return total
}

function readAt({ node }: OpenFile, at: number, buffers: readonly Uint8Array[]): number {
  return scatter(node.contents.bytes, at, buffers)
}

/** As on Linux, a file opened to append takes everything at its end. */
function writeAt({ files }: System, file: OpenFile, at: number, buffers: readonly Uint8Array[]): number {
  const total = totalOf(buffers)
  files.write(file.node, isAppending(file.flags) ? file.node.contents.size : at, buffers, total)
  return total
}

const readable = (system: System, fd: number) => permitted(system, fd, right.read)
const writable = (system: System, fd: number) => permitted(system, fd, right.write)

function permitted({ descriptors }: System, fd: number, needed: bigint): OpenFile {
  const descriptor = descriptors.get(fd)
  if (descriptor.kind === 'directory') return fail(errno.isDirectory)
  if ((descriptor.rights & needed) === 0n) return fail(errno.badDescriptor)
  return descriptor.kind === 'file' ? descriptor : fail(errno.noSeek)
}

/** Offsets beyond every file are all alike: nothing to read, no room to write. */
function position(offset: bigint): number {
  const unsigned = BigInt.asUintN(64, offset)
  return unsigned > BigInt(scratchBytesMax) ? scratchBytesMax + 1 : Number(unsigned)
}
