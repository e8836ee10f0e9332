/** path_*: files, directories and symbolic links by name, below a directory that the guest has open. */

import { allFlags, OpenDirectory, OpenFile } from './descriptors.ts'
import { errno, fail } from './errno.ts'
import { checkTarget, existing } from './files.ts'
import { DirectoryNode, type FileNode, LinkNode } from './nodes.ts'
import { type Follow, type Place, walk } from './paths.ts'
import { allows, allRights, right } from './rights.ts'
import { newTimes, writeStat } from './stat.ts'
import { type Calls, ok, type System } from './system.ts'

const lookup = { follow: 1 } as const
const openFlag = { create: 1, directory: 2, exclusive: 4, truncate: 8 } as const
const allOpenFlags = 15

export function pathCalls(system: System): Calls {
  const { files, memory, clock } = system
  const find = (fd: number, at: number, size: number, follow: Follow) => findPlace(system, fd, at, size, follow)
  return {
    ...linkCalls(system),
    path_open: (...args: PathOpen) => {
      const descriptor = open(system, args)
      return ok(memory.setU32(args[8], descriptor))
    },
    path_create_directory: (fd: number, at: number, size: number) =>
      ok(files.createDirectory(find(fd, at, size, 'never'))),
    path_remove_directory: (fd: number, at: number, size: number) =>
      ok(files.removeDirectory(find(fd, at, size, 'never'))),
    path_unlink_file: (fd: number, at: number, size: number) => ok(files.unlink(find(fd, at, size, 'slash'))),
    path_filestat_get: (fd: number, flags: number, path: number, size: number, at: number) =>
      ok(writeStat(system, at, existing(find(fd, path, size, followOf(flags))))),
    path_filestat_set_times: (
      ...[fd, flags, path, size, accessed, modified, which]: [number, number, number, number, bigint, bigint, number]
    ) => {
      const times = newTimes(clock.now(0), accessed, modified, which)
      return ok(Object.assign(existing(find(fd, path, size, followOf(flags))).times, times))
    },
  }
}

function linkCalls(system: System): Calls {
  const { descriptors, files, memory } = system
  return {
    path_link: (
      ...[fd, flags, path, size, toFd, toPath, toSize]: [number, number, number, number, number, number, number]
    ) => {
      const [from, to] = [descriptors.getDirectory(fd), descriptors.getDirectory(toFd)]
      // As wasmtime: no links are made to what a symbolic link leads to.
      if (flags !== 0) fail(errno.invalid)
      const place = walk(from.node, memory.text(path, size), 'slash')
      return ok(files.link(existing(place), walk(to.node, memory.text(toPath, toSize), 'never')))
    },
    path_rename: (fd: number, path: number, size: number, toFd: number, toPath: number, toSize: number) => {
      const [from, to] = [descriptors.getDirectory(fd), descriptors.getDirectory(toFd)]
      const place = walk(from.node, memory.text(path, size), 'never')
      return ok(files.rename(place, walk(to.node, memory.text(toPath, toSize), 'never')))
    },
    path_symlink: (target: number, targetSize: number, fd: number, at: number, size: number) => {
      const { node } = descriptors.getDirectory(fd)
      const text = memory.text(target, targetSize)
      checkTarget(text)
      return ok(files.createLink(text, walk(node, memory.text(at, size), 'never')))
    },
    path_readlink: (fd: number, path: number, size: number, at: number, room: number, used: number) => {
      const node = existing(findPlace(system, fd, path, size, 'slash'))
      if (!(node instanceof LinkNode)) return errno.invalid
      const part = node.bytes.subarray(0, room)
      memory.range(at, part.length).set(part)
      return ok(memory.setU32(used, part.length))
    },
  }
}

function findPlace({ descriptors, memory }: System, fd: number, at: number, size: number, follow: Follow): Place {
  const { node } = descriptors.getDirectory(fd)
  return walk(node, memory.text(at, size), follow)
}

function followOf(flags: number): Follow {
  if (flags > lookup.follow) fail(errno.invalid)
  return flags & lookup.follow ? 'always' : 'slash'
}

/** fd, lookup flags, path, its size, open flags, rights, inheriting rights, descriptor flags, where the result goes. */
type PathOpen = [number, number, number, number, number, bigint, bigint, number, number]

function open(system: System, args: PathOpen): number {
  const [fd, lookupFlags, path, size, flags, , , descriptorFlags] = args
  const { descriptors, files, memory } = system
  const access = accessOf(system, args)
  if (flags > allOpenFlags || descriptorFlags > allFlags) fail(errno.invalid)
  if (flags & openFlag.directory && flags & (openFlag.create | openFlag.truncate)) fail(errno.invalid)
  const from = descriptors.getDirectory(fd).node
  const place = findToOpen(from, memory.text(path, size), flags, followOf(lookupFlags))
  const node = place.node ?? create(system, place, flags)
  if (node instanceof LinkNode) return fail(errno.loop)
  checkKind(node, place, flags, access.write)
  if (node instanceof DirectoryNode) return descriptors.add(new OpenDirectory(node))
  const descriptor = descriptors.add(new OpenFile(node, access, descriptorFlags))
  if (flags & openFlag.truncate) files.resize(node, 0)
  return descriptor
}

/** As Linux: nothing is made, and no directory opened so, at a name with a slash behind it; what must be new is not looked for through a link. */
function findToOpen(from: DirectoryNode, path: string, flags: number, follow: Follow): Place {
  const [creates, fresh] = [(flags & openFlag.create) !== 0, (flags & openFlag.exclusive) !== 0]
  const whenCreating = follow === 'always' && !fresh ? 'bare' : 'never'
  const place = walk(from, path, creates ? whenCreating : follow)
  if (creates && place.directoryMeant && place.name !== '') fail(errno.isDirectory)
  if (creates && fresh && place.node !== undefined) fail(errno.exists)
  return place
}

/** Who asks for neither reads, where the directory still lets what is below it be read: POSIX has no other name for it. */
function accessOf({ descriptors }: System, [fd, , , , , wanted, inheriting]: PathOpen) {
  const directory = descriptors.get(fd)
  if (directory.kind === 'file') return fail(errno.notDirectory)
  if (directory.kind !== 'directory') return fail(errno.badDescriptor)
  const rights = BigInt.asUintN(64, wanted)
  if (!allows(allRights, rights | BigInt.asUintN(64, inheriting))) fail(errno.invalid)
  const write = (rights & right.write) !== 0n
  const read = (rights & right.read) !== 0n || (!write && allows(directory.inheriting, right.read))
  if (!allows(directory.inheriting, (write ? right.write : 0n) | (read ? right.read : 0n))) fail(errno.notCapable)
  return { read, write }
}

function create({ files, descriptors }: System, place: Place, flags: number): FileNode {
  if ((flags & openFlag.create) === 0) return fail(errno.noEntry)
  descriptors.checkRoom()
  return files.createFile(place)
}

function checkKind(node: FileNode | DirectoryNode, place: Place, flags: number, write: boolean): void {
  if (node instanceof DirectoryNode) {
    if (write || flags & (openFlag.create | openFlag.truncate)) fail(errno.isDirectory)
  } else if (place.directoryMeant || flags & openFlag.directory) fail(errno.notDirectory)
}
