import { distance } from '../sdks/typescript/src/distance.ts'

/** Of `names`, what was probably meant by `word`. */
export const nearest = (word: string, names: readonly string[]): string | undefined =>
  names.toSorted((a, b) => distance(word, a) - distance(word, b))[0]
