/** The declarations of a rewritten body's locals. */
import type { Body } from './body.ts'
import type { Code } from './code.ts'

/**
 * Declared locals without the first `moved`, whose indices go to what is threaded through; those come behind the others, and locals of
 * the types in `more` last. So every other local keeps its index.
 */
export function writeLocals(out: Code, body: Body, moved: number, more: readonly number[]): void {
  const runs: number[] = []
  const push = (count: number, type: number) => {
    if (count > 0 && runs.at(-1) === type) runs[runs.length - 2] = (runs.at(-2) as number) + count
    else if (count > 0) runs.push(count, type)
  }
  const firsts: number[] = []
  for (let at = 0; at < body.locals.length; at += 2) {
    const [count, type] = [body.locals[at] as number, body.locals[at + 1] as number]
    const taken = Math.min(count, moved - firsts.length)
    for (let left = taken; left > 0; left--) firsts.push(type)
    push(count - taken, type)
  }
  for (const type of [...firsts, ...more]) push(1, type)
  out.reserve(8 + 6 * runs.length)
  out.u32(runs.length / 2)
  for (let at = 0; at < runs.length; at += 2) {
    out.u32(runs[at] as number)
    out.byte(runs[at + 1] as number)
  }
}
