/** How much garbage a long-lived process of the node keeps. */
import { setFlagsFromString } from 'node:v8'

/**
 * How much the old generation may grow from one whole collection to the next. Each small job leaves some KiB of dead objects there: tables that
 * a long-lived Map has outgrown hold each other, and what was in them. By itself V8 would let them be several times what lives: 100 MiB after 8,000 jobs.
 */
const growingPercent = 30

/** For this process, from its next whole collection on. */
export const boundGarbage = (): void => setFlagsFromString(`--heap-growing-percent=${growingPercent}`)
