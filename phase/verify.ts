/** What a receipt is worth (SPEC.md, Verification): valid, invalid or unverifiable, and each thing that was looked at. */
import { utf8Text } from './bytes.ts'
import { argsDigest, canonicalDigest, digestOf, envDigest } from './digest.ts'
import { isPhaseError, PhaseError } from './errors.ts'
import { didOf, peerIdOf, publicKeyOfDid, publicKeyOfPeerId } from './identity.ts'
import { type JsonObject, type JsonValue, parseJson } from './json.ts'
import { receiptPayloadBytesMax } from './limits.ts'
import { profiles } from './manifest.ts'
import {
  type Binding,
  type Claim,
  ClaimSchema,
  outcomeReasons,
  PredicateSchema,
  type ReceiptCheck,
  type ReceiptExpected,
  receiptPayloadType,
  receiptPredicateType,
  type Statement,
  statementSchemas,
  statementType,
  type Verification,
} from './receipt.ts'
import { check } from './schema.ts'
import { type Ed25519, preAuthEncoding, readEnvelope } from './signature.ts'

type Envelope = ReturnType<typeof readEnvelope>
type Facts = Pick<Verification, 'receiptId' | 'claimDigest' | 'executor'>
interface Case {
  bytes: Uint8Array
  expected: ReceiptExpected
  pinned: Uint8Array | undefined
  ed25519: Ed25519
  /** Filled in as they are established. */
  facts: Facts
}
interface Opened extends Pick<Case, 'expected' | 'facts'> {
  statement: JsonObject
  key: Uint8Array | undefined
  /** Of the signatures of `key` that hold. */
  keyids: (string | undefined)[]
}

/**
 * Judges a receipt by its envelope's bytes; whatever they are, it answers. Without `expected.executor` it shows that some key signed
 * this, and the caller trusts whoever says whose key that is.
 * @throws {PhaseError} `invalid` only where `expected.executor` itself is neither a did:key nor a peer id.
 */
export function verifyReceipt(bytes: Uint8Array, expected: ReceiptExpected, ed25519: Ed25519): Verification {
  const pinned = expected.executor === undefined ? undefined : publicKeyOf(expected.executor)
  const facts: Facts = {}
  const checks = [...judge({ bytes, expected, pinned, ed25519, facts })]
  const verdict = checks.some(({ result }) => result === 'failed')
    ? 'invalid'
    : checks.some(({ result }) => result === 'skipped')
      ? 'unverifiable'
      : 'valid'
  const assurance = pinned === undefined ? 'signed' : 'pinned'
  return { verdict, ...(verdict === 'valid' ? { assurance } : {}), ...facts, checks }
}

/**
 * What a receipt says. Ask `verifyReceipt` whether to believe it.
 * @throws {PhaseError} `invalid` for what is not the statement of a receipt under a profile that this implementation knows.
 */
export function readReceipt(bytes: Uint8Array): Statement {
  const statement = parsePayload(readEnvelope(bytes, receiptPayloadBytesMax).payload)
  const known = statement.predicateType === receiptPredicateType && subjectDigest(statement.subject) !== undefined
  const problem = malformed(statement) ?? (known ? undefined : 'not the statement of a receipt')
  if (problem !== undefined) throw new PhaseError('invalid', `Cannot read the receipt: ${problem}`)
  return statement as unknown as Statement
}

/** The same for a person: what is claimed, what it cost, and what that is worth. Leave `statement` out where the receipt cannot be read. */
export function explainReceipt(
  { verdict, assurance, executor, checks }: Verification,
  statement?: Statement,
): string[] {
  if (verdict !== 'valid' || statement === undefined) {
    const open = checks.filter(({ result }) => result !== 'passed')
    return [`The receipt is ${verdict}.`, ...open.map(({ name, result, detail }) => `${name} ${result}: ${detail}`)]
  }
  const { claim, measurement, binding } = statement.predicate
  const { outcome, stdout, stderr } = claim
  return [
    `The key ${executor} signed that it ran module ${claim.module} under ${claim.profile}, for job ${binding.jobId}.`,
    `It ended with ${outcome.reason}${outcome.reason === 'exited' ? ` ${outcome.exitCode}` : ''}: ${stdout.size} bytes of stdout, ${stderr.size} of stderr.`,
    `By its own measure that took ${milliseconds(measurement.wallUs)} (processor ${milliseconds(measurement.cpuUs)}) and ${measurement.memoryBytesPeak} bytes of memory.`,
    assurance === 'signed'
      ? 'Nobody was expected as executor: whose key that is, the gateway is trusted for.'
      : 'The key is the one that was expected.',
    'That is a signed claim. That the work was done, only replay or agreement of independent executors can show.',
  ]
}

