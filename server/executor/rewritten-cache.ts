/** Rewritten modules, so that no child waits for what was done before: least recently used first to go, bounded in bytes. */
import type { RewrittenModule } from '../../machine/compiled.ts'

/** The largest module fits, with what metering adds to it. */
export const rewrittenBytesMax = 128 * 1024 * 1024

/** A digest names the bytes under this machine's one profile; limits are no part of them. */
export class RewrittenCache {
  /** Least recently used first. */
  private readonly modules = new Map<string, RewrittenModule>()
  private readonly bytesMax: number
  private bytes = 0

  constructor(bytesMax = rewrittenBytesMax) {
    this.bytesMax = bytesMax
  }

  /** It is the newest then. */
  get(digest: string): RewrittenModule | undefined {
    const found = this.modules.get(digest)
    if (found === undefined) return undefined
    this.modules.delete(digest)
    this.modules.set(digest, found)
    return found
  }

  /** One that is larger than all the room is not kept. */
  put(digest: string, module: RewrittenModule): void {
    this.delete(digest)
    const size = sizeOf(module)
    if (size > this.bytesMax) return
    for (const oldest of this.modules.keys()) {
      if (this.bytes + size <= this.bytesMax) break
      this.delete(oldest)
    }
    this.modules.set(digest, module)
    this.bytes += size
  }

  private delete(digest: string): void {
    const found = this.modules.get(digest)
    if (found === undefined) return
    this.bytes -= sizeOf(found)
    this.modules.delete(digest)
  }
}

const sizeOf = ({ fast, exact }: RewrittenModule): number => fast.length + (exact?.length ?? 0)
