/** What a submitter signs (SPEC.md, Request): so no executor can invent who asked for what. */
import { type Static } from '@sinclair/typebox'
import { utf8, utf8Text } from './bytes.ts'
import { type Digest, digestOf } from './digest.ts'
import { PhaseError } from './errors.ts'
import { didOf, publicKeyOfDid } from './identity.ts'
import { parseJson } from './json.ts'
import { attemptsMax, replicasMax, requestPayloadBytesMax } from './limits.ts'
import { type CompleteManifest, CompleteManifestSchema, manifestSchemas, readCompleteManifest } from './manifest.ts'
import { ContentSchema, check, Did, Integer, JobId, named, ref, Text, Timestamp } from './schema.ts'
import { type Ed25519, openEnvelope, readEnvelope, type Signer, sealEnvelope } from './signature.ts'

export const requestPayloadType = 'application/vnd.phase.job-request.v1+json'

export const JobRequestSchema = named(
  'JobRequest',
  'What a submitter signs before it offers a job',
  {
    manifest: ref(CompleteManifestSchema),
    jobId: JobId('Chosen by the submitter'),
    replica: Integer('Which replica, from 0', 0, replicasMax - 1),
    attempt: Integer('Which execution, from 1', 1, attemptsMax),
    nonce: Text("The manifest's nonce", 64),
    submitter: Did('Who asks'),
    executor: Did('Who is asked: nobody else may run it'),
    issuedAt: Timestamp('When it was signed'),
  },
  { open: true },
)
export type JobRequest = Static<typeof JobRequestSchema>

export interface SignedRequest {
  request: JobRequest
  /** The envelope's bytes as they travel. */
  envelope: Uint8Array
  /** sha256 of the payload bytes: what a receipt's `binding.request` names. */
  digest: Digest
}

export function signRequest(
  asked: {
    manifest: CompleteManifest
    jobId: string
    replica: number
    attempt: number
    executor: string
    issuedAt: string
  },
  signer: Signer,
): SignedRequest {
  const request: JobRequest = { ...asked, nonce: asked.manifest.nonce, submitter: didOf(signer.publicKey) }
  const payload = utf8(JSON.stringify(request))
  return { request, envelope: sealEnvelope(requestPayloadType, payload, signer), digest: digestOf(payload) }
}

/**
 * A request as its executor reads it.
 * @throws {PhaseError} `invalid`, `unknownField` or `unsupported` unless `submitter` signed it and `executor` is who is asked.
 */
export function openRequest(
  envelope: Uint8Array,
  expected: { submitter: Uint8Array; executor: string },
  ed25519: Ed25519,
): SignedRequest {
  const payload = openEnvelope(
    envelope,
    { payloadType: requestPayloadType, publicKey: expected.submitter, payloadBytesMax: requestPayloadBytesMax },
    ed25519,
  )
  const value = parseJson(utf8Text(payload), { integersOnly: true })
  const request = check(JobRequestSchema, [...manifestSchemas, ContentSchema], value, 'the job request')
  const manifest = readCompleteManifest(request.manifest)
  const differs = (what: string) => new PhaseError('invalid', `Cannot accept the job request: ${what}`)
  if (request.submitter !== didOf(expected.submitter)) throw differs('its submitter is not the peer that sent it')
  if (request.executor !== expected.executor) throw differs('it names another executor')
  if (request.nonce !== manifest.nonce) throw differs("its nonce is not the manifest's")
  return { request: { ...request, manifest }, envelope, digest: digestOf(payload) }
}

/**
 * A request as anyone reads it, by its envelope's bytes: it holds that whom it names as its submitter signed it. Whose key that is, and that
 * it is the request that was meant, the caller knows by other ways: `binding.request` of a receipt is its digest.
 * @throws {PhaseError} `invalid`, `unknownField` or `unsupported`.
 */
export function readRequest(envelope: Uint8Array, ed25519: Ed25519): SignedRequest {
  const { payloadType, payload } = readEnvelope(envelope, requestPayloadBytesMax)
  // Before it is read as one: a receipt is an envelope too.
  if (payloadType !== requestPayloadType) {
    const found = JSON.stringify(payloadType.slice(0, 80))
    throw new PhaseError('invalid', `Cannot read the job request: payload type ${found} is not ${requestPayloadType}`)
  }
  const value = parseJson(utf8Text(payload), { integersOnly: true })
  const { submitter, executor } = (value ?? {}) as { submitter?: unknown; executor?: unknown }
  const expected = { submitter: publicKeyOfDid(String(submitter)), executor: String(executor) }
  return openRequest(envelope, expected, ed25519)
}
