/** Contents by digest: small ones lie here, of large ones only the name; their files are the business of files.ts. */
import { hash } from 'node:crypto'
import { PhaseError } from '../../../phase/errors.ts'
import type { Content } from '../../../phase/schema.ts'
import type { Database } from '../database.ts'

/** Contents up to this size lie in the database, so that a small job's output costs no fsync of its own. */
export const rowBytesMax = 64 * 1024
/** Charged for each content beside its bytes: name, row and index. Else the smallest contents would cost a stranger nothing. */
export const contentOverheadBytes = 256

export interface StoredContent {
  size: number
  /** `undefined`: in a file. */
  bytes: Uint8Array | undefined
}

export class ContentTable {
  private readonly database: Database
  private readonly bytesMax: number

  constructor(database: Database, bytesMax: number) {
    this.database = database
    this.bytesMax = bytesMax
  }

  get(digest: string): Content | undefined {
    const row = this.database.sql('SELECT size FROM contents WHERE digest = ?').get(digest)
    return row === undefined ? undefined : { digest, size: Number(row.size) }
  }

  read(digest: string): StoredContent | undefined {
    const row = this.database.sql('SELECT size, bytes FROM contents WHERE digest = ?').get(digest)
    return row === undefined
      ? undefined
      : { size: Number(row.size), bytes: (row.bytes ?? undefined) as Uint8Array | undefined }
  }

  /** Whether it is new. @throws {PhaseError} `quotaExceeded`. */
  put(content: Content, bytes: Uint8Array | undefined): boolean {
    if (this.get(content.digest) !== undefined) return false
    const used = this.usedBytes()
    if (used + content.size + contentOverheadBytes > this.bytesMax)
      throw quotaExceeded(content.size, used, this.bytesMax)
    this.database
      .sql('INSERT INTO contents (digest, size, bytes) VALUES (?, ?, ?)')
      .run(content.digest, content.size, bytes ?? null)
    return true
  }

  /** @throws {PhaseError} `tooLarge` where it does not belong into a row; `quotaExceeded`. */
  putSmall(bytes: Uint8Array): void {
    if (bytes.length > rowBytesMax) {
      throw new PhaseError(
        'tooLarge',
        `Cannot store a content with a job: ${bytes.length} bytes exceed the limit of ${rowBytesMax}`,
      )
    }
    this.put({ digest: `sha256:${hash('sha256', bytes, 'hex')}`, size: bytes.length }, bytes)
  }

  /** Whether its bytes lay in a file; `undefined` where it was not known. */
  delete(digest: string): boolean | undefined {
    const row = this.database.sql('DELETE FROM contents WHERE digest = ? RETURNING bytes IS NULL AS inFile').get(digest)
    return row === undefined ? undefined : row.inFile === 1
  }

  /** Digests whose bytes lie in files. */
  listInFiles(): string[] {
    const rows = this.database.sql('SELECT digest FROM contents WHERE bytes IS NULL ORDER BY digest').all()
    return rows.map(row => row.digest as string)
  }

  usedBytes(): number {
    const row = this.database.sql('SELECT contents, bytes FROM usage').get()
    return Number(row?.bytes) + Number(row?.contents) * contentOverheadBytes
  }
}

export const quotaExceeded = (size: number, used: number, bytesMax: number) =>
  new PhaseError(
    'quotaExceeded',
    `Cannot store ${size} bytes: ${used} bytes are stored, the limit is ${bytesMax} for modules, blobs and outputs together`,
    { hint: 'Raise store-max of the node, or use another node.' },
  )
