/** The request that the node signed: whether it is what this client sent, and whether a receipt answers it. */
import { argsDigest, envDigest } from '../../../phase/digest.ts'
import { didOfPeerId } from '../../../phase/identity.ts'
import type { JsonObject, JsonValue } from '../../../phase/json.ts'
import { type CompleteManifest, completeManifest, readManifest, taskOf } from '../../../phase/manifest.ts'
import type { SignedRequest } from '../../../phase/request.ts'
import { ReceiptError } from './errors.ts'
import type { Sent } from './evidence.ts'
import type { ReceiptCheck, ReceiptExpected } from './generated/models.ts'
import type { Receipt } from './receipt.ts'

/** @throws {ReceiptError} where the node asked for another job than the one that was sent to it. */
export function checkRequest({ request }: SignedRequest, jobId: string, sent: Sent | undefined): void {
  const differs = (what: string) => new ReceiptError(`The node asked for another job than "${jobId}": ${what}`)
  if (request.jobId !== jobId) throw differs(`it is "${request.jobId}"`)
  const { placement } = request.manifest
  if (placement.startsWith('12D3KooW') && request.executor !== didOfPeerId(placement)) {
    throw differs(`executor is ${request.executor}, placed on ${placement}`)
  }
  if (sent === undefined) return
  const { stdin, nonce, profile } = request.manifest
  // Which profile is the best one is the node's to say, where the client did not.
  const wanted = completeManifest(readManifest({ profile, ...sent.manifest }), {
    stdin: { ...stdin, ...sent.stdin },
    nonce,
  })
  const found = difference(byDigest(wanted), byDigest(request.manifest))
  if (found !== undefined) throw differs(found)
}

/** All that a receipt for `request` has to say. */
export const expectedOf = ({ request, digest }: SignedRequest): ReceiptExpected => ({
  jobId: request.jobId,
  nonce: request.nonce,
  request: digest,
  submitter: request.submitter,
  module: request.manifest.module,
  args: request.manifest.args,
  env: request.manifest.env,
  stdin: request.manifest.stdin.digest,
})

/** Whether the claim is about the task that was asked for, its limits, capabilities and seed too, and of the one who was asked. */
export function checkTask({ claim, measurement }: Receipt, { request }: SignedRequest): ReceiptCheck {
  const { did } = measurement.executor
  const found =
    did === request.executor
      ? difference({ ...taskOf(request.manifest), seed: request.manifest.seed }, claim)
      : `executor is ${did}, and ${request.executor} was asked`
  return { name: 'task', result: found === undefined ? 'passed' : 'failed', detail: found ?? 'what was asked for' }
}

/** The first member of `wanted` that `found` has otherwise; members beyond those do not matter. */
function difference(wanted: object, found: object): string | undefined {
  for (const [name, value] of Object.entries(wanted) as [string, JsonValue][]) {
    const other = (found as Partial<JsonObject>)[name]
    if (isObject(value) && isObject(other)) {
      const inner = difference(value, other)
      if (inner !== undefined) return `${name}.${inner}`
    } else if (JSON.stringify(value) !== JSON.stringify(other)) {
      return `${name} is ${shown(other)}, not ${shown(value)}`
    }
  }
}

/** Compared as a whole, and not member by member. */
const byDigest = (manifest: CompleteManifest) => ({
  ...manifest,
  args: argsDigest(manifest.args),
  env: envDigest(manifest.env),
})

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const shown = (value: JsonValue | undefined): string => (JSON.stringify(value) ?? 'absent').slice(0, 100)
