/** What preview 1 says of files and descriptors, as bytes in the guest's memory. */
import type { Descriptor } from './descriptors.ts'
import { errno, fail } from './errno.ts'
import { DirectoryNode, type Node } from './files.ts'
import type { System } from './system.ts'

/** Streams are neither terminals nor files. */
const fileType = { unknown: 0, directory: 3, regular: 4 } as const
const statBytes = 64

export const fileTypeOf = (node: Node): number =>
  node instanceof DirectoryNode ? fileType.directory : fileType.regular

export function writeStat({ memory }: System, at: number, node: Node | undefined): void {
  memory.range(at, statBytes).fill(0)
  if (node === undefined) {
    memory.setU64(at + 24, 1n)
    return
  }
  memory.setU64(at, 1n)
  memory.setU64(at + 8, node.inode)
  memory.setU8(at + 16, fileTypeOf(node))
  memory.setU64(at + 24, BigInt(node.links))
  memory.setU64(at + 32, BigInt(node instanceof DirectoryNode ? 0 : node.contents.size))
  memory.setU64(at + 40, node.times.accessed)
  memory.setU64(at + 48, node.times.modified)
  memory.setU64(at + 56, node.times.changed)
}

export function writeDescriptorStat({ memory }: System, at: number, descriptor: Descriptor): void {
  const stream = descriptor.kind === 'input' || descriptor.kind === 'output'
  memory.range(at, 24).fill(0)
  memory.setU8(at, stream ? fileType.unknown : fileTypeOf(descriptor.node))
  memory.setU16(at + 2, descriptor.flags)
  memory.setU64(at + 8, descriptor.rights)
  memory.setU64(at + 16, stream ? 0n : descriptor.inheriting)
}

/** Bits of `which`: 1 set accessed, 2 accessed now, 4 set modified, 8 modified now. */
export function setTimes(system: System, node: Node, accessed: bigint, modified: bigint, which: number): void {
  if ((which & 3) === 3 || (which & 12) === 12 || which > 15) fail(errno.invalid)
  const now = system.clock.now(0)
  if (which & 3) node.times.accessed = which & 2 ? now : BigInt.asUintN(64, accessed)
  if (which & 12) node.times.modified = which & 8 ? now : BigInt.asUintN(64, modified)
  node.times.changed = now
}