const milliseconds = (us: number): string => `${(us / 1000).toFixed(1)} ms`

/** The checks in the order of SPEC.md. It stops where nothing that follows would mean anything. */
function* judge({ bytes, expected, pinned, ed25519, facts }: Case): Generator<ReceiptCheck> {
  const opened = attempt(() => readEnvelope(bytes, receiptPayloadBytesMax))
  if ('problem' in opened) return yield failed('envelope', opened.problem)
  const envelope = opened.value
  yield passed('envelope', `signatures: ${envelope.signatures.length}`)
  facts.receiptId = digestOf(envelope.payload)
  yield same('payloadType', receiptPayloadType, envelope.payloadType)
  if (envelope.payloadType !== receiptPayloadType) return

  // Without a pinned key the statement has to be read before its signature can be checked: nothing else is made of it until then.
  const parsed = attempt(() => parsePayload(envelope.payload))
  const problem = 'problem' in parsed ? parsed.problem : malformed(parsed.value)
  const statement = 'value' in parsed ? parsed.value : {}
  const key = pinned ?? (problem === undefined ? executorKey(statement) : undefined)
  const keyids = key === undefined ? [] : keyidsOf(envelope, key, ed25519)
  if (key !== undefined) {
    if (keyids.length === 0) return yield failed('signature', `no signature of ${didOf(key)} holds`)
    facts.executor = didOf(key)
    yield passed('signature', `of ${pinned === undefined ? 'the key that the receipt names' : 'the expected executor'}`)
  } else if (problem === undefined) {
    yield skipped('signature', 'no executor is expected, and a statement of an unknown kind names none')
  }
  if (problem !== undefined) return yield failed('statement', problem)
  yield passed('statement', 'strict JSON, every member there')
  yield* judgeStatement({ statement, key, keyids, expected, facts })
}

function* judgeStatement({ statement, key, keyids, expected, facts }: Opened): Generator<ReceiptCheck> {
  const { predicateType } = statement
  if (key === undefined || predicateType !== receiptPredicateType) {
    return yield skipped('predicateType', `${quote(predicateType)} is unknown`)
  }
  yield passed('predicateType', receiptPredicateType)
  const { claim, claimDigest, measurement, binding } = (statement as unknown as Statement).predicate
  if (!isKnownProfile(claim.profile)) {
    yield skipped('profile', `${quote(claim.profile)} is unknown`)
  } else {
    yield passed('profile', claim.profile)
    yield (outcomeReasons as readonly string[]).includes(claim.outcome.reason)
      ? passed('reason', claim.outcome.reason)
      : skipped('reason', `${quote(claim.outcome.reason)} is unknown`)
  }
  const recomputed = attempt(() => canonicalDigest(claim as unknown as JsonValue))
  if ('value' in recomputed) facts.claimDigest = recomputed.value
  yield 'problem' in recomputed
    ? failed('claimDigest', recomputed.problem)
    : same('claimDigest', recomputed.value, claimDigest)
  yield judgeSubject(statement.subject, claim)
  const { did, peerId } = measurement.executor
  yield same('executor', `${didOf(key)} ${peerIdOf(key)}`, `${did} ${peerId}`)
  yield keyids.some(keyid => keyid === undefined || keyid === didOf(key))
    ? passed('keyid', keyids.includes(didOf(key)) ? didOf(key) : 'none is given')
    : failed('keyid', `${quote(keyids[0])} is not ${didOf(key)}`)
  yield* judgeExpected(expected, claim, binding)
}

function judgeSubject(subject: unknown, claim: Claim): ReceiptCheck {
  const stated = subjectDigest(subject)
  if (stated === undefined) return failed('subject', 'not exactly one, with a sha256')
  const stdout = (claim as Partial<Claim>).stdout?.digest
  if (!isKnownProfile(claim.profile) && typeof stdout !== 'string') {
    return skipped('subject', 'this profile claims no stdout')
  }
  return same('subject', stdout, `sha256:${stated}`)
}

