/** What a descriptor number stands for. 0 to 2 are the standard streams, 3 is `/`; a new one gets the lowest free number. */
import { descriptorsMax } from '../limits.ts'
import type { GrowingBytes } from './bytes.ts'
import { errno, fail } from './errno.ts'
import { DirectoryNode, type FileNode, type FileSystem, type Node } from './files.ts'

export const right = { read: 1n << 1n, seek: 1n << 2n, tell: 1n << 5n, write: 1n << 6n } as const
const allRights = (1n << 29n) - 1n
const streamRights = allRights & ~(right.seek | right.tell)

const appendFlag = 1
export const isAppending = (flags: number): boolean => (flags & appendFlag) !== 0

export class InputStream {
  readonly kind = 'input'
  readonly bytes: Uint8Array
  offset = 0
  rights = streamRights & ~right.write
  flags = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }
}

export class OutputStream {
  readonly kind = 'output'
  readonly bytes: GrowingBytes
  rights = streamRights & ~right.read
  flags = 0

  constructor(bytes: GrowingBytes) {
    this.bytes = bytes
  }
}

export class OpenFile {
  readonly kind = 'file'
  readonly node: FileNode
  offset = 0n
  rights: bigint
  inheriting = allRights
  flags: number

  constructor(node: FileNode, rights: bigint, flags: number) {
    this.node = node
    this.rights = rights & allRights
    this.flags = flags
  }
}

export class OpenDirectory {
  readonly kind = 'directory'
  readonly node: DirectoryNode
  /** Its name as the guest is told at the start, where it is told of it. */
  readonly preopened: string | undefined
  /** What it held when the guest began to read it: cookies count in this list. */
  listing: [string, Node][] = []
  rights: bigint
  inheriting = allRights
  flags = 0

  constructor(node: DirectoryNode, rights = allRights, preopened?: string) {
    this.node = node
    this.rights = rights & allRights
    this.preopened = preopened
  }
}

export type Descriptor = InputStream | OutputStream | OpenFile | OpenDirectory

export class Descriptors {
  private readonly open = new Map<number, Descriptor>()
  private readonly files: FileSystem

  constructor(files: FileSystem, stdin: Uint8Array, stdout: GrowingBytes, stderr: GrowingBytes) {
    this.files = files
    const root = new OpenDirectory(files.root, allRights, '/')
    files.open(root.node)
    const first = [new InputStream(stdin), new OutputStream(stdout), new OutputStream(stderr), root]
    for (const [number, descriptor] of first.entries()) this.open.set(number, descriptor)
  }

  get(number: number): Descriptor {
    return this.open.get(number) ?? fail(errno.badDescriptor)
  }

  getFile(number: number): OpenFile {
    const descriptor = this.get(number)
    if (descriptor.kind === 'directory') return fail(errno.isDirectory)
    return descriptor.kind === 'file' ? descriptor : fail(errno.noSeek)
  }

  getDirectory(number: number): OpenDirectory {
    const descriptor = this.get(number)
    return descriptor.kind === 'directory' ? descriptor : fail(errno.notDirectory)
  }

  add(descriptor: OpenFile | OpenDirectory): number {
    if (this.open.size >= descriptorsMax) return fail(errno.tooManyOpen)
    let number = 0
    while (this.open.has(number)) number++
    this.files.open(descriptor.node)
    this.open.set(number, descriptor)
    return number
  }

  close(number: number): void {
    const descriptor = this.get(number)
    this.open.delete(number)
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
}
