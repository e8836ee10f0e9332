/**
 * Guests that mean harm, or look so: each with the one way in which it has to end. What they are is made by code, so that a large one does not
 * have to be kept, and a reader sees what is wrong with it.
 */
import { bounds } from './bounds.ts'
import { compilation } from './compilation.ts'
import { endings } from './endings.ts'
import { files } from './files.ts'
import { hostCalls } from './host-calls.ts'
import { malformed } from './malformed.ts'
import { memory } from './memory.ts'
import { references } from './references.ts'
import { spinning } from './spinning.ts'
import { values } from './values.ts'

/**
 * A pattern is the message of the refusal at the door. A string is how a run ends: `exited CODE`, `outputExceeded`, `trapped WHICH`,
 * `fuelExhausted`, `depthExhausted`; or `moduleRejected`, where the job's limits refuse what the door has let in.
 */
export type Ending = RegExp | string

export interface Hostile {
  ends: Ending
  make(): Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>>
  /** Its job, where the usual limits do not do. */
  memoryBytes?: number
  outputBytes?: number
  fuel?: number
  stdinBytes?: number
  args?: string[]
  capabilities?: ('clock' | 'random')[]
  /** Without a budget to speak of it does not come to an end: `timedOut`. */
  endless?: boolean
}

export const mebibyte = 1024 * 1024

/** What a job of the corpus may use unless it says otherwise. */
export const usual = { memoryBytes: 64 * mebibyte, outputBytes: mebibyte, fuel: 300_000_000, stdinBytes: 0 } as const

export const corpus: Readonly<Record<string, Hostile>> = {
  ...malformed,
  ...bounds,
  ...compilation,
  ...spinning,
  ...memory,
  ...references,
  ...values,
  ...hostCalls,
  ...files,
  ...endings,
}
