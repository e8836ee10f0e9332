/** fd_* but for reading and writing, and sock_*: there are no sockets. */

import { scratchBytesMax } from '../limits.ts'
import { allFlags, flag } from './descriptors.ts'
import { errno, fail } from './errno.ts'
import type { Node } from './nodes.ts'
import { allows, right } from './rights.ts'
import { fileTypeOf, newTimes, writeDescriptorStat, writeStat } from './stat.ts'
import { type Calls, ok, type System } from './system.ts'

const encoder = new TextEncoder()
const offsetEnd = 2n ** 63n
const adviceMax = 5

export function descriptorCalls(system: System): Calls {
  const { descriptors, memory } = system
  return {
    ...descriptorStatCalls(system),
    ...fileStatCalls(system),
    ...socketCalls(system),
    fd_advise: (fd: number, offset: bigint, size: bigint, advice: number) => {
      descriptors.getFile(fd)
      return advice > adviceMax || isNegative(size) ? errno.invalid : ok(offset)
    },
    fd_close: (fd: number) => ok(descriptors.close(fd)),
    fd_datasync: (fd: number) => ok(descriptors.getFile(fd)),
    fd_sync: (fd: number) => ok(descriptors.getFile(fd)),
    fd_renumber: (from: number, to: number) => ok(descriptors.renumber(from, to)),
    fd_seek: (fd: number, delta: bigint, whence: number, at: number) => seek(system, fd, delta, whence, at),
    fd_tell: (fd: number, at: number) => ok(memory.setU64(at, descriptors.getSeekable(fd).offset)),
    fd_prestat_get: (fd: number, at: number) => {
      const name = preopened(system, fd) ?? fail(errno.badDescriptor)
      memory.setU32(at, 0)
      memory.setU32(at + 4, name.length)
      return errno.success
    },
    fd_prestat_dir_name: (fd: number, at: number, size: number) => {
      const name = preopened(system, fd) ?? fail(errno.notDirectory)
      if (name.length > size) fail(errno.nameTooLong)
      return ok(memory.range(at, name.length).set(name))
    },
    fd_readdir: (fd: number, at: number, size: number, cookie: bigint, used: number) =>
      readDirectory(system, fd, { at, size, cookie: BigInt.asUintN(64, cookie), used }),
  }
}

function descriptorStatCalls(system: System): Calls {
  const { descriptors } = system
  return {
    fd_fdstat_get: (fd: number, at: number) => ok(writeDescriptorStat(system, at, descriptors.get(fd))),
    fd_fdstat_set_flags: (fd: number, flags: number) => {
      const file = descriptors.getFile(fd)
      if (flags > allFlags || flags & (flag.sync | flag.dataSync | flag.readSync)) fail(errno.invalid)
      file.flags = flags
      return errno.success
    },
    fd_fdstat_set_rights: (fd: number, base: bigint, inheriting: bigint) => {
      const descriptor = descriptors.get(fd)
      const [rights, inherited] = [BigInt.asUintN(64, base), BigInt.asUintN(64, inheriting)]
      if (!allows(descriptor.rights, rights) || !allows(descriptor.inheriting, inherited)) fail(errno.notCapable)
      descriptor.rights = rights
      descriptor.inheriting = inherited
      return errno.success
    },
  }
}

function fileStatCalls(system: System): Calls {
  const { descriptors, files, clock } = system
  return {
    fd_filestat_get: (fd: number, at: number) => {
      const descriptor = descriptors.get(fd)
      const known = descriptor.kind === 'file' || descriptor.kind === 'directory'
      return ok(writeStat(system, at, known ? descriptor.node : undefined))
    },
    fd_filestat_set_size: (fd: number, size: bigint) => {
      const { node, rights } = descriptors.getFile(fd)
      if ((rights & right.write) === 0n || isNegative(size)) fail(errno.invalid)
      return ok(files.resize(node, fileSize(BigInt.asUintN(64, size))))
    },
    fd_filestat_set_times: (fd: number, accessed: bigint, modified: bigint, which: number) => {
      const times = newTimes(clock.now(0), accessed, modified, which)
      return ok(Object.assign(descriptors.getNode(fd).node.times, times))
    },
    /** As posix_fallocate on Linux. */
    fd_allocate: (fd: number, offset: bigint, size: bigint) => {
      const { node, rights } = descriptors.getFile(fd)
      if ((rights & right.write) === 0n) fail(errno.badDescriptor)
      if (isNegative(offset) || isNegative(size) || size === 0n) fail(errno.invalid)
      const end = fileSize(offset + size)
      if (end > node.contents.size) files.resize(node, end)
      return errno.success
    },
  }
}

const isNegative = (size: bigint): boolean => BigInt.asIntN(64, size) < 0n
const fileSize = (size: bigint): number => (size > BigInt(scratchBytesMax) ? fail(errno.fileTooLarge) : Number(size))

/** A directory is no kind of descriptor for them at all; a stream or a file might have been a socket. */
function socketCalls({ descriptors }: System): Calls {
  const notSocket = (fd: number) => (descriptors.get(fd).kind === 'directory' ? errno.badDescriptor : errno.notSocket)
  return { sock_accept: notSocket, sock_recv: notSocket, sock_send: notSocket, sock_shutdown: notSocket }
}

function seek({ descriptors, memory }: System, fd: number, delta: bigint, whence: number, at: number): number {
  const file = descriptors.getSeekable(fd)
  const base = [0n, file.offset, BigInt(file.node.contents.size)][whence]
  if (base === undefined) return errno.invalid
  const offset = base + BigInt.asIntN(64, delta)
  if (offset < 0n || offset >= offsetEnd) return errno.invalid
  memory.setU64(at, offset)
  file.offset = offset
  return errno.success
}

function preopened({ descriptors }: System, fd: number): Uint8Array | undefined {
  const descriptor = descriptors.get(fd)
  if (descriptor.kind !== 'directory' || descriptor.preopened === undefined) return undefined
  return encoder.encode(descriptor.preopened)
}

interface DirectoryRead {
  at: number
  size: number
  cookie: bigint
  used: number
}

/** Entries from `cookie` on, the last one cut off where the buffer ends: so the guest knows that there are more. */
function readDirectory(system: System, fd: number, { at, size, cookie, used }: DirectoryRead): number {
  const { memory, descriptors } = system
  const directory = descriptors.getDirectory(fd)
  const list = descriptors.list(directory, cookie === 0n)
  const buffer = memory.range(at, size)
  let filled = 0
  for (let index = cookie; index < BigInt(list.length + 2) && filled < size; index++) {
    const { name, node } = entryAt(Number(index))
    const part = directoryEntry(index + 1n, name, node).subarray(0, size - filled)
    buffer.set(part, filled)
    filled += part.length
  }
  return ok(memory.setU32(used, filled))

  /** `..` of the directory that the guest may see at most is that directory itself. */
  function entryAt(index: number): { name: string; node: Node } {
    if (index === 0) return { name: '.', node: directory.node }
    if (index === 1) return { name: '..', node: directory.node.parent }
    return list[index - 2] as { name: string; node: Node }
  }
}

function directoryEntry(next: bigint, name: string, node: Node): Uint8Array {
  const text = encoder.encode(name)
  const entry = new Uint8Array(24 + text.length)
  const view = new DataView(entry.buffer)
  view.setBigUint64(0, next, true)
  view.setBigUint64(8, node.inode, true)
  view.setUint32(16, text.length, true)
  view.setUint8(20, fileTypeOf(node))
  entry.set(text, 24)
  return entry
}
