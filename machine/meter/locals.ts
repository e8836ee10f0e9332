/** The declarations of a rewritten body's locals. */
import type { Body } from './body.ts'
import type { Code } from './code.ts'

/**
 * Declared locals without the first `moved`, whose indices go to what is threaded through; those come behind the others, and locals of
 * the types in `more` last. So every other local keeps its index.
 */
export function writeLocals(out: Code, body: Body, moved: number, more: readonly number[]): void {
  const { locals } = body
  const runs: number[] = []
  const firsts: number[] = []
  for (let at = 0; at < locals.length; at += 2) {
    const type = locals[at + 1] as number
    let count = locals[at] as number
    for (; count > 0 && firsts.length < moved; count--) firsts.push(type)
    push(runs, count, type)
  }
  for (const type of firsts) push(runs, 1, type)
  for (const type of more) push(runs, 1, type)
  out.reserve(8 + 6 * runs.length)
  out.u32(runs.length / 2)
  for (let at = 0; at < runs.length; at += 2) {
    out.u32(runs[at] as number)
    out.byte(runs[at + 1] as number)
  }
}

function push(runs: number[], count: number, type: number): void {
  const last = runs.length - 1
  if (count > 0 && runs[last] === type) runs[last - 1] = (runs[last - 1] as number) + count
  else if (count > 0) runs.push(count, type)
}
