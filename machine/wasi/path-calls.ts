/** path_*: files and directories by name, below a directory that the guest has open. */

import { OpenDirectory, OpenFile, right } from './descriptors.ts'
import { errno, fail } from './errno.ts'
import { DirectoryNode, type FileNode, type Node, type Place } from './files.ts'
import { setTimes, writeStat } from './stat.ts'
import type { Calls, System } from './system.ts'

const openFlag = { create: 1, directory: 2, exclusive: 4, truncate: 8 } as const

export function pathCalls(system: System): Calls {
  const { files, memory } = system
  const find = (fd: number, at: number, size: number) => findPlace(system, fd, at, size)
  const get = (fd: number, at: number, size: number) => getNode(system, fd, at, size)
  const ok = (_done: unknown): number => errno.success
  return {
    path_create_directory: (fd: number, at: number, size: number) => ok(files.createDirectory(find(fd, at, size))),
    path_remove_directory: (fd: number, at: number, size: number) => ok(files.removeDirectory(find(fd, at, size))),
    path_unlink_file: (fd: number, at: number, size: number) => ok(files.unlink(find(fd, at, size))),
    path_filestat_get: (fd: number, _flags: number, path: number, size: number, at: number) =>
      ok(writeStat(system, at, get(fd, path, size))),
    path_filestat_set_times: (
      ...[fd, _flags, path, size, accessed, modified, which]: [number, number, number, number, bigint, bigint, number]
    ) => ok(setTimes(system, get(fd, path, size), accessed, modified, which)),
    path_link: (
      ...[fd, _flags, path, size, toFd, toPath, toSize]: [number, number, number, number, number, number, number]
    ) => ok(files.link(get(fd, path, size), find(toFd, toPath, toSize))),
    path_rename: (fd: number, path: number, size: number, toFd: number, toPath: number, toSize: number) =>
      ok(files.rename(find(fd, path, size), find(toFd, toPath, toSize))),
    path_readlink: (fd: number, path: number, size: number) => (get(fd, path, size), errno.invalid),
    path_symlink: (_at: number, _size: number, fd: number) => (system.descriptors.getDirectory(fd), errno.notSupported),
    path_open: (...args: PathOpen) => {
      const result = args[8]
      memory.range(result, 4)
      return ok(memory.setU32(result, open(system, args)))
    },
  }
}

/** fd, lookup flags, path, its size, open flags, rights, inheriting rights, descriptor flags, where the result goes. */
type PathOpen = [number, number, number, number, number, bigint, bigint, number, number]

function findPlace({ descriptors, files, memory }: System, fd: number, at: number, size: number): Place {
  return files.find(descriptors.getDirectory(fd).node, memory.text(at, size))
}

function getNode({ descriptors, files, memory }: System, fd: number, at: number, size: number): Node {
  return files.get(descriptors.getDirectory(fd).node, memory.text(at, size))
}

function open(system: System, [fd, , path, size, flags, rights, , descriptorFlags]: PathOpen): number {
  const { files, descriptors } = system
  const place = findPlace(system, fd, path, size)
  const directoryMeant = place.directoryMeant || (flags & openFlag.directory) !== 0
  if (descriptorFlags > 31) return fail(errno.invalid)
  if (place.node !== undefined && flags & openFlag.create && flags & openFlag.exclusive) return fail(errno.exists)
  const node = place.node ?? create(system, place, flags, directoryMeant)
  if (node instanceof DirectoryNode) {
    if (flags & openFlag.truncate || (flags & openFlag.create && !place.directoryMeant)) return fail(errno.isDirectory)
    if (rights & right.write && (flags & openFlag.directory) === 0) return fail(errno.isDirectory)
    return descriptors.add(new OpenDirectory(node, rights))
  }
  if (directoryMeant) return fail(errno.notDirectory)
  const descriptor = descriptors.add(new OpenFile(node, rights, descriptorFlags))
  if (flags & openFlag.truncate) files.resize(node, 0)
  return descriptor
}

function create({ files }: System, place: Place, flags: number, directoryMeant: boolean): FileNode {
  if ((flags & openFlag.create) === 0) return fail(errno.noEntry)
  if (directoryMeant) return fail(place.directoryMeant ? errno.isDirectory : errno.invalid)
  return files.createFile(place)
}
