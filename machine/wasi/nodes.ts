/** What the scratch file system is made of: files, directories, symbolic links. */
import { FileContents } from './contents.ts'

export interface Times {
  accessed: bigint
  modified: bigint
  changed: bigint
}

abstract class BaseNode {
  readonly inode: bigint
  readonly times: Times
  /** Names that lead to it. */
  links = 0
  /** Descriptors that refer to it: without a name it lives on until the last of them is closed. */
  opened = 0

  constructor(inode: bigint, now: bigint) {
    this.inode = inode
    this.times = { accessed: now, modified: now, changed: now }
  }
}

export class FileNode extends BaseNode {
  readonly contents = new FileContents()
}

export class LinkNode extends BaseNode {
  /** A relative path, never empty. */
  readonly target: string
  readonly bytes: Uint8Array

  constructor(inode: bigint, now: bigint, target: string) {
    super(inode, now)
    this.target = target
    this.bytes = new TextEncoder().encode(target)
  }
}

export interface Entry {
  readonly name: string
  readonly node: Node
}

/** Keeps its entries in the order of their names' bytes. */
export class DirectoryNode extends BaseNode {
  parent: DirectoryNode
  private readonly byName = new Map<string, Node>()
  private sorted: Entry[] = []
  /** Somebody holds `sorted`: it must not change any more. */
  private lent = false

  constructor(inode: bigint, now: bigint, parent?: DirectoryNode) {
    super(inode, now)
    this.parent = parent ?? this
  }

  get size(): number {
    return this.byName.size
  }

  get(name: string): Node | undefined {
    return this.byName.get(name)
  }

  /** In place of what has that name, if anything does. */
  set(name: string, node: Node): void {
    const sorted = this.own()
    sorted.splice(placeOf(sorted, name), this.byName.has(name) ? 1 : 0, { name, node })
    this.byName.set(name, node)
  }

  delete(name: string): void {
    if (!this.byName.delete(name)) return
    const sorted = this.own()
    sorted.splice(placeOf(sorted, name), 1)
  }

  /** What it holds now; the list stays as it is whatever happens to the directory. */
  list(): readonly Entry[] {
    this.lent = true
    return this.sorted
  }

  private own(): Entry[] {
    if (this.lent) this.sorted = [...this.sorted]
    this.lent = false
    return this.sorted
  }
}

export type Node = FileNode | DirectoryNode | LinkNode

/** Where `name` stands in `sorted`, or would. */
function placeOf(sorted: readonly Entry[], name: string): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareAsBytes((sorted[middle] as Entry).name, name) < 0) low = middle + 1
    else high = middle
  }
  return low
}

/** As their UTF-8 bytes compare, which is by code point; JavaScript's own order, by UTF-16 unit, differs beyond U+FFFF. */
function compareAsBytes(a: string, b: string): number {
  let at = 0
  while (at < a.length && a[at] === b[at]) at++
  if (at > 0 && isLowSurrogate(a, at) && isLowSurrogate(b, at)) at--
  return (a.codePointAt(at) ?? -1) - (b.codePointAt(at) ?? -1)
}

const isLowSurrogate = (text: string, at: number) => (text.charCodeAt(at) & 0xfc00) === 0xdc00
