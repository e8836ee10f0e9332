/**
 * The scratch file system: directories and files in memory, gone when the run ends. Everything counts against two bounds, nodes and bytes.
 * There are no symbolic links: paths lead where they say.
 */
import { fileNameBytesMax, pathBytesMax, scratchBytesMax, scratchNodesMax } from '../limits.ts'
import { GrowingBytes } from './bytes.ts'
import { errno, fail } from './errno.ts'

/** Paths relative to `/`, with the contents of a file or `undefined` for a directory; parents are made as needed. */
export type FileTree = Readonly<Record<string, Uint8Array | undefined>>

export interface Times {
  accessed: bigint
  modified: bigint
  changed: bigint
}

abstract class BaseNode {
  readonly inode: bigint
  readonly times: Times
  links = 1
  /** Descriptors that refer to it: unlinked, it lives on until the last of them is closed. */
  opened = 0

  constructor(inode: bigint, now: bigint) {
    this.inode = inode
    this.times = { accessed: now, modified: now, changed: now }
  }
}

export class FileNode extends BaseNode {
  readonly contents = new GrowingBytes()
}

export class DirectoryNode extends BaseNode {
  readonly entries = new Map<string, Node>()
  parent: DirectoryNode

  constructor(inode: bigint, now: bigint, parent?: DirectoryNode) {
    super(inode, now)
    this.parent = parent ?? this
  }
}

export type Node = FileNode | DirectoryNode

/** Where a path leads: the directory that holds its last name, and what stands there. */
export interface Place {
  directory: DirectoryNode
  /** '' where the path names the directory that it starts from. */
  name: string
  node: Node | undefined
  /** It ended in a slash, or in a dot: only a directory will do. */
  directoryMeant: boolean
}

export class FileSystem {
  readonly root: DirectoryNode
  private nodes = 0
  private bytes = 0
  private nextInode = 1n
  private readonly now: () => bigint

  constructor(now: () => bigint, tree: FileTree = {}) {
    this.now = now
    this.root = new DirectoryNode(this.nextInode++, now())
    for (const [path, contents] of Object.entries(tree)) this.plant(path, contents)
  }

  /**
   * Follows `path` from `from`. Absolute paths, and `..` beyond `from`, are not permitted.
   * @throws {Failure} `noEntry`, `notDirectory`, `notPermitted`, `nameTooLong`.
   */
  find(from: DirectoryNode, path: string): Place {
    if (path === '') return fail(errno.noEntry)
    if (path.includes('\0')) return fail(errno.invalid)
    if (path.startsWith('/')) return fail(errno.notPermitted)
    if (utf8Length(path) > pathBytesMax) return fail(errno.nameTooLong)
    const names = path.split('/').filter(name => name !== '' && name !== '.')
    const directoryMeant = /(^|\/)\.{0,2}$/.test(path)
    const way: DirectoryNode[] = [from]
    for (const [index, name] of names.entries()) {
      const directory = way.at(-1) as DirectoryNode
      const last = index === names.length - 1
      if (name === '..') {
        way.pop()
        if (way.length === 0) fail(errno.notPermitted)
        continue
      }
      if (utf8Length(name) > fileNameBytesMax) fail(errno.nameTooLong)
      const node = directory.entries.get(name)
      if (last) return { directory, name, node, directoryMeant }
      if (node === undefined) return fail(errno.noEntry)
      if (!(node instanceof DirectoryNode)) return fail(errno.notDirectory)
      way.push(node)
    }
    const directory = way.at(-1) as DirectoryNode
    return { directory: directory.parent, name: '', node: directory, directoryMeant: true }
  }

  /** What stands at `path`. @throws {Failure} `noEntry`, `notDirectory` and those of `find`. */
  get(from: DirectoryNode, path: string): Node {
    const { node, directoryMeant } = this.find(from, path)
    if (node === undefined) return fail(errno.noEntry)
    if (directoryMeant && !(node instanceof DirectoryNode)) return fail(errno.notDirectory)
    return node
  }

  createFile(place: Place): FileNode {
    return this.add(place, new FileNode(this.nextInode++, this.now()))
  }

  createDirectory(place: Place): DirectoryNode {
    if (place.node !== undefined) return fail(errno.exists)
    return this.add(place, new DirectoryNode(this.nextInode++, this.now(), place.directory))
  }

  link(node: Node, place: Place): void {
    if (node instanceof DirectoryNode) fail(errno.notPermitted)
    if (place.node !== undefined) fail(errno.exists)
    if (place.directoryMeant) fail(errno.noEntry)
    this.checkAlive(place.directory)
    node.links++
    this.enter(place, node)
  }

  unlink(place: Place): void {
    const { node, directoryMeant } = place
    if (node === undefined) return fail(errno.noEntry)
    if (node instanceof DirectoryNode) return fail(errno.isDirectory)
    if (directoryMeant) return fail(errno.notDirectory)
    this.remove(place, node)
  }

