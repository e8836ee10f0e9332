import { utf8, utf8Text } from '../../../phase/bytes.ts'
import { digestOf } from '../../../phase/digest.ts'
import { isPhaseError } from '../../../phase/errors.ts'
import { receiptPayloadBytesMax } from '../../../phase/limits.ts'
import { readEnvelope } from '../../../phase/signature.ts'
import { readReceipt } from '../../../phase/verify.ts'
import { ReceiptError } from './errors.ts'
import type { Content, Envelope, ReceiptExpected } from './generated/models.ts'

/** What was computed, and what came out: who signs a receipt claims this. */
export interface Claim {
  profile: string
  module: string
  /** Digests of the arguments and the environment (phase/SPEC.md, Digests of inputs). */
  args: string
  env: string
  stdin: Content
  limits: { fuel: number; memoryBytes: number; outputBytes: number }
  capabilities: string[]
  seed: string
  /** reason is exited, stopped or outputExceeded; a newer profile may have others. */
  outcome: { reason: string; exitCode?: number }
  stdout: Content
  stderr: Content
  /** What was used of limits.fuel; all of it where the outcome is stopped. */
  fuel: number
}

/** What only the executor can say, and nobody else checks. */
export interface Measurement {
  wallUs: number
  cpuUs: number
  compileUs: number
  memoryBytesPeak: number
  startedAt: string
  finishedAt: string
  stopped?: string
  trap?: string
  salt: string
  executor: { did: string; peerId: string }
  runtime: { name: string; version: string; engine: string; arch: string }
}

/** Which request the receipt answers. */
export interface Binding {
  request: string
  submitter: string
  jobId: string
  replica: number
  attempt: number
  nonce: string
}

/** An execution receipt exactly as it was signed. What it says is believed only after `verify`. */
export class Receipt {
  /** The DSSE envelope's text. */
  readonly envelope: string
  /** `sha256:…` of the signed bytes: the receipt's name. */
  readonly id: string
  readonly claim: Claim
  readonly measurement: Measurement
  readonly binding: Binding

  /** @throws {ReceiptError} for what cannot be a receipt, or is one of a kind that this version does not know. */
  constructor(envelope: string | Uint8Array | Envelope) {
    const bytes = envelopeBytes(envelope)
    try {
      const { claim, measurement, binding } = readReceipt(bytes).predicate
      this.envelope = utf8Text(bytes)
      this.id = digestOf(readEnvelope(bytes, receiptPayloadBytesMax).payload)
      this.claim = claim
      this.measurement = measurement
      this.binding = binding
    } catch (error) {
      if (isPhaseError(error)) throw new ReceiptError(error.message)
      throw error
    }
  }

  toString(): string {
    return this.envelope
  }

  toJSON(): unknown {
    return JSON.parse(this.envelope)
  }
}

/** An envelope in any of the forms in which programs have it, as its bytes. */
export function envelopeBytes(envelope: string | Uint8Array | Envelope): Uint8Array {
  if (envelope instanceof Uint8Array) return envelope
  return utf8(typeof envelope === 'string' ? envelope : JSON.stringify(envelope))
}

/** What a receipt is held against. */
export interface VerifyOptions {
  /** did:key or peer id that must have signed, from somewhere that is trusted; one of them where several are given. */
  executor?: string | readonly string[] | undefined
  /** What else is known by other ways. */
  expected?: ReceiptExpected | undefined
  /** The envelope of the signed request that it should answer, for a receipt that is no job of this node. */
  request?: string | Uint8Array | Envelope | undefined
  signal?: AbortSignal | undefined
}
