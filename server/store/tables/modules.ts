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

  /** With the last use of its bytes; `undefined` where they are not there. */
  get(digest: string): { info: ModuleInfo; usedAtMs: number | undefined } | undefined {
    const sql =
      'SELECT info, usedAtMs FROM modules LEFT JOIN contents ON contents.digest = modules.digest WHERE modules.digest = ?'
    const row = this.database.sql(sql).get(digest)
    if (row === undefined) return undefined
    return {
      info: JSON.parse(row.info as string) as ModuleInfo,
      usedAtMs: row.usedAtMs === null ? undefined : Number(row.usedAtMs),
    }
  }

  list(page: { below: number; limit: number }): Page<ModuleInfo> {
    const rows = this.database
      .sql('SELECT number, info AS json FROM modules WHERE number < ? ORDER BY number DESC')
      .iterate(page.below)
    return pageOf(rows, page.limit)
  }
}
