/** What is known of modules. Their bytes are blobs. */
import type { ModuleInfo } from '../../phase/module.ts'
import type { BlobStore } from './blobs.ts'
import { pageWith, readCursor } from './cursor.ts'
import type { StoreThread } from './thread.ts'

/** Modules of one page. */
const pageMax = 1000

export class ModuleStore {
  private readonly thread: StoreThread
  private readonly blobs: Pick<BlobStore, 'use'>

  constructor(thread: StoreThread, blobs: Pick<BlobStore, 'use'>) {
    this.thread = thread
    this.blobs = blobs
  }

  /** A known module stays as it is. */
  put(info: ModuleInfo): Promise<void> {
    return this.thread.write('putModule', info)
  }

  /** Its bytes are used now: who asks may name it in a job next. */
  async get(digest: string): Promise<ModuleInfo | undefined> {
    const module = await this.thread.read('getModule', digest)
    if (module?.usedAtMs === undefined) return module?.info
    return (await this.blobs.use(digest, { usedAtMs: module.usedAtMs })) ? module.info : undefined
  }

  /** Newest first. @throws {PhaseError} `invalid` for a bad cursor. */
  async list(page: { cursor?: string; limit: number }): Promise<{ items: ModuleInfo[]; nextCursor?: string }> {
    const below = readCursor('modules', page.cursor)
    const limit = Math.min(page.limit, pageMax)
    return pageWith('modules', await this.thread.read('listModules', { below, limit }))
  }
}
