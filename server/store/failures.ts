/** What SQLite and the file system report, as errors that a caller can act on. */
import { PhaseError } from '../../phase/errors.ts'

/** Primary result codes (https://sqlite.org/rescode.html). */
const sqlite = { busy: 5, locked: 6, readonly: 8, ioerr: 10, full: 13, cantopen: 14, constraint: 19 }
const unavailable = [sqlite.busy, sqlite.locked, sqlite.readonly, sqlite.ioerr, sqlite.cantopen]

/**
 * `error` as a PhaseError: `quotaExceeded` where the disk is full, `unavailable` where it cannot be used now, `conflict` for a broken
 * constraint; anything else is `internal`, with the error as its cause.
 */
export function storeFailure(error: unknown, action: string): PhaseError {
  if (error instanceof PhaseError) return error
  const { errcode, code } = (error ?? {}) as { errcode?: number; code?: string }
  const primary = errcode === undefined ? undefined : errcode & 0xff
  if (primary === sqlite.full || code === 'ENOSPC' || code === 'EDQUOT') {
    return new PhaseError('quotaExceeded', `Cannot ${action}: the disk is full`, {
      hint: "Make room on the disk of the node's data directory; the node goes on by itself.",
      cause: error,
    })
  }
  if ((primary !== undefined && unavailable.includes(primary)) || isFileTrouble(code)) {
    return new PhaseError('unavailable', `Cannot ${action}: the node's data directory cannot be used now`, {
      hint: "See the node's log, and the permissions and the disk of its data directory.",
      cause: error,
    })
  }
  if (primary === sqlite.constraint) {
    return new PhaseError('conflict', `Cannot ${action}: it contradicts what is stored`, { cause: error })
  }
  return new PhaseError('internal', `Cannot ${action}`, { cause: error })
}

/** Another connection holds the database. */
export const isBusy = (error: unknown): boolean => ((error as { errcode?: number }).errcode ?? 0) % 256 === sqlite.busy

const isFileTrouble = (code: string | undefined): boolean =>
  ['EROFS', 'EACCES', 'EPERM', 'EIO', 'EMFILE', 'ENFILE', 'ENOTDIR'].includes(code ?? '')
