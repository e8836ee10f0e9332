/** Rows, newest first, as a page. */

export interface Page<T> {
  items: T[]
  /** The next page begins below this number; `undefined` on the last one. */
  nextBelow: number | undefined
}

/** A page ends here even if its limit is not reached: it is one message between threads and one answer. */
const pageBytesMax = 4 * 1024 * 1024

/** Takes rows of `number` and `json` until the page is full. */
export function pageOf<T>(rows: Iterable<Record<string, unknown>>, limit: number): Page<T> {
  const items: T[] = []
  let [last, size] = [0, 0]
  for (const { number, json } of rows) {
    if (items.length === limit || size >= pageBytesMax) return { items, nextBelow: last }
    last = Number(number)
    size += (json as string).length
    items.push(JSON.parse(json as string) as T)
  }
  return { items, nextBelow: undefined }
}
