/** @phasebased/plasm/replay: a job done again, here, to see whether its receipt says what its module gives. An entry of its own: it is the whole machine. */
import { platform } from '#platform'
import { compareClaims } from '../../../machine/claims.ts'
import { replay as claimOf } from '../../../machine/replay.ts'
import { isPhaseError } from '../../../phase/errors.ts'
import { readRequest } from '../../../phase/request.ts'
import type { Envelope } from './generated/models.ts'
import { ArgumentError, type Claim, PlasmError, type Receipt, ReceiptError } from './index.ts'
import { envelopeBytes } from './receipt.ts'

export interface ReplayInputs {
  /** The envelope of the signed request: it holds the manifest. `plasm.api.getJobRequest(jobId)`. */
  request: string | Uint8Array | Envelope
  /** The module's bytes; of another module they are refused. */
  module: Uint8Array
  /** What the job read; nothing unless given. */
  stdin?: Uint8Array | undefined
}

export interface Replayed {
  /** What running the job again gave. */
  claim: Claim
  /** Whether the receipt claims exactly that. */
  same: boolean
  /** Each member that it has otherwise, by its path; `undefined` where one of the two has none. */
  differences: { member: string; claimed: unknown; found: unknown }[]
}

/** This host could not run the job to its end: too little memory, or an engine that does not take the module. That says nothing of the claim. */
export class ReplayError extends PlasmError {
  override readonly name = 'ReplayError'
}

/**
 * Runs a job again and holds the receipt's claim against what comes out. Who signed the receipt it does not look at: `plasm.verify` does.
 * It takes as long as the guest does and nothing ends it from within: run it in a worker that can be ended.
 * @throws {ArgumentError} where module or stdin are not those that the request names, or the job was granted a capability: then there is nothing to compare.
 * @throws {ReceiptError} where the receipt is not the answer to this request.
 * @throws {ReplayError}
 */
export function replay(receipt: Receipt, { request, module, stdin = new Uint8Array(0) }: ReplayInputs): Replayed {
  try {
    const signed = readRequest(envelopeBytes(request), platform.ed25519)
    if (receipt.binding.request !== signed.digest) {
      throw new ReceiptError(`The receipt answers request "${receipt.binding.request}", not "${signed.digest}"`)
    }
    const claim = claimOf(module, signed.request.manifest, { stdin })
    const differences = compareClaims(receipt.claim as typeof claim, claim)
    return { claim, same: differences.length === 0, differences }
  } catch (error) {
    if (!isPhaseError(error)) throw error
    const { code, message, hint, cause } = error
    if (code === 'unavailable') throw new ReplayError(code, message, { hint, cause })
    throw new ArgumentError(message, { ...(hint === undefined ? {} : { hint }), cause })
  }
}
