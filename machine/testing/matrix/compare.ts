/** What two engines gave, side by side. */
import type { Performed, Report } from './corpus.ts'

/** Each case in which `found` has another claim, or other host calls, than the reference. */
export function differencesFrom(reference: Report, found: Report): string[] {
  const all = new Map(found.performed.map(one => [one.name, one]))
  const missing = found.performed.length === reference.performed.length ? [] : [`${found.performed.length} cases`]
  return [...missing, ...reference.performed.flatMap(wanted => differenceOf(wanted, all.get(wanted.name)))]
}

function differenceOf(wanted: Performed, found: Performed | undefined): string[] {
  if (found === undefined) return [`${wanted.name}: not performed`]
  const members = (['claim', 'calls', 'trace'] as const).filter(member => wanted[member] !== found[member])
  return members.length === 0
    ? []
    : [`${wanted.name}: ${members.map(member => `${member} ${found[member]}, not ${wanted[member]}`).join('; ')}`]
}

/** Made to be larger in an optimizing compiler than any model of it: where it does not fit, the host says so, and makes no claim. */
const unboundedShape = 'stack hotValues'

/** The guest that took most of the stack, of those whose frames the model bounds. */
export function deepest({ stack }: Report): { shape: string; used: number } | undefined {
  const bounded = stack?.guests.filter(({ shape }) => shape !== unboundedShape) ?? []
  return bounded
    .map(({ shape, used }) => ({ shape, used: used ?? Number.POSITIVE_INFINITY }))
    .toSorted((a, b) => b.used - a.used)[0]
}
