/** Whether a result that came back is the one that was asked for (SPEC.md, Verification). Nothing of it is believed before. */
import { PhaseError } from '../../phase/errors.ts'
import { hasClaim, type JobEnd } from '../../phase/job.ts'
import { canonical } from '../../phase/json.ts'
import { taskOf } from '../../phase/manifest.ts'
import { type Claim, claimDigest } from '../../phase/receipt.ts'
import type { SignedRequest } from '../../phase/request.ts'
import type { Content } from '../../phase/schema.ts'
import type { Ed25519 } from '../../phase/signature.ts'
import { readReceipt, verifyReceipt } from '../../phase/verify.ts'
import type { ExecutionEnd } from '../../phase/wire.ts'

export interface Received {
  end: ExecutionEnd
  receipt: Uint8Array | undefined
  /** Of the bytes that arrived, recomputed here. */
  stdout: Content
  stderr: Content
}

/**
 * How the job ended, once signature, binding and every digest hold.
 * @throws {PhaseError} `protocol`, naming what does not fit: the peer lied or is broken, and the job goes elsewhere.
 */
export function settle(signed: SignedRequest, received: Received, ed25519: Ed25519): JobEnd {
  const { end, receipt, stdout, stderr } = received
  if (!hasClaim(end.reason)) {
    if (receipt !== undefined) throw misfit(`a receipt came with reason "${end.reason}"`)
    return { reason: end.reason, ...(end.detail === undefined ? {} : { detail: end.detail }) }
  }
  if (receipt === undefined) throw misfit(`no receipt came with reason "${end.reason}"`)
  const { request } = signed
  const { args, env, module, stdin } = request.manifest
  const verification = verifyReceipt(
    receipt,
    {
      executor: request.executor,
      submitter: request.submitter,
      jobId: request.jobId,
      nonce: request.nonce,
      request: signed.digest,
      module,
      args,
      env,
      stdin: stdin.digest,
      stdout: stdout.digest,
      stderr: stderr.digest,
    },
    ed25519,
  )
  if (verification.verdict !== 'valid') {
    const failed = verification.checks.find(({ result }) => result !== 'passed')
    throw misfit(`its receipt is ${verification.verdict}: ${failed?.name ?? 'unknown'}, ${failed?.detail ?? ''}`)
  }
  const { claim, binding, measurement } = readReceipt(receipt).predicate
  checkClaim(signed, claim, received)
  if (binding.attempt !== request.attempt || binding.replica !== request.replica)
    throw misfit('it is of another attempt')
  const { wallUs, cpuUs, compileUs, memoryBytesPeak } = measurement
  return {
    reason: end.reason,
    ...(claim.outcome.reason === 'exited' ? { exitCode: claim.outcome.exitCode } : {}),
    ...(end.detail === undefined ? {} : { detail: end.detail }),
    stdout,
    stderr,
    receiptId: verification.receiptId as string,
    usage: { wallUs, cpuUs, compileUs, memoryBytesPeak },
  }
}

/** The claim is of this very task, says what the job's end says, and has the members that the profile fixes. */
function checkClaim({ request }: SignedRequest, claim: Claim, { end, stdout, stderr }: Received): void {
  const outcome = claimedOutcome(end)
  const { fuel } = request.manifest.resources
  const fits = outcome.reason === 'stopped' ? claim.fuel === fuel : claim.fuel <= fuel
  if (!fits) throw misfit(`it claims ${claim.fuel} fuel of ${fuel}`)
  const { seed } = request.manifest
  const wanted: Claim = { ...taskOf(request.manifest), seed, outcome, stdout, stderr, fuel: claim.fuel }
  if (claimDigest(claim) !== claimDigest(wanted)) {
    throw misfit(`its claim ${canonical(claim).slice(0, 400)} is not of this task and end`)
  }
  if (stdout.size + stderr.size > request.manifest.resources.outputBytes) throw misfit('its output passes outputBytes')
}

function claimedOutcome({ reason, exitCode }: ExecutionEnd): Claim['outcome'] {
  if (reason === 'exited') {
    if (exitCode === undefined) throw misfit('an exit without an exit code')
    return { reason, exitCode }
  }
  return { reason: reason === 'outputExceeded' ? reason : 'stopped' }
}

const misfit = (what: string) => new PhaseError('protocol', `Cannot accept the result: ${what}`)
