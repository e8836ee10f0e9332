/** The executor's signed statement (SPEC.md, Receipt): an in-toto Statement v1 in a DSSE envelope. `verify.ts` judges one. */
import { type Static, Type } from '@sinclair/typebox'
import { utf8 } from './bytes.ts'
import { canonicalDigest, type Digest as DigestText, digestHex, digestOf } from './digest.ts'
import { didOf, peerIdOf } from './identity.ts'
import { type CompleteManifest, taskOf } from './manifest.ts'
import type { JobRequest } from './request.ts'
import {
  type Content,
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
/** A verifier that meets another reason says `unverifiable`. */
export const outcomeReasons = ['exited', 'stopped', 'outputExceeded'] as const

const Hex = (description: string, bytesMin: number, bytesMax = bytesMin) =>
  Type.String({ description, pattern: `^([0-9a-f]{2}){${bytesMin},${bytesMax}}$` })
const open = { open: true }

const OutcomeSchema = named(
  'ReceiptOutcome',
  'How the run ended',
  {
    reason: Type.String({ description: 'exited, stopped or outputExceeded' }),
    exitCode: Type.Optional(Integer('What the guest exited with, only where the reason is exited', 0, 0xffff_ffff)),
  },
  open,
)
/** `ContentSchema`, but open: what is added inside a claim stays in its digest. */
const ClaimContentSchema = named(
  'ReceiptContent',
  'Bytes, named by their digest',
  { digest: Digest('sha256 of the bytes'), size: Integer('How many bytes') },
  open,
)
const ClaimLimitsSchema = named(
  'ReceiptLimits',
  'Limits that the outcome depends on',
  {
    fuel: Integer('Instruction budget'),
    memoryBytes: Integer('Linear memory'),
    outputBytes: Integer('stdout + stderr'),
  },
  open,
)

/** What is claimed under profile `phase-wasm32-v1`. A member that is not known stays in the digest. */
export const ClaimSchema = named(
  'ReceiptClaim',
  'What was computed, and what came out',
  {
    profile: Type.String({ description: 'Under which rules it ran' }),
    module: Digest('The module'),
    args: Digest('Its arguments'),
    env: Digest('Its environment'),
    stdin: ref(ClaimContentSchema),
    limits: ref(ClaimLimitsSchema),
    capabilities: Type.Array(Type.String(), { description: 'What was granted beyond pure computation' }),
    seed: Hex("Seeded the guest's random", 32),
    outcome: Type.Unsafe<Outcome>(Type.Ref(OutcomeSchema.$id as string)),
    stdout: ref(ClaimContentSchema),
    stderr: ref(ClaimContentSchema),
    fuel: Integer('What was used of the budget; all of it where the outcome is stopped'),
  },
  open,
)
export type Claim = Static<typeof ClaimSchema>

const ExecutorSchema = named(
  'ReceiptExecutor',
  'Who ran it',
  { did: Did('did:key'), peerId: PeerIdText('The same key as a peer id') },
  open,
)
const RuntimeSchema = named(
  'ReceiptRuntime',
  'On what it ran',
  { name: Type.String(), version: Type.String(), engine: Type.String(), arch: Type.String() },
  open,
)
export const MeasurementSchema = named(
  'ReceiptMeasurement',
  'What the executor measured: never compared',
  {
    wallUs: Integer('Wall clock, microseconds'),
    cpuUs: Integer('Processor time, microseconds'),
    compileUs: Integer('Reading and compiling the module, microseconds'),
    memoryBytesPeak: Integer('Linear memory at its largest'),
    startedAt: Timestamp('Begin'),
    finishedAt: Timestamp('End'),
    stopped: Type.Optional(
      Type.String({ description: 'Where the claim says stopped: trapped, fuelExhausted or depthExhausted' }),
    ),
    trap: Type.Optional(Type.String({ description: 'Which trap, where one is known: unreachable, divideByZero, …' })),
    salt: Hex("Random, by the executor: makes the receipt's id hiding", 16),
    executor: ref(ExecutorSchema),
    runtime: ref(RuntimeSchema),
  },
  open,
)
export type Measurement = Static<typeof MeasurementSchema>

export const BindingSchema = named(
  'ReceiptBinding',
  'Which request the receipt answers',
  {
    request: Digest("sha256 of the request's payload bytes"),
    submitter: Did('Who asked'),
    jobId: JobId('For which job'),
    replica: Integer('Which replica'),
    attempt: Integer('Which execution'),
    nonce: Hex('Which nonce', 16, 32),
  },
  open,
)
export type Binding = Static<typeof BindingSchema>

/** All of the predicate but the claim, whose members depend on the profile. */
export const PredicateSchema = named(
  'ReceiptPredicate',
  'An execution receipt',
  {
    claim: Type.Object({ profile: Type.String() }),
    claimDigest: Digest('sha256 of the canonical form of the claim'),
    measurement: ref(MeasurementSchema),
    binding: ref(BindingSchema),
  },
  open,
)

export interface Statement {
  _type: typeof statementType
  subject: [{ name: 'stdout'; digest: { sha256: string } }]
  predicateType: typeof receiptPredicateType
  predicate: { claim: Claim; claimDigest: DigestText; measurement: Measurement; binding: Binding }
}

/** What the schemas of a statement refer to. */
export const statementSchemas = [
  ClaimContentSchema,
  OutcomeSchema,
  ClaimLimitsSchema,
  ExecutorSchema,
  RuntimeSchema,
  MeasurementSchema,
  BindingSchema,
]

/** The claim of one run: what the manifest fixed, and what came out. */
export function makeClaim(
  manifest: CompleteManifest,
  ran: { outcome: Outcome; fuel: number; stdout: Content; stderr: Content },
): Claim {
  return { ...taskOf(manifest), seed: manifest.seed, ...ran }
}

export const claimDigest = (claim: Claim): DigestText => canonicalDigest(claim)

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
