/** What preview 1 says of files and descriptors, as bytes in the guest's memory. */
import type { Descriptor } from './descriptors.ts'
import { errno, fail } from './errno.ts'
import { DirectoryNode, FileNode, type Node, type Times } from './nodes.ts'
import type { System } from './system.ts'

/** Streams are neither terminals nor files. */
const fileType = { unknown: 0, directory: 3, regular: 4, symbolicLink: 7 } as const
const statBytes = 64
const descriptorStatBytes = 24

export function fileTypeOf(node: Node): number {
  if (node instanceof DirectoryNode) return fileType.directory
  return node instanceof FileNode ? fileType.regular : fileType.symbolicLink
}

function sizeOf(node: Node): number {
  if (node instanceof DirectoryNode) return 0
  return node instanceof FileNode ? node.contents.size : node.bytes.length
}

/** `node`: `undefined` for a stream, of which nothing is known. */
export function writeStat({ memory }: System, at: number, node: Node | undefined): void {
  memory.range(at, statBytes, 8).fill(0)
  if (node === undefined) return
  memory.setU64(at, 1n)
  memory.setU64(at + 8, node.inode)
  memory.setU8(at + 16, fileTypeOf(node))
  memory.setU64(at + 24, BigInt(node.links))
  memory.setU64(at + 32, BigInt(sizeOf(node)))
  memory.setU64(at + 40, node.times.accessed)
  memory.setU64(at + 48, node.times.modified)
  memory.setU64(at + 56, node.times.changed)
}

export function writeDescriptorStat({ memory }: System, at: number, descriptor: Descriptor): void {
  const stream = descriptor.kind === 'input' || descriptor.kind === 'output'
  memory.range(at, descriptorStatBytes, 8).fill(0)
  memory.setU8(at, stream ? fileType.unknown : fileTypeOf(descriptor.node))
  memory.setU16(at + 2, descriptor.flags)
  memory.setU64(at + 8, descriptor.rights)
  memory.setU64(at + 16, descriptor.inheriting)
}

/** The bits of fstflags: the time given, or the present one. */
const set = { accessed: 1, accessedNow: 2, modified: 4, modifiedNow: 8 } as const

/** What fd_filestat_set_times and path_filestat_set_times ask for. @throws {Failure} `invalid`: both for one, or unknown bits. */
export function newTimes(now: bigint, accessed: bigint, modified: bigint, which: number): Partial<Times> {
  if (which > 15 || (which & 3) === 3 || (which & 12) === 12) fail(errno.invalid)
  return {
    ...(which & set.accessed && { accessed: BigInt.asUintN(64, accessed) }),
    ...(which & set.accessedNow && { accessed: now }),
    ...(which & set.modified && { modified: BigInt.asUintN(64, modified) }),
    ...(which & set.modifiedNow && { modified: now }),
    changed: now,
  }
}
