/** Which compiled modules a child holds: the parent decides, the child obeys, so neither has to ask. */
const modulesMax = 32
/** Of the modules' own bytes; compiled they take several times as much. */
const bytesMax = 64 * 1024 * 1024

export class ModuleCache {
  /** Least recently used first. */
  private readonly sizes = new Map<string, number>()
  private bytes = 0

  has(digest: string): boolean {
    return this.sizes.has(digest)
  }

  /** `digest` is the newest now, and these must go for it. */
  use(digest: string, size = this.sizes.get(digest) ?? 0): string[] {
    this.delete(digest)
    const dropped: string[] = []
    for (const oldest of this.sizes.keys()) {
      if (this.sizes.size < modulesMax && this.bytes + size <= bytesMax) break
      this.delete(oldest)
      dropped.push(oldest)
    }
    this.sizes.set(digest, size)
    this.bytes += size
    return dropped
  }

  delete(digest: string): void {
    this.bytes -= this.sizes.get(digest) ?? 0
    this.sizes.delete(digest)
  }
}
