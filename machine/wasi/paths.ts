/** Where a path leads. None leads out of the directory that it starts from: not by `..`, not by a leading slash, not through a symbolic link. */
import { fileNameBytesMax, followedBytesMax, followedLinksMax, pathBytesMax } from '../limits.ts'
import { errno, fail } from './errno.ts'
import { DirectoryNode, LinkNode, type Node } from './nodes.ts'

/** The directory that holds a path's last name, and what stands there. */
export interface Place {
  directory: DirectoryNode
  /** '' where the path ends in `.` or `..`: then it is about `node`, whatever that is called. */
  name: string
  node: Node | undefined
  /** It ends in a slash, or in a dot: only a directory will do. */
  directoryMeant: boolean
}

/** Whether a symbolic link at the very end is followed: `slash`, only where a slash stands behind it; `bare`, only where none does. */
export type Follow = 'always' | 'slash' | 'bare' | 'never'

/** @throws {Failure} `noEntry`, `notDirectory`, `notPermitted` (it would lead out), `loop`, `nameTooLong`, `invalid` (a NUL). */
export const walk = (from: DirectoryNode, path: string, follow: Follow): Place => new Walk(from, follow).go(path)

class Walk {
  private readonly follow: Follow
  /** The directories that it came through: `..` goes back on it. */
  private readonly way: DirectoryNode[]
  /** Names still to come, the next one last. */
  private readonly names: string[] = []
  private directoryMeant = false
  private links = 0
  private linkBytes = 0

  constructor(from: DirectoryNode, follow: Follow) {
    this.follow = follow
    this.way = [from]
  }

  go(path: string): Place {
    this.checkPath(path)
    this.enqueue(path)
    for (let name = this.names.pop(); name !== undefined; name = this.names.pop()) {
      const place = this.step(name)
      if (place !== undefined) return place
    }
    const { here } = this
    return { directory: here.parent, name: '', node: here, directoryMeant: true }
  }

  private get here(): DirectoryNode {
    return this.way.at(-1) as DirectoryNode
  }

  /** @returns the place, once it is reached. */
  private step(name: string): Place | undefined {
    if (name === '.') return undefined
    if (name === '..') {
      this.way.pop()
      if (this.way.length === 0) fail(errno.notPermitted)
      return undefined
    }
    if (isTooLong(name, fileNameBytesMax)) fail(errno.nameTooLong)
    const last = this.names.length === 0
    const node = this.here.get(name)
    if (node instanceof LinkNode && (!last || this.followsLast())) {
      this.expand(node, last)
      return undefined
    }
    if (last) return { directory: this.here, name, node, directoryMeant: this.directoryMeant }
    if (node === undefined) return fail(errno.noEntry)
    if (!(node instanceof DirectoryNode)) return fail(errno.notDirectory)
    this.way.push(node)
    return undefined
  }

  private followsLast(): boolean {
    return this.follow === 'always' || this.follow === (this.directoryMeant ? 'slash' : 'bare')
  }

  private expand(link: LinkNode, last: boolean): void {
    this.links++
    this.linkBytes += link.bytes.length
    if (this.links > followedLinksMax || this.linkBytes > followedBytesMax) fail(errno.loop)
    if (link.target.startsWith('/')) fail(errno.notPermitted)
    const meant = this.directoryMeant
    this.enqueue(link.target)
    if (!last) this.directoryMeant = meant
  }

  private enqueue(path: string): void {
    const names = path.split('/')
    this.directoryMeant ||= names.at(-1) === ''
    for (const name of names.toReversed()) if (name !== '') this.names.push(name)
  }

  private checkPath(path: string): void {
    if (path === '') fail(errno.noEntry)
    if (path.includes('\0')) fail(errno.invalid)
    if (isTooLong(path, pathBytesMax)) fail(errno.nameTooLong)
    if (path.startsWith('/')) fail(errno.notPermitted)
  }
}

/** A UTF-16 unit takes at most three bytes of UTF-8: most need not be counted. */
export const isTooLong = (text: string, bytesMax: number): boolean =>
  text.length > bytesMax || (text.length * 3 > bytesMax && new TextEncoder().encode(text).length > bytesMax)
