/** What a descriptor number stands for. 0 to 2 are the standard streams, 3 is `/`; a new one gets the lowest free number. */
import { descriptorsMax, listedEntriesMax } from '../limits.ts'
import type { GrowingBytes } from './bytes.ts'
import { errno, fail } from './errno.ts'
import type { FileSystem } from './files.ts'
import { type DirectoryNode, type Entry, type FileNode } from './nodes.ts'
import { allRights, directoryRights, fileRights, preopenRights, right } from './rights.ts'

export const flag = { append: 1, dataSync: 2, nonBlocking: 4, readSync: 8, sync: 16 } as const
export const allFlags = 31

export class InputStream {
  readonly kind = 'input'
  readonly bytes: Uint8Array
  offset = 0
  rights: bigint = right.read
  inheriting: bigint = right.read
  readonly flags = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }
}

export class OutputStream {
  readonly kind = 'output'
  readonly bytes: GrowingBytes
  rights: bigint = right.write
  inheriting: bigint = right.write
  readonly flags = 0

  constructor(bytes: GrowingBytes) {
    this.bytes = bytes
  }
}

export class OpenFile {
  readonly kind = 'file'
  readonly node: FileNode
  offset = 0n
  rights: bigint
  inheriting: bigint
  flags: number

  constructor(node: FileNode, access: { read: boolean; write: boolean }, flags: number) {
    this.node = node
    this.rights = this.inheriting = fileRights(access)
    this.flags = flags
  }

  get appends(): boolean {
    return (this.flags & flag.append) !== 0
  }
}

export class OpenDirectory {
  readonly kind = 'directory'
  readonly node: DirectoryNode
  /** Its name as the guest is told at the start, where it is told of it. */
  readonly preopened: string | undefined
  rights: bigint
  inheriting: bigint = allRights
  readonly flags = 0

  constructor(node: DirectoryNode, preopened?: string) {
    this.node = node
    this.preopened = preopened
    this.rights = preopened === undefined ? directoryRights : preopenRights
  }
}

export type Descriptor = InputStream | OutputStream | OpenFile | OpenDirectory

export class Descriptors {
  private readonly open = new Map<number, Descriptor>()
  /** What each directory held when the guest began to read it: cookies count in these lists. The one held longest comes first. */
  private readonly lists = new Map<OpenDirectory, readonly Entry[]>()
  private listed = 0
  private readonly files: FileSystem

  constructor(files: FileSystem, stdin: Uint8Array, stdout: GrowingBytes, stderr: GrowingBytes) {
    this.files = files
    const root = new OpenDirectory(files.root, '/')
    files.open(root.node)
    const first = [new InputStream(stdin), new OutputStream(stdout), new OutputStream(stderr), root]
    for (const [number, descriptor] of first.entries()) this.open.set(number, descriptor)
  }

  /** All that are open, by number. */
  get all(): [number, Descriptor][] {
    return [...this.open].sort(([a], [b]) => a - b)
  }

  /** The lists that are held of open directories, the one held longest first. */
  get listsHeld(): [OpenDirectory, readonly Entry[]][] {
    return [...this.lists]
  }

  find(number: number): Descriptor | undefined {
    return this.open.get(number)
  }

  /** @throws {Failure} `badDescriptor`, as do the next three for what is not of their kind. */
  get(number: number): Descriptor {
    return this.find(number) ?? fail(errno.badDescriptor)
  }

  getFile(number: number): OpenFile {
    const descriptor = this.get(number)
    return descriptor.kind === 'file' ? descriptor : fail(errno.badDescriptor)
  }

  getDirectory(number: number): OpenDirectory {
    const descriptor = this.get(number)
    return descriptor.kind === 'directory' ? descriptor : fail(errno.badDescriptor)
  }

  getNode(number: number): OpenFile | OpenDirectory {
    const descriptor = this.get(number)
    return descriptor.kind === 'file' || descriptor.kind === 'directory' ? descriptor : fail(errno.badDescriptor)
  }

  /** @throws {Failure} `noSeek` for a stream, which has no place to be at. */
  getSeekable(number: number): OpenFile {
    const descriptor = this.get(number)
    if (descriptor.kind === 'input' || descriptor.kind === 'output') return fail(errno.noSeek)
    return this.getFile(number)
  }

  /** @throws {Failure} `tooManyOpen`. */
  checkRoom(): void {
    if (this.open.size >= descriptorsMax) fail(errno.tooManyOpen)
  }

  add(descriptor: OpenFile | OpenDirectory): number {
    this.checkRoom()
    let number = 0
    while (this.open.has(number)) number++
    this.files.open(descriptor.node)
    this.open.set(number, descriptor)
    return number
  }

  close(number: number): void {
    const descriptor = this.get(number)
    this.open.delete(number)
    if (descriptor.kind === 'directory') this.forgetList(descriptor)
    if (descriptor.kind === 'file' || descriptor.kind === 'directory') this.files.close(descriptor.node)
  }

  /** `to` becomes what `from` was. Both must be open. */
  renumber(from: number, to: number): void {
    const descriptor = this.get(from)
    this.get(to)
    if (from === to) return
    this.close(to)
    this.open.delete(from)
    this.open.set(to, descriptor)
  }

  /** What `directory` held when its list was taken; `anew` takes it again. */
  list(directory: OpenDirectory, anew: boolean): readonly Entry[] {
    const held = anew ? undefined : this.lists.get(directory)
    if (held !== undefined) return held
    this.forgetList(directory)
    const list = directory.node.list()
    this.lists.set(directory, list)
    this.listed += list.length
    for (const oldest of this.lists.keys()) {
      if (this.listed <= listedEntriesMax) break
      this.forgetList(oldest)
    }
    return list
  }

  private forgetList(directory: OpenDirectory): void {
    this.listed -= this.lists.get(directory)?.length ?? 0
    this.lists.delete(directory)
  }
}
