/** How long what has ended is kept. */

/** Results are there for so long, however full the store is: time to fetch them. */
export const keepFloorMs = 3_600_000
/** Up to here all of `keep`; from there on less, the fuller it is; from the second one on the floor. */
const calmFill = 0.8
const fullFill = 0.95

/** The age that is kept when `fill` of the quota, 0 to 1 and beyond, is used. It never grows with `fill`, and has no step. */
export function keptMs(fill: number, keepMs: number): number {
  const floorMs = Math.min(keepFloorMs, keepMs)
  const left = Math.min(1, Math.max(0, (fullFill - fill) / (fullFill - calmFill)))
  return Math.round(floorMs + (keepMs - floorMs) * left)
}

export interface Fill {
  usedBytes: number
  bytesMax: number
  keepMs: number
  nowMs: number
}

/** What ended, or was last needed, before this moment is too old. */
export const keptSince = ({ usedBytes, bytesMax, keepMs, nowMs }: Fill): number =>
  nowMs - keptMs(usedBytes / bytesMax, keepMs)

/** Of `contents`, the longest unused first, the first few: each is too old even once those before it are gone. */
export function tooOld<T extends { size: number; usedAtMs: number }>(contents: readonly T[], fill: Fill): T[] {
  let { usedBytes } = fill
  const stays = contents.findIndex(({ size, usedAtMs }) => {
    if (usedAtMs >= keptSince({ ...fill, usedBytes })) return true
    usedBytes -= size
    return false
  })
  return contents.slice(0, stays < 0 ? undefined : stays)
}