/** What the caller knows by other ways. Only what is given is compared. */
function* judgeExpected(expected: ReceiptExpected, claim: Partial<Claim>, binding: Binding): Generator<ReceiptCheck> {
  const { args, env } = expected
  const rows: [string, string | undefined, unknown][] = [
    ['module', expected.module, claim.module],
    ['args', args && (canBeArgs(args) ? argsDigest(args) : 'what no guest can be given'), claim.args],
    ['env', env && (canBeEnv(env) ? envDigest(env) : 'what no guest can be given'), claim.env],
    ['stdin', expected.stdin, claim.stdin?.digest],
    ['stdout', expected.stdout, claim.stdout?.digest],
    ['stderr', expected.stderr, claim.stderr?.digest],
    ['nonce', expected.nonce, binding.nonce],
    ['jobId', expected.jobId, binding.jobId],
    ['request', expected.request, binding.request],
    ['submitter', expected.submitter, binding.submitter],
  ]
  for (const [name, wanted, stated] of rows) {
    if (wanted === undefined) continue
    yield typeof stated === 'string' ? same(name, wanted, stated) : skipped(name, 'this profile claims none')
  }
}

const parsePayload = (payload: Uint8Array): JsonObject => {
  const value = parseJson(utf8Text(payload), { integersOnly: true })
  if (isObject(value)) return value
  throw new PhaseError('invalid', 'Cannot read the statement: not an object')
}

/** What keeps a statement from being one, as far as its kind is known; members beyond those are ignored. */
function malformed(statement: JsonObject): string | undefined {
  if (statement._type !== statementType) return `_type ${quote(statement._type)} is not ${statementType}`
  if (typeof statement.predicateType !== 'string') return 'predicateType is not a string'
  if (statement.predicateType !== receiptPredicateType) return undefined
  const read = attempt(() => {
    const { claim, measurement } = check(PredicateSchema, statementSchemas, statement.predicate, 'the predicate')
    publicKeyOfDid(measurement.executor.did)
    return isKnownProfile(claim.profile) ? check(ClaimSchema, statementSchemas, claim, 'the claim') : undefined
  })
  if ('problem' in read) return read.problem
  const outcome: { reason: string; exitCode?: number } | undefined = read.value?.outcome
  if (outcome === undefined || !(outcomeReasons as readonly string[]).includes(outcome.reason)) return undefined
  const exited = outcome.reason === 'exited'
  return exited === (outcome.exitCode !== undefined)
    ? undefined
    : `an exit code ${exited ? 'is missing' : 'without an exit'}`
}

const isKnownProfile = (profile: string): boolean => (profiles as readonly string[]).includes(profile)

function subjectDigest(subject: unknown): string | undefined {
  if (!Array.isArray(subject) || subject.length !== 1) return undefined
  const digest: unknown = isObject(subject[0]) ? subject[0].digest : undefined
  return isObject(digest) && typeof digest.sha256 === 'string' ? digest.sha256 : undefined
}

/** The key that a well-formed receipt itself names, where its kind is known. */
function executorKey(statement: JsonObject): Uint8Array | undefined {
  if (statement.predicateType !== receiptPredicateType) return undefined
  return publicKeyOfDid((statement as unknown as Statement).predicate.measurement.executor.did)
}

/** The keyids of the signatures of `key` that hold. */
function keyidsOf({ payloadType, payload, signatures, keyids }: Envelope, key: Uint8Array, ed25519: Ed25519) {
  const message = preAuthEncoding(payloadType, payload)
  return keyids.filter((_, index) => ed25519.verify(signatures[index] as Uint8Array, message, key))
}

const publicKeyOf = (name: string): Uint8Array =>
  name.startsWith('did:') ? publicKeyOfDid(name) : publicKeyOfPeerId(name)

const canBeArgs = (texts: readonly string[]): boolean =>
  texts.every(text => !text.includes('\0') && text.isWellFormed())
const canBeEnv = (env: Readonly<Record<string, string>>): boolean =>
  Object.entries(env).every(([key, value]) => key !== '' && !key.includes('=') && canBeArgs([key, value]))

function attempt<T>(read: () => T): { value: T } | { problem: string } {
  try {
    return { value: read() }
  } catch (error) {
    if (isPhaseError(error)) return { problem: error.message }
    throw error
  }
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const quote = (value: unknown): string =>
  typeof value === 'string' ? JSON.stringify(value.slice(0, 80)) : typeof value

const passed = (name: string, detail: string): ReceiptCheck => ({ name, result: 'passed', detail })
const failed = (name: string, detail: string): ReceiptCheck => ({ name, result: 'failed', detail })
const skipped = (name: string, detail: string): ReceiptCheck => ({ name, result: 'skipped', detail })
const same = (name: string, wanted: string | undefined, stated: string): ReceiptCheck =>
  stated === wanted ? passed(name, stated.slice(0, 200)) : failed(name, `${quote(stated)} is not ${wanted}`)
