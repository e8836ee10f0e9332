/** Contents by digest: small ones lie here, of large ones only the name; their files are the business of files.ts. */
import { hash } from 'node:crypto'
import { PhaseError } from '../../../phase/errors.ts'
import type { Content } from '../../../phase/schema.ts'
import type { Database } from '../database.ts'
import type { Usage } from '../usage.ts'

/** Contents up to this size lie in the database, so that a small job's output costs no fsync of its own. */
export const rowBytesMax = 64 * 1024
/** Charged for each content beside its bytes: name, row and index. Else the smallest contents would cost a stranger nothing. */
export const contentOverheadBytes = 256
/** How exactly a content's last use is known: it is written no more often than this, and so a content is kept that much longer. */
export const useGrainMs = 600_000

export interface StoredContent {
  size: number
  usedAtMs: number
  /** `undefined`: in a file. */
  bytes: Uint8Array | undefined
}

export interface UnusedContent extends Content {
  /** When it was last needed, give or take the grain. */
  usedAtMs: number
}

export class ContentTable {
  private readonly database: Database
  private readonly usage: Usage
  private readonly bytesMax: number

  constructor(database: Database, usage: Usage, bytesMax: number) {
    this.database = database
    this.usage = usage
    this.bytesMax = bytesMax
  }

  get(digest: string): { size: number; usedAtMs: number } | undefined {
    const row = this.database.sql('SELECT size, usedAtMs FROM contents WHERE digest = ?').get(digest)
    return row === undefined ? undefined : { size: Number(row.size), usedAtMs: Number(row.usedAtMs) }
  }

  read(digest: string): StoredContent | undefined {
    const row = this.database.sql('SELECT size, usedAtMs, bytes FROM contents WHERE digest = ?').get(digest)
    if (row === undefined) return undefined
    const bytes = (row.bytes ?? undefined) as Uint8Array | undefined
    return { size: Number(row.size), usedAtMs: Number(row.usedAtMs), bytes }
  }

  /** Whether it is new; a known one is used. @throws {PhaseError} `quotaExceeded`. */
  put(content: Content, bytes: Uint8Array | undefined, nowMs: number): boolean {
    if (this.use(content.digest, nowMs)) return false
    this.checkRoom(content.size + contentOverheadBytes)
    this.database
      .sql('INSERT INTO contents (digest, size, bytes, usedAtMs) VALUES (?, ?, ?, ?)')
      .run(content.digest, content.size, bytes ?? null, nowMs)
    this.usage.add({ contents: 1, bytes: content.size })
    return true
  }

  /** @throws {PhaseError} `tooLarge` where it does not belong into a row; `quotaExceeded`. */
  putSmall(bytes: Uint8Array, nowMs: number): void {
    if (bytes.length > rowBytesMax) {
      throw new PhaseError(
        'tooLarge',
        `Cannot store a content with a job: ${bytes.length} bytes exceed the limit of ${rowBytesMax}`,
      )
    }
    this.put({ digest: `sha256:${hash('sha256', bytes, 'hex')}`, size: bytes.length }, bytes, nowMs)
  }

  /** Somebody needs it now: from here on it is kept as long as a job that ended now. Whether it is there. */
  use(digest: string, nowMs: number): boolean {
    const content = this.get(digest)
    if (content !== undefined && isStale(content, nowMs)) {
      this.database.sql('UPDATE contents SET usedAtMs = ? WHERE digest = ?').run(nowMs, digest)
    }
    return content !== undefined
  }

  /** Those whose last use is before `beforeMs`, the longest unused first. */
  listUnused(beforeMs: number, limit: number): UnusedContent[] {
    const rows = this.database
      .sql('SELECT digest, size, usedAtMs FROM contents WHERE usedAtMs < ? ORDER BY usedAtMs LIMIT ?')
      .all(beforeMs, limit)
    return rows.map(row => ({
      digest: row.digest as string,
      size: Number(row.size),
      usedAtMs: Number(row.usedAtMs),
    }))
  }

  /** As `delete`, where nobody has used it since it was listed. */
  deleteUnused({ digest, usedAtMs }: UnusedContent): boolean | undefined {
    return this.get(digest)?.usedAtMs === usedAtMs ? this.delete(digest) : undefined
  }

  /** Whether its bytes lay in a file; `undefined` where it was not known. */
  delete(digest: string): boolean | undefined {
    const row = this.database
      .sql('DELETE FROM contents WHERE digest = ? RETURNING size, bytes IS NULL AS inFile')
      .get(digest)
    if (row === undefined) return undefined
    this.usage.add({ contents: -1, bytes: -Number(row.size) })
    return row.inFile === 1
  }

  /** Digests whose bytes lie in files. */
  listInFiles(): string[] {
    const rows = this.database.sql('SELECT digest FROM contents WHERE bytes IS NULL ORDER BY digest').all()
    return rows.map(row => row.digest as string)
  }

  /** Of contents and of jobs' rows. */
  usedBytes(): number {
    const { contents, bytes, jobs } = this.usage.now
    return bytes + contents * contentOverheadBytes + jobs
  }

  /** @throws {PhaseError} `quotaExceeded` where `size` more bytes would pass the quota. */
  checkRoom(size: number): void {
    const used = this.usedBytes()
    if (used + size > this.bytesMax) throw quotaExceeded(size, used, this.bytesMax)
  }
}

/** Whether a use of it at `nowMs` is to be written. */
export const isStale = ({ usedAtMs }: { usedAtMs: number }, nowMs: number): boolean => usedAtMs < nowMs - useGrainMs

export const quotaExceeded = (size: number, used: number, bytesMax: number) =>
  new PhaseError(
    'quotaExceeded',
    `Cannot store ${size} bytes: ${used} bytes are stored, the limit is ${bytesMax} for jobs, modules, blobs and outputs together`,
    {
      hint: 'What is older than an hour makes room by itself: try again later, use another node, or raise store-max of this one.',
    },
  )
