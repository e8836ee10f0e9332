/** The executor's signed statement (SPEC.md, Receipt): an in-toto Statement v1 in a DSSE envelope. `verify.ts` judges one. */
import { type Static, Type } from '@sinclair/typebox'
import { utf8 } from './bytes.ts'
import { canonicalDigest, type Digest as DigestText, digestHex, digestOf } from './digest.ts'
import { didOf, peerIdOf } from './identity.ts'
import { type CompleteManifest, taskOf } from './manifest.ts'
import type { JobRequest } from './request.ts'
import {
  type Content,
  ContentSchema,
  Did,
  Digest,
  Integer,
  JobId,
  named,
  PeerIdText,
  ref,
  StringEnum,
  Text,
  Timestamp,
} from './schema.ts'
import { type Signer, sealEnvelope } from './signature.ts'

export const receiptPayloadType = 'application/vnd.in-toto+json'
export const statementType = 'https://in-toto.io/Statement/v1'
export const receiptPredicateType = 'https://phasebased.com/execution-receipt/v1'

/** What a claim says of how the run ended. Why a run stopped is in `measurement`, never here. */
export type Outcome = { reason: 'exited'; exitCode: number } | { reason: 'stopped' } | { reason: 'outputExceeded' }

export interface Claim {
  profile: string
  module: DigestText
  args: DigestText
  env: DigestText
  stdin: Content
  limits: { memoryBytes: number; outputBytes: number }
  capabilities: string[]
  seed: string
  outcome: Outcome
  stdout: Content
  stderr: Content
}

export interface Measurement {
  wallUs: number
  cpuUs: number
  compileUs: number
  memoryBytesPeak: number
  startedAt: string
  finishedAt: string
  /** Why the run stopped, where the claim says `stopped`: trapped, fuelExhausted or depthExhausted. */
  stopped?: string
  /** Which trap, where one is known: unreachable, divideByZero, … */
  trap?: string
  /** 16 random bytes, hex, by the executor: makes the receipt's id hiding. */
  salt: string
  executor: { did: string; peerId: string }
  runtime: { name: string; version: string; engine: string; arch: string }
}

export interface Binding {
  request: DigestText
  submitter: string
  jobId: string
  replica: number
  attempt: number
  nonce: string
}

export interface Statement {
  _type: typeof statementType
  subject: [{ name: 'stdout'; digest: { sha256: string } }]
  predicateType: typeof receiptPredicateType
  predicate: { claim: Claim; claimDigest: DigestText; measurement: Measurement; binding: Binding }
}

/** The claim of one run: what the manifest fixed, and what came out. */
export function makeClaim(
  manifest: CompleteManifest,
  ran: { outcome: Outcome; stdout: Content; stderr: Content },
): Claim {
  return { ...taskOf(manifest), seed: manifest.seed, ...ran }
}

export const claimDigest = (claim: Claim): DigestText => canonicalDigest(claim as never)

export const makeBinding = (request: JobRequest, requestDigest: DigestText): Binding => ({
  request: requestDigest,
  submitter: request.submitter,
  jobId: request.jobId,
  replica: request.replica,
  attempt: request.attempt,
  nonce: request.nonce,
})

/** The receipt as its envelope's bytes, and its id: sha256 of the payload bytes. */
export function signReceipt(
  said: { claim: Claim; measurement: Omit<Measurement, 'executor'>; binding: Binding },
  signer: Signer,
): { envelope: Uint8Array; receiptId: DigestText } {
  const statement: Statement = {
    _type: statementType,
    subject: [{ name: 'stdout', digest: { sha256: digestHex(said.claim.stdout.digest) } }],
    predicateType: receiptPredicateType,
    predicate: {
      claim: said.claim,
      claimDigest: claimDigest(said.claim),
      measurement: {
        ...said.measurement,
        executor: { did: didOf(signer.publicKey), peerId: peerIdOf(signer.publicKey) },
      },
      binding: said.binding,
    },
  }
  const payload = utf8(JSON.stringify(statement))
  return { envelope: sealEnvelope(receiptPayloadType, payload, signer), receiptId: digestOf(payload) }
}