  removeDirectory(place: Place): void {
    const { node, name } = place
    if (node === undefined) return fail(errno.noEntry)
    if (!(node instanceof DirectoryNode)) return fail(errno.notDirectory)
    if (name === '') return fail(errno.invalid)
    if (node.entries.size > 0) return fail(errno.notEmpty)
    this.remove(place, node)
  }

  /** POSIX rename: replaces a file by a file, an empty directory by a directory. */
  rename(from: Place, to: Place): void {
    const { node } = from
    if (node === undefined) return fail(errno.noEntry)
    if (from.name === '' || to.name === '') return fail(errno.invalid)
    const directory = node instanceof DirectoryNode
    if (!directory && (from.directoryMeant || to.directoryMeant)) return fail(errno.notDirectory)
    if (node === to.node) return
    this.checkAlive(to.directory)
    if (directory && isWithin(to.directory, node)) return fail(errno.invalid)
    this.replace(to, directory)
    from.directory.entries.delete(from.name)
    from.directory.times.modified = this.now()
    if (directory) node.parent = to.directory
    this.enter(to, node)
  }

  /** @throws {Failure} `fileTooLarge` beyond what any file may have, `noSpace` where the scratch space is used up. */
  resize(file: FileNode, size: number): void {
    this.reserve(file, size)
    file.contents.resize(size)
    this.touch(file)
  }

  write(file: FileNode, at: number, buffers: readonly Uint8Array[], total: number): void {
    if (total === 0) return
    this.reserve(file, Math.max(file.contents.size, at + total))
    file.contents.write(at, buffers)
    this.touch(file)
  }

  open(node: Node): void {
    node.opened++
  }

  close(node: Node): void {
    node.opened--
    this.free(node)
  }

  private reserve(file: FileNode, size: number): void {
    if (size > scratchBytesMax) fail(errno.fileTooLarge)
    const bytes = this.bytes + size - file.contents.size
    if (bytes > scratchBytesMax) fail(errno.noSpace)
    this.bytes = bytes
  }

  private touch(file: FileNode): void {
    file.times.modified = file.times.changed = this.now()
  }

  private add<T extends Node>(place: Place, node: T): T {
    this.checkAlive(place.directory)
    if (this.nodes >= scratchNodesMax) return fail(errno.noSpace)
    this.nodes++
    this.enter(place, node)
    return node
  }

  private enter({ directory, name }: Place, node: Node): void {
    directory.entries.set(name, node)
    directory.times.modified = directory.times.changed = this.now()
  }

  private replace(place: Place, byDirectory: boolean): void {
    if (place.node === undefined) return
    if (place.node instanceof DirectoryNode) {
      if (!byDirectory) return fail(errno.isDirectory)
      return this.removeDirectory(place)
    }
    if (byDirectory) return fail(errno.notDirectory)
    this.unlink({ ...place, directoryMeant: false })
  }

  private remove({ directory, name }: Place, node: Node): void {
    directory.entries.delete(name)
    directory.times.modified = directory.times.changed = this.now()
    node.links--
    this.free(node)
  }

  private free(node: Node): void {
    if (node.links > 0 || node.opened > 0) return
    this.nodes--
    if (node instanceof FileNode) this.bytes -= node.contents.size
  }

  /** A directory that was removed while it was open takes nothing in. */
  private checkAlive(directory: DirectoryNode): void {
    if (directory.links === 0) fail(errno.noEntry)
  }

  private plant(path: string, contents: Uint8Array | undefined): void {
    const names = path.split('/')
    for (let length = 1; length < names.length; length++) this.plantDirectory(names.slice(0, length).join('/'))
    if (contents === undefined) return this.plantDirectory(path)
    this.write(this.createFile(this.find(this.root, path)), 0, [contents], contents.length)
  }

  private plantDirectory(path: string): void {
    const place = this.find(this.root, path)
    if (place.node === undefined) this.createDirectory(place)
  }
}

/** The entries in the order of their names' bytes. */
export function sortedEntries(directory: DirectoryNode): [string, Node][] {
  return [...directory.entries].sort(([a], [b]) => compareCodePoints(a, b))
}

/** Code points compare as their UTF-8 bytes do; JavaScript's own order of UTF-16 units differs beyond U+FFFF. */
function compareCodePoints(a: string, b: string): number {
  let at = 0
  while (at < a.length && a[at] === b[at]) at++
  if (at > 0 && isLowSurrogate(a, at) && isLowSurrogate(b, at)) at--
  return (a.codePointAt(at) ?? -1) - (b.codePointAt(at) ?? -1)
}

const isLowSurrogate = (text: string, at: number) => (text.charCodeAt(at) & 0xfc00) === 0xdc00
const utf8Length = (text: string) => new TextEncoder().encode(text).length

function isWithin(directory: DirectoryNode, ancestor: DirectoryNode): boolean {
  for (let at = directory; ; at = at.parent) {
    if (at === ancestor) return true
    if (at === at.parent) return false
  }
}
