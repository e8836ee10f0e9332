/** The state of the host functions as digests: files, descriptors, clock, generator, outputs. */
import { digestOf } from '../../phase/digest.ts'
import { type StateBytes, stateDigest } from '../state-bytes.ts'
import type { Descriptor } from './descriptors.ts'
import { DirectoryNode, type Entry, FileNode, type Node } from './nodes.ts'
import type { System } from './system.ts'

export interface WasiState {
  files: string
  /** Open descriptors, and what directories held when the guest began to read them. */
  descriptors: string
  /** Nanoseconds slept, in decimal: what else the clock shows is fuel. */
  clock: string
  /** Random bytes drawn, in decimal. */
  random: string
  stdout: string
  stderr: string
}

export function wasiState(system: System): WasiState {
  const { clock, generator, stdout, stderr } = system
  return {
    files: stateDigest(out => {
      out.bigint(system.files.inode)
      out.list(nodesOf(system), node => writeNode(out, node))
    }),
    descriptors: stateDigest(out => {
      out.list(system.descriptors.all, ([number, descriptor]) => writeDescriptor(out, number, descriptor))
      out.list(system.descriptors.listsHeld, ([{ node }, entries]) => {
        out.bigint(node.inode)
        out.list(entries, entry => writeEntry(out, entry))
      })
    }),
    clock: String(clock.sleptNs),
    random: String(generator.position),
    stdout: digestOf(stdout.bytes),
    stderr: digestOf(stderr.bytes),
  }
}

/** Every node that a name or a descriptor leads to, by inode. */
function nodesOf({ files, descriptors }: System): Node[] {
  const found = new Map<bigint, Node>()
  const opened = descriptors.all.flatMap(([, descriptor]) => ('node' in descriptor ? [descriptor.node] : []))
  const waiting: Node[] = [files.root, ...opened]
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (found.has(node.inode)) continue
    found.set(node.inode, node)
    if (node instanceof DirectoryNode) for (const entry of node.list()) waiting.push(entry.node)
  }
  return [...found.values()].sort((a, b) => (a.inode < b.inode ? -1 : 1))
}

function writeNode(out: StateBytes, node: Node): void {
  out.bigint(node.inode)
  out.bigint(node.times.accessed)
  out.bigint(node.times.modified)
  out.bigint(node.times.changed)
  out.number(node.links)
  out.number(node.opened)
  if (node instanceof DirectoryNode) {
    out.letter('d')
    out.bigint(node.parent.inode)
    out.list(node.list(), entry => writeEntry(out, entry))
  } else if (node instanceof FileNode) {
    out.letter('f')
    const bytes = new Uint8Array(node.contents.size)
    node.contents.read(0, [bytes])
    out.number(bytes.length)
    out.text(digestOf(bytes))
  } else {
    out.letter('l')
    out.text(node.target)
  }
}

function writeEntry(out: StateBytes, { name, node }: Entry): void {
  out.text(name)
  out.bigint(node.inode)
}

function writeDescriptor(out: StateBytes, number: number, descriptor: Descriptor): void {
  out.number(number)
  out.text(descriptor.kind)
  out.bigint(descriptor.rights)
  out.bigint(descriptor.inheriting)
  out.number(descriptor.flags)
  out.bigint('node' in descriptor ? descriptor.node.inode : 0n)
  out.bigint('offset' in descriptor ? BigInt(descriptor.offset) : 0n)
}
