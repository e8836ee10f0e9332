/** fd_read, fd_write, fd_pread, fd_pwrite. */
import { scratchBytesMax } from '../limits.ts'
import type { Descriptor, OpenFile } from './descriptors.ts'
import { errno, fail } from './errno.ts'
import { totalOf } from './guest-memory.ts'
import { right } from './rights.ts'
import type { Calls, System } from './system.ts'

const offsetEnd = 2n ** 63n

export const streamCalls = (system: System): Calls => ({
  fd_read: (fd: number, vectors: number, count: number, at: number) => {
    const descriptor = readable(system, fd)
    return transfer(system, vectors, count, at, buffers => read(descriptor, buffers))
  },
  fd_write: (fd: number, vectors: number, count: number, at: number) => {
    const descriptor = writable(system, fd)
    return transfer(system, vectors, count, at, buffers => write(system, descriptor, buffers))
  },
  fd_pread: (fd: number, vectors: number, count: number, offset: bigint, at: number) => {
    const file = placed(readable(system, fd))
    return transfer(system, vectors, count, at, buffers =>
      file.node.contents.read(position(offset, totalOf(buffers)), buffers),
    )
  },
  fd_pwrite: (fd: number, vectors: number, count: number, offset: bigint, at: number) => {
    const file = placed(writable(system, fd))
    return transfer(system, vectors, count, at, buffers => {
      const total = totalOf(buffers)
      system.files.write(file.node, endOr(file, position(offset, total)), buffers, total)
      return total
    })
  },
})

/** All pointers are checked before anything happens. */
function transfer(
  { memory }: System,
  vectors: number,
  count: number,
  at: number,
  move: (buffers: readonly Uint8Array[]) => number,
): number {
  const buffers = memory.buffers(vectors, count)
  memory.range(at, 4, 4)
  memory.setU32(at, move(buffers))
  return errno.success
}

type Readable = Extract<Descriptor, { kind: 'input' | 'file' }>
type Writable = Extract<Descriptor, { kind: 'output' | 'file' }>

function readable({ descriptors }: System, fd: number): Readable {
  const descriptor = descriptors.get(fd)
  if (descriptor.kind !== 'input' && descriptor.kind !== 'file') return fail(errno.badDescriptor)
  return descriptor.rights & right.read ? descriptor : fail(errno.badDescriptor)
}

function writable({ descriptors }: System, fd: number): Writable {
  const descriptor = descriptors.get(fd)
  if (descriptor.kind !== 'output' && descriptor.kind !== 'file') return fail(errno.badDescriptor)
  return descriptor.rights & right.write ? descriptor : fail(errno.badDescriptor)
}

const placed = (descriptor: Readable | Writable): OpenFile =>
  descriptor.kind === 'file' ? descriptor : fail(errno.noSeek)

function read(descriptor: Readable, buffers: readonly Uint8Array[]): number {
  if (descriptor.kind === 'input') {
    let size = 0
    for (const buffer of buffers) {
      const part = descriptor.bytes.subarray(descriptor.offset, descriptor.offset + buffer.length)
      buffer.set(part)
      descriptor.offset += part.length
      size += part.length
    }
    return size
  }
  const size = descriptor.node.contents.read(position(descriptor.offset, totalOf(buffers)), buffers)
  descriptor.offset += BigInt(size)
  return size
}

function write(system: System, descriptor: Writable, buffers: readonly Uint8Array[]): number {
  const total = totalOf(buffers)
  if (descriptor.kind === 'output') {
    system.checkOutput(total)
    descriptor.bytes.append(buffers)
    return total
  }
  const at = endOr(descriptor, position(descriptor.offset, total))
  system.files.write(descriptor.node, at, buffers, total)
  descriptor.offset = BigInt(at + total)
  return total
}

/** As on Linux, a file opened to append takes everything at its end, whatever offset is given. */
const endOr = (file: OpenFile, at: number): number => (file.appends ? file.node.contents.size : at)

/** Offsets beyond every file are all alike: nothing to read, no room to write. @throws {Failure} `invalid`: not below 2^63. */
function position(offset: bigint, total: number): number {
  const unsigned = BigInt.asUintN(64, offset)
  if (unsigned + BigInt(total) >= offsetEnd) fail(errno.invalid)
  return unsigned > BigInt(scratchBytesMax) ? scratchBytesMax + 1 : Number(unsigned)
}
