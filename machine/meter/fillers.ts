/**
 * Functions that nobody calls. V8 takes a module in which few functions are small for the work of a compiler that has put bodies in the place
 * of calls already, and does so less itself. Rewriting makes functions longer: where one was small it no longer is, and less of what was
 * worth it fits. So the module gets as many small functions as it takes for V8 to do all that it ever does. To other engines they are a
 * few bytes.
 */
import { code } from './opcodes.ts'
import type { Helper, Program } from './program.ts'

/** A body below so many bytes is small. V8 does least of it where a quarter of all are, and most where half are. */
export const smallBytes = 50
/** Each costs an engine some 100 bytes. Programs of 10 MiB have as many functions. */
const fillersMax = 20_000

/** How many a module of `functions`, of which so many are `small`, gets. */
export function fillersFor(functions: number, small: number): number {
  const missing = Math.max(0, functions - 2 * small)
  return missing > fillersMax ? 0 : missing
}

/** One that does nothing. */
export const filler = (program: Program): Helper => ({
  type: program.typeIndex({ parameters: [], results: [] }),
  write: out => {
    out.byte(0)
    out.byte(code.end)
  },
})
