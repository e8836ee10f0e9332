/**
 * The scratch file system: directories, files and symbolic links in memory, gone when the run ends. Everything counts against two bounds: names,
 * and bytes (of files, holes too, and of links).
 */
import { pathBytesMax, scratchBytesMax, scratchNodesMax } from '../limits.ts'
import { errno, fail } from './errno.ts'
import { DirectoryNode, FileNode, LinkNode, type Node } from './nodes.ts'
import { isTooLong, type Place, walk } from './paths.ts'

/** Paths relative to `/`, with the contents of a file or `undefined` for a directory; parents are made as needed. */
export type FileTree = Readonly<Record<string, Uint8Array | undefined>>

export class FileSystem {
  readonly root: DirectoryNode
  private names = 0
  private bytes = 0
  private nextInode = 1n
  private readonly now: () => bigint

  constructor(now: () => bigint, tree: FileTree = {}) {
    this.now = now
    this.root = new DirectoryNode(this.nextInode++, now())
    this.root.links = 1
    for (const [path, contents] of Object.entries(tree)) this.plant(path, contents)
  }

  /** Of the next node. */
  get inode(): bigint {
    return this.nextInode
  }

  /** Bytes that may still be written. */
  get bytesLeft(): number {
    return scratchBytesMax - this.bytes
  }

  createFile(place: Place): FileNode {
    const file = new FileNode(this.nextInode++, this.now())
    this.enter(place, file)
    return file
  }

  createDirectory(place: Place): void {
    if (place.node !== undefined) fail(errno.exists)
    this.enter(place, new DirectoryNode(this.nextInode++, this.now(), place.directory))
  }

  /** `target` has been checked. */
  createLink(target: string, place: Place): void {
    this.checkFree(place)
    const link = new LinkNode(this.nextInode++, this.now(), target)
    if (link.bytes.length > this.bytesLeft) fail(errno.noSpace)
    this.enter(place, link)
    this.bytes += link.bytes.length
  }

  link(node: Node, place: Place): void {
    this.checkFree(place)
    if (node instanceof DirectoryNode) return fail(errno.notPermitted)
    this.enter(place, node)
    node.times.changed = this.now()
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
    if (node.size > 0) return fail(errno.notEmpty)
    this.remove(place, node)
  }

  /** As rename(2): replaces a file by a file, an empty directory by a directory. */
  rename(from: Place, to: Place): void {
    if (from.name === '' || to.name === '') return fail(errno.busy)
    const node = existing(from)
    const directory = node instanceof DirectoryNode
    if (!directory && to.directoryMeant) return fail(errno.notDirectory)
    if (node === to.node) return
    this.checkAlive(to.directory)
    if (directory && isWithin(to.directory, node)) return fail(errno.invalid)
    this.replace(to, directory)
    from.directory.delete(from.name)
    to.directory.set(to.name, node)
    if (directory) node.parent = to.directory
    node.times.changed = this.touch(from.directory)
    this.touch(to.directory)
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
    const more = size - file.contents.size
    if (more > this.bytesLeft) fail(errno.noSpace)
    this.bytes += more
  }

  private touch(node: Node): bigint {
    const now = this.now()
    node.times.modified = node.times.changed = now
    return now
  }

  /** A name for `node`, which may be new. */
  private enter({ directory, name }: Place, node: Node): void {
    this.checkAlive(directory)
    if (this.names >= scratchNodesMax) fail(errno.noSpace)
    this.names++
    node.links++
    directory.set(name, node)
    this.touch(directory)
  }

  /** Only a directory may be made at a name with a slash behind it. As wasmtime, which takes such a name for one with `/.` behind it. */
  private checkFree({ node, directoryMeant }: Place): void {
    if (node !== undefined) fail(directoryMeant && !(node instanceof DirectoryNode) ? errno.notDirectory : errno.exists)
    if (directoryMeant) fail(errno.noEntry)
  }

  private replace(place: Place, byDirectory: boolean): void {
    if (place.node === undefined) return
    if (place.node instanceof DirectoryNode) {
      if (!byDirectory) return fail(errno.isDirectory)
      return this.removeDirectory(place)
    }
    if (byDirectory) return fail(errno.notDirectory)
    this.remove(place, place.node)
  }

  private remove({ directory, name }: Place, node: Node): void {
    directory.delete(name)
    this.names--
    node.links--
    node.times.changed = this.touch(directory)
    this.free(node)
  }

  private free(node: Node): void {
    if (node.links > 0 || node.opened > 0) return
    if (node instanceof LinkNode) this.bytes -= node.bytes.length
    if (!(node instanceof FileNode)) return
    this.bytes -= node.contents.size
    // A list of a directory may still hold the node: what is not counted must not be kept.
    node.contents.resize(0)
  }

  /** A directory that was removed while it was open takes nothing in. */
  private checkAlive(directory: DirectoryNode): void {
    if (directory.links === 0) fail(errno.noEntry)
  }

  private plant(path: string, contents: Uint8Array | undefined): void {
    const names = path.split('/')
    for (let length = 1; length < names.length; length++) this.plantDirectory(names.slice(0, length).join('/'))
    if (contents === undefined) return this.plantDirectory(path)
    this.write(this.createFile(walk(this.root, path, 'never')), 0, [contents], contents.length)
  }

  private plantDirectory(path: string): void {
    const place = walk(this.root, path, 'never')
    if (place.node === undefined) this.createDirectory(place)
  }
}

/** Targets that lead out by a leading slash are refused at once; others when they are followed. */
export function checkTarget(target: string): void {
  if (target === '') fail(errno.noEntry)
  if (target.startsWith('/')) fail(errno.notPermitted)
  if (target.includes('\0')) fail(errno.invalid)
  if (isTooLong(target, pathBytesMax)) fail(errno.nameTooLong)
}

/** What stands at a place. @throws {Failure} `noEntry`; `notDirectory` where it is none and only one will do. */
export function existing({ node, directoryMeant }: Place): Node {
  if (node === undefined) return fail(errno.noEntry)
  if (directoryMeant && !(node instanceof DirectoryNode)) return fail(errno.notDirectory)
  return node
}

function isWithin(directory: DirectoryNode, ancestor: DirectoryNode): boolean {
  for (let at = directory; ; at = at.parent) {
    if (at === ancestor) return true
    if (at === at.parent) return false
  }
}
