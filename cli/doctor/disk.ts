/** Whether the disk of the data directory has the room that the store may take. */
import { opendir, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { bytes } from '../text.ts'
import { doubtful, type Finding, fine, wrong } from './finding.ts'

/** With less the node says that its disk is full (server/store). */
const freeBytesMin = 8 * 2 ** 20

/** `there`: the data directory, or where it will be made. */
export async function disk(there: string, storeMax: number): Promise<Finding> {
  const { bavail, bsize } = await statfs(there)
  const free = bavail * bsize
  return diskFinding({ free, held: await heldBytes(join(there, 'store'), storeMax - free), storeMax })
}

/** `free` on the disk, `held` by the store already. */
export function diskFinding({ free, held, storeMax }: { free: number; held: number; storeMax: number }): Finding {
  if (free < freeBytesMin)
    return wrong(`${bytes(free)} free: the node takes nothing`, 'Free space, or put --data-dir on another disk.')
  if (free + held >= storeMax) return fine(`${bytes(free)} free`)
  return doubtful(
    `${bytes(free)} free, and the store may grow by ${bytes(storeMax - held)} (store-max)`,
    'Lower --store-max, so that what is old makes room before the disk is full.',
  )
}

/** Of all files below, as far as `enough`: more changes nothing. */
async function heldBytes(directory: string, enough: number): Promise<number> {
  let held = 0
  if (enough <= 0) return held
  try {
    for await (const entry of await opendir(directory, { recursive: true })) {
      if (entry.isFile()) held += (await stat(join(entry.parentPath, entry.name)).catch(() => undefined))?.size ?? 0
      if (held >= enough) break
    }
  } catch {
    // Not there yet, or not for this user to read: nothing is known to be held.
  }
  return held
}
