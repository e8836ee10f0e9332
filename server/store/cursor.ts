/** Cursors of pages: a number in a spelling that tells clients to leave it alone. */
import { PhaseError } from '../../phase/errors.ts'

export const firstPage = Number.MAX_SAFE_INTEGER

export const writeCursor = (kind: string, number: number): string =>
  Buffer.from(`${kind}:${number}`).toString('base64url')

/** @throws {PhaseError} `invalid` for anything that `writeCursor` did not write. */
export function readCursor(kind: string, cursor: string | undefined): number {
  if (cursor === undefined) return firstPage
  const number = Number(/^[a-z]+:([1-9][0-9]{0,15})$/.exec(Buffer.from(cursor, 'base64url').toString())?.[1])
  if (Number.isSafeInteger(number) && writeCursor(kind, number) === cursor) return number
  throw new PhaseError('invalid', `Cannot read cursor "${cursor.slice(0, 64)}": it is not one of these pages`, {
    pointer: '/cursor',
    hint: 'Use nextCursor of the page before as it is, or none for the first page.',
  })
}

/** A page as clients see it. */
export const pageWith = <T>(kind: string, { items, nextBelow }: { items: T[]; nextBelow: number | undefined }) => ({
  items,
  ...(nextBelow === undefined ? {} : { nextCursor: writeCursor(kind, nextBelow) }),
})
