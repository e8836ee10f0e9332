/** What is known of modules. Their bytes are blobs. */
import type { ModuleInfo } from '../../phase/module.ts'
import { pageWith, readCursor } from './cursor.ts'
import type { StoreThread } from './thread.ts'

/** Modules of one page. */
const pageMax = 1000

export class ModuleStore {
  private readonly thread: StoreThread

  constructor(thread: StoreThread) {
    this.thread = thread
  }

  /** A known module stays as it is. */
  put(info: ModuleInfo): Promise<void> {
    return this.thread.write('putModule', info)
  }

  get(digest: string): Promise<ModuleInfo | undefined> {
    return this.thread.read('getModule', digest)
  }

  /** Newest first. @throws {PhaseError} `invalid` for a bad cursor. */
  async list(page: { cursor?: string; limit: number }): Promise<{ items: ModuleInfo[]; nextCursor?: string }> {
    const below = readCursor('modules', page.cursor)
    const limit = Math.min(page.limit, pageMax)
    return pageWith('modules', await this.thread.read('listModules', { below, limit }))
  }
}
