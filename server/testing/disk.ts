/** Disks that are small enough to be filled. */
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

/** A file system of `size` that ends with the test; `undefined` where this user may not mount. */
export async function smallDisk(t: TestContext, size: string): Promise<string | undefined> {
  const directory = await mkdtemp(join(tmpdir(), 'plasm-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', directory], { stdio: 'ignore' })
  } catch {
    await rm(directory, { recursive: true })
    return undefined
  }
  t.after(async () => {
    execFileSync('umount', ['-l', directory])
    await rm(directory, { recursive: true })
  })
  return directory
}
