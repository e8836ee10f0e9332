/** Modules whose last run was short: likely the next one is, too. */
const briefUs = 1_000
const modulesMax = 1_000

export class BriefModules {
  /** The one that was noted first, first. */
  private readonly digests = new Set<string>()

  has(digest: string): boolean {
    return this.digests.has(digest)
  }

  /** `cpuUs`: of a run that ended. */
  note(digest: string, cpuUs: number): void {
    if (cpuUs >= briefUs) return void this.digests.delete(digest)
    this.digests.add(digest)
    if (this.digests.size <= modulesMax) return
    for (const oldest of this.digests) return void this.digests.delete(oldest)
  }
}
