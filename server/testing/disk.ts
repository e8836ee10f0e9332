/** Disks that are small enough to be filled. */
import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

/** A file system of `size` that ends with the test, which is skipped where this user may not mount: `undefined` then. */
export async function smallDisk(t: TestContext, size: string): Promise<string | undefined> {
  const directory = await mkdtemp(join(tmpdir(), 'plasm-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', directory], { stdio: 'pipe' })
  } catch (error) {
    await rm(directory, { recursive: true })
    t.skip(`no disk of ${size} can be mounted here, which takes root or CAP_SYS_ADMIN: ${whyOf(error)}`)
    return undefined
  }
  t.after(async () => {
    execFileSync('umount', ['-l', directory])
    await rm(directory, { recursive: true })
  })
  return directory
}

/** What `mount` said of it, or why it could not be asked. */
function whyOf(error: unknown): string {
  const { stderr, message } = error as { stderr?: Buffer; message: string }
  return (stderr?.toString() || message).split('\n')[0] as string
}