const verdicts = ['valid', 'invalid', 'unverifiable'] as const
const assurances = ['signed', 'pinned', 'quorum', 'replayed'] as const
const checkResults = ['passed', 'failed', 'skipped'] as const

export const ReceiptCheckSchema = named('ReceiptCheck', 'One thing that was checked', {
  name: Text('Which check, e.g. signature, claimDigest, stdout', 64),
  result: StringEnum(checkResults),
  detail: Text('For a person', 1024),
})
export type ReceiptCheck = Static<typeof ReceiptCheckSchema>

export const VerificationSchema = named('Verification', 'What a receipt is worth', {
  verdict: StringEnum(verdicts),
  assurance: Type.Optional(StringEnum(assurances, { description: 'Only with verdict valid' })),
  receiptId: Type.Optional(Digest('sha256 of the payload bytes')),
  claimDigest: Type.Optional(Digest('sha256 of the canonical form of the claim')),
  executor: Type.Optional(Did('Whose signature holds')),
  checks: Type.Array(ref(ReceiptCheckSchema)),
})
export type Verification = Static<typeof VerificationSchema>

/** What the caller knows by other ways, and holds the receipt against. Bytes are given by digest. */
export const ExpectedSchema = named('ReceiptExpected', 'What the caller knows by other ways', {
  executor: Type.Optional(Text('did:key or peer id that must have signed: pins the key', 128)),
  submitter: Type.Optional(Did('Who asked')),
  jobId: Type.Optional(JobId('For which job')),
  nonce: Type.Optional(Text('Which nonce', 64)),
  request: Type.Optional(Digest("sha256 of the request's payload bytes")),
  module: Type.Optional(Digest('Which module')),
  args: Type.Optional(Type.Array(Type.String(), { description: 'Which arguments' })),
  env: Type.Optional(Type.Record(Type.String(), Type.String(), { description: 'Which environment' })),
  stdin: Type.Optional(Digest('sha256 of what was sent as stdin')),
  stdout: Type.Optional(Digest('sha256 of what was received as stdout')),
  stderr: Type.Optional(Digest('sha256 of what was received as stderr')),
})
export type ReceiptExpected = Static<typeof ExpectedSchema>

export const receiptSchemas = [ReceiptCheckSchema, VerificationSchema, ExpectedSchema]

/** Shapes of the statement that a verifier reads, members that it does not know ignored but inside the claim. */
export const BindingSchema = named(
  'ReceiptBinding',
  'Which request the receipt answers',
  {
    request: Digest("sha256 of the request's payload bytes"),
    submitter: Did('Who asked'),
    jobId: JobId('For which job'),
    replica: Integer('Which replica'),
    attempt: Integer('Which execution'),
    nonce: Text('Which nonce', 64),
  },
  { open: true },
)
export const ReceiptExecutorSchema = named(
  'ReceiptExecutor',
  'Who ran it',
  { did: Did('did:key'), peerId: PeerIdText('The same key as a peer id') },
  { open: true },
)
export const MeasurementSchema = named(
  'ReceiptMeasurement',
  'What the executor measured: never compared',
  {
    wallUs: Integer('Wall clock'),
    cpuUs: Integer('Processor time'),
    compileUs: Integer('Reading and compiling'),
    memoryBytesPeak: Integer('Linear memory at its largest'),
    startedAt: Timestamp('Begin'),
    finishedAt: Timestamp('End'),
    salt: Type.String({ pattern: '^[0-9a-f]{32}$' }),
    executor: ref(ReceiptExecutorSchema),
  },
  { open: true },
)
export const measurementSchemas = [ContentSchema, BindingSchema, ReceiptExecutorSchema, MeasurementSchema]
