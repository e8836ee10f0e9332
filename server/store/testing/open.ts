/** Real stores in directories that end with their test. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { Store } from '../store.ts'

export async function temporaryDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'plasm-store-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/** A started store, stopped by the end of `t`. */
export async function openStore(t: TestContext, options: { bytesMax?: number; nowMs?: () => number } = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'plasm-store-'))
  const bytesMax = options.bytesMax ?? 2 ** 30
  const store = new Store({ ...options, directory, bytesMax })
  t.after(async () => {
    await store.stop()
    await rm(directory, { recursive: true, force: true })
  })
  await store.start()
  return { store, directory, bytesMax }
}
