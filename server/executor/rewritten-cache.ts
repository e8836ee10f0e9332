/**
 * Rewritten modules, so that no child waits for what was done before: least recently used first to go, bounded in bytes. Those that only one
 * job asked for have a part of the room: however many modules strangers bring, those in use stay, and little is held for what never comes again.
 */
import type { RewrittenModule } from '../../machine/compiled.ts'

/** The largest module fits, with what metering adds to it. */
export const rewrittenBytesMax = 128 * 1024 * 1024
/** Of the room, for what was asked for once at most: eight of SQLite's size. A single one may have more. */
const newShare = 1 / 8

interface Kept {
  module: RewrittenModule
  bytes: number
  /** How often it was asked for. */
  uses: number
}

/** A digest names the bytes under this machine's one profile; limits are no part of them. */
export class RewrittenCache {
  /** Least recently used first. */
  private readonly modules = new Map<string, Kept>()
  private readonly bytesMax: number
  private bytes = 0
  private newBytes = 0

  constructor(bytesMax = rewrittenBytesMax) {
    this.bytesMax = bytesMax
  }

  /** It is the newest then. */
  get(digest: string): RewrittenModule | undefined {
    const found = this.delete(digest)
    if (found === undefined) return undefined
    this.add(digest, { ...found, uses: found.uses + 1 })
    return found.module
  }

  /** One that is larger than all the room is not kept. */
  put(digest: string, module: RewrittenModule): void {
    const uses = this.delete(digest)?.uses ?? 0
    const bytes = sizeOf(module)
    if (bytes > this.bytesMax) return
    const kept = { module, bytes, uses }
    for (const [oldest, other] of this.modules) {
      const isFull = this.bytes + bytes > this.bytesMax
      const isNewFull = isNew(kept) && this.newBytes + bytes > this.bytesMax * newShare
      if (isFull || (isNewFull && isNew(other))) this.delete(oldest)
    }
    this.add(digest, kept)
  }

  private add(digest: string, kept: Kept): void {
    this.modules.set(digest, kept)
    this.bytes += kept.bytes
    if (isNew(kept)) this.newBytes += kept.bytes
  }

  private delete(digest: string): Kept | undefined {
    const found = this.modules.get(digest)
    if (found === undefined) return undefined
    this.modules.delete(digest)
    this.bytes -= found.bytes
    if (isNew(found)) this.newBytes -= found.bytes
    return found
  }
}

const isNew = ({ uses }: Kept): boolean => uses < 2
const sizeOf = ({ fast, exact }: RewrittenModule): number => fast.length + (exact?.length ?? 0)
