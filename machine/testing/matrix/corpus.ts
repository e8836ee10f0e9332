/** What every engine is given, as plain JSON. */
import type { CompleteManifest } from '../../../phase/manifest.ts'

export interface Corpus {
  /** By name, base64. */
  modules: Record<string, string>
  cases: Case[]
  /** Guests whose use of the engine's stack is measured, and the module that takes stack before they begin. */
  stack: { shapes: string[]; ballast: string }
}

export interface Case {
  name: string
  /** A name in `modules`. */
  module: string
  manifest: CompleteManifest
  /** base64. */
  stdin: string
}

/** What one case came to. All of it must be the same on every engine. */
export interface Performed {
  name: string
  /** Of the claim, or why there is none. */
  claim: string
  /** Host calls that were made, and the digest of them all: names, arguments, results, and the fuel before and after. */
  calls: number
  trace: string
}

/** How much of the stack that the engine gives by itself a guest had used when it was at its deepest. */
export interface StackUse {
  /** All of it, by the size that the ballast's frames should have: about. */
  kib: number
  /** `used`: a part of all; `undefined` where it did not fit. */
  guests: { shape: string; used: number | undefined }[]
}

export interface Report {
  performed: Performed[]
  stack?: StackUse
}
