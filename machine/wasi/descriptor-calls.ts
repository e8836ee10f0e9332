/** fd_* but for reading and writing, and sock_*: there are no sockets. */

import { scratchBytesMax } from '../limits.ts'
import { right } from './descriptors.ts'
import { errno, fail } from './errno.ts'
import { type Node, sortedEntries } from './files.ts'
import { fileTypeOf, setTimes, writeDescriptorStat, writeStat } from './stat.ts'
import type { Calls, System } from './system.ts'

const encoder = new TextEncoder()
const largestOffset = 2n ** 63n - 1n

export function descriptorCalls(system: System): Calls {
  const { descriptors, memory, files } = system
  return {
    ...statCalls(system),
    ...socketCalls(system),
    fd_advise: (fd: number) => ok(descriptors.get(fd)),
    fd_allocate: (fd: number, offset: bigint, size: bigint) => {
      const { node } = descriptors.getFile(fd)
      const end = BigInt.asUintN(64, offset) + BigInt.asUintN(64, size)
      if (end > BigInt(scratchBytesMax)) return errno.fileTooLarge
      if (Number(end) > node.contents.size) files.resize(node, Number(end))
      return errno.success
    },
    fd_close: (fd: number) => ok(descriptors.close(fd)),
    fd_datasync: (fd: number) => ok(descriptors.get(fd)),
    fd_sync: (fd: number) => ok(descriptors.get(fd)),
    fd_renumber: (from: number, to: number) => ok(descriptors.renumber(from, to)),
    fd_seek: (fd: number, delta: bigint, whence: number, at: number) => seek(system, fd, delta, whence, at),
    fd_tell: (fd: number, at: number) => ok(memory.setU64(at, descriptors.getFile(fd).offset)),
    fd_prestat_get: (fd: number, at: number) => {
      const name = preopened(system, fd)
      memory.setU32(at, 0)
      memory.setU32(at + 4, name.length)
      return errno.success
    },
    fd_prestat_dir_name: (fd: number, at: number, size: number) => {
      const name = preopened(system, fd)
      if (name.length > size) return errno.nameTooLong
      memory.range(at, name.length).set(name)
      return errno.success
    },
    fd_readdir: (fd: number, at: number, size: number, cookie: bigint, used: number) =>
      readDirectory(system, fd, { at, size, cookie: BigInt.asUintN(64, cookie), used }),
  }
}

const ok = (_done: unknown): number => errno.success

function statCalls(system: System): Calls {
  const { descriptors, files } = system
  return {
    fd_fdstat_get: (fd: number, at: number) => ok(writeDescriptorStat(system, at, descriptors.get(fd))),
    fd_fdstat_set_flags: (fd: number, flags: number) => {
      const descriptor = descriptors.get(fd)
      if (flags > 31) return errno.invalid
      descriptor.flags = flags
      return errno.success
    },
    fd_fdstat_set_rights: (fd: number, base: bigint, inheriting: bigint) => {
      const descriptor = descriptors.get(fd)
      const held = descriptor.kind === 'file' || descriptor.kind === 'directory' ? descriptor.inheriting : 0n
      if ((base | descriptor.rights) !== descriptor.rights || (inheriting | held) !== held) return errno.notPermitted
      descriptor.rights = base
      if (descriptor.kind === 'file' || descriptor.kind === 'directory') descriptor.inheriting = inheriting
      return errno.success
    },
    fd_filestat_get: (fd: number, at: number) => {
      const descriptor = descriptors.get(fd)
      const node = descriptor.kind === 'file' || descriptor.kind === 'directory' ? descriptor.node : undefined
      return ok(writeStat(system, at, node))
    },
    fd_filestat_set_size: (fd: number, size: bigint) => {
      const { node, rights } = descriptors.getFile(fd)
      if ((rights & right.write) === 0n) return errno.invalid
      const wanted = BigInt.asUintN(64, size)
      if (wanted > BigInt(scratchBytesMax)) return errno.fileTooLarge
      return ok(files.resize(node, Number(wanted)))
    },
    fd_filestat_set_times: (fd: number, accessed: bigint, modified: bigint, which: number) => {
      const descriptor = descriptors.get(fd)
      if (descriptor.kind !== 'file' && descriptor.kind !== 'directory') return errno.invalid
      return ok(setTimes(system, descriptor.node, accessed, modified, which))
    },
  }
}

function socketCalls({ descriptors }: System): Calls {
  const notSocket = (fd: number) => {
    descriptors.get(fd)
    return errno.notSocket
  }
  return { sock_accept: notSocket, sock_recv: notSocket, sock_send: notSocket, sock_shutdown: notSocket }
}

function seek({ descriptors, memory }: System, fd: number, delta: bigint, whence: number, at: number): number {
  const file = descriptors.getFile(fd)
  const base = [0n, file.offset, BigInt(file.node.contents.size)][whence]
  if (base === undefined) return errno.invalid
  const offset = base + delta
  if (offset < 0n || offset > largestOffset) return errno.invalid
  memory.setU64(at, offset)
  file.offset = offset
  return errno.success
}

function preopened({ descriptors }: System, fd: number): Uint8Array {
  const descriptor = descriptors.get(fd)
  if (descriptor.kind !== 'directory' || descriptor.preopened === undefined) return fail(errno.badDescriptor)
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
  if (cookie === 0n || directory.listing.length === 0) {
    const { node } = directory
    directory.listing = [['.', node], ['..', node.parent], ...sortedEntries(node)]
  }
  const buffer = memory.range(at, size)
  let filled = 0
  for (let index = cookie; index < directory.listing.length && filled < size; index++) {
    const [name, node] = directory.listing[Number(index)] as [string, Node]
    const entry = directoryEntry(index + 1n, name, node)
    const part = entry.subarray(0, size - filled)
    buffer.set(part, filled)
    filled += part.length
  }
  memory.setU32(used, filled)
  return errno.success
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
