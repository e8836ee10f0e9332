/** What is known of modules; their bytes are contents. */
import type { ModuleInfo } from '../../../phase/module.ts'
import type { Database } from '../database.ts'
import { type Page, pageOf } from './page.ts'

export class ModuleTable {
  private readonly database: Database

  constructor(database: Database) {
    this.database = database
  }

  /** The first word stays: when this node got it. */
  put(info: ModuleInfo): void {
    this.database
      .sql('INSERT INTO modules (digest, info) VALUES (?, ?) ON CONFLICT (digest) DO NOTHING')
      .run(info.digest, JSON.stringify(info))
  }

  get(digest: string): ModuleInfo | undefined {
    const row = this.database.sql('SELECT info FROM modules WHERE digest = ?').get(digest)
    return row === undefined ? undefined : (JSON.parse(row.info as string) as ModuleInfo)
  }

  list(page: { below: number; limit: number }): Page<ModuleInfo> {
    const rows = this.database
      .sql('SELECT number, info AS json FROM modules WHERE number < ? ORDER BY number DESC')
      .iterate(page.below)
    return pageOf(rows, page.limit)
  }
}
