// Generated from openapi/openapi.json by `make sdks`. Do not edit.

/** What went wrong, and what to do next (RFC 9457) */
export interface Problem {
  /** A URI that names the kind of problem */
  type: string
  /** The kind of problem, for a person */
  title: string
  /** The HTTP status */
  status: number
  /** What happened this time, for a person */
  detail: string
  /** urn:uuid: of this request: the same as x-request-id, and in the node log */
  instance: string
  /** What a program can act on; more may be added */
  code: 'invalid' | 'unknownField' | 'unsupported' | 'unknownDigest' | 'digestMismatch' | 'moduleRejected' | 'tooLarge' | 'quotaExceeded' | 'notFound' | 'notFinished' | 'noReceipt' | 'conflict' | 'idempotencyConflict' | 'stale' | 'busy' | 'refused' | 'noPeer' | 'timedOut' | 'cancelled' | 'protocol' | 'mediaType' | 'methodNotAllowed' | 'unauthorized' | 'forbidden' | 'misdirected' | 'rateLimited' | 'unavailable' | 'internal' | (string & {})
  /** The next step, for a person */
  hint: string
  /** JSON pointer (RFC 6901) to the member at fault */
  pointer?: string | undefined
}

/** Bytes, named by their digest */
export interface Content {
  /** sha256 of the bytes */
  digest: string
  /** How many bytes */
  size: number
}

/** What the guest reads from stdin: exactly one member */
export interface Stdin {
  /** As UTF-8 */
  text?: string | undefined
  /** Bytes, standard padded base64 */
  base64?: string | undefined
  /** An uploaded blob */
  digest?: string | undefined
}

/** What the job may use */
export interface Resources {
  /** Execution slots that the job takes while it runs. 1 unless given */
  cpu?: number | undefined
  /** Linear memory cap in bytes, a multiple of 65536, enforced. 64 MiB unless given */
  memoryBytes?: number | undefined
  /** Deterministic instruction budget. 1000000000000 unless given */
  fuel?: number | undefined
  /** stdout + stderr cap in bytes. 8 MiB unless given */
  outputBytes?: number | undefined
}

/** What a job asks for; only module is required */
export interface JobManifest {
  /** The module to run, uploaded before */
  module: string
  /** Under which rules it runs. The best comparable one of the node unless given */
  profile?: string | undefined
  /** Arguments after argv[0]; with env at most 64 KiB */
  args?: string[] | undefined
  /** Environment; with args at most 64 KiB */
  env?: Record<string, string> | undefined
  stdin?: Stdin | undefined
  resources?: Resources | undefined
  /** Wall clock for one execution in milliseconds. 30000 unless given */
  timeoutMs?: number | undefined
  /** How long the job may wait for a node, in milliseconds. 60000 unless given */
  queueMs?: number | undefined
  /** What is granted beyond pure computation: sorted, without repeats */
  capabilities?: string[] | undefined
  /** 64 hex: seeds the guest's random. From the task unless given */
  seed?: string | undefined
  /** 32 to 64 hex, chosen by the client: shows that a receipt is fresh */
  nonce?: string | undefined
  /** any, local, remote, or a peer id. any unless given */
  placement?: string | undefined
  /** On how many distinct peers. 1 unless given */
  replicas?: number | undefined
  /** How many must agree. 1 unless given */
  quorum?: number | undefined
}

/** What the job may use */
export interface CompleteResources {
  /** Execution slots that the job takes while it runs. 1 unless given */
  cpu: number
  /** Linear memory cap in bytes, a multiple of 65536, enforced. 64 MiB unless given */
  memoryBytes: number
  /** Deterministic instruction budget. 1000000000000 unless given */
  fuel: number
  /** stdout + stderr cap in bytes. 8 MiB unless given */
  outputBytes: number
}

/** What a job asks for, every default filled in */
export interface CompleteManifest {
  /** The module to run, uploaded before */
  module: string
  /** Under which rules it runs. The best comparable one of the node unless given */
  profile: string
  /** Arguments after argv[0]; with env at most 64 KiB */
  args: string[]
  /** Environment; with args at most 64 KiB */
  env: Record<string, string>
  stdin: Content
  resources: CompleteResources
  /** Wall clock for one execution in milliseconds. 30000 unless given */
  timeoutMs: number
  /** How long the job may wait for a node, in milliseconds. 60000 unless given */
  queueMs: number
  /** What is granted beyond pure computation: sorted, without repeats */
  capabilities: string[]
  /** 64 hex: seeds the guest's random. From the task unless given */
  seed: string
  /** 32 to 64 hex, chosen by the client: shows that a receipt is fresh */
  nonce: string
  /** any, local, remote, or a peer id. any unless given */
  placement: string
  /** On how many distinct peers. 1 unless given */
  replicas: number
  /** How many must agree. 1 unless given */
  quorum: number
}

/** Where a job stands */
export type JobState = 'queued' | 'assigned' | 'running' | 'succeeded' | 'failed' | 'cancelled' | (string & {})

/** Why a job ended */
export type JobReason = 'exited' | 'outputExceeded' | 'trapped' | 'fuelExhausted' | 'depthExhausted' | 'timedOut' | 'memoryExhausted' | 'moduleRejected' | 'noPeer' | 'quorumNotReached' | 'cancelled' | 'internal' | (string & {})

/** What one execution used, as its executor says */
export interface Usage {
  /** Wall clock, microseconds */
  wallUs: number
  /** Processor time, microseconds */
  cpuUs: number
  /** Of it, reading and compiling the module */
  compileUs: number
  /** Linear memory at its largest */
  memoryBytesPeak: number
}

/** A job and where it stands */
export interface Job {
  /** Chosen by this node; sorts by time */
  id: string
  state: JobState
  reason?: JobReason
  /** What the guest exited with, where the reason is exited */
  exitCode?: number
  /** For a person: what happened */
  detail?: string
  /** Which execution this is, from 1 */
  attempt: number
  /** The peer that it is assigned to, or that ran it */
  executor?: string
  /** What the executor last said */
  progress?: string
  manifest: CompleteManifest
  /** What is computed, whoever asks */
  taskDigest: string
  /** Number of its last event */
  sequence: number
  /** When it was accepted */
  createdAt: string
  /** When it last began to wait */
  queuedAt: string
  /** When the last execution began */
  startedAt?: string
  /** When it ended */
  finishedAt?: string
  /** When somebody asked to cancel it */
  cancelRequestedAt?: string
  stdout?: Content
  stderr?: Content
  /** sha256 of the receipt's payload bytes */
  receiptId?: string
  usage?: Usage
}

/** One step of a job */
export interface JobEvent {
  /** Of which job */
  jobId: string
  /** From 1, without gaps */
  sequence: number
  /** When */
  at: string
  type: 'created' | 'assigned' | 'started' | 'progress' | 'returned' | 'cancelRequested' | 'finished' | (string & {})
  state: JobState
  /** Of which execution */
  attempt: number
  /** On which peer */
  executor?: string
  reason?: JobReason
  /** What the guest exited with */
  exitCode?: number
  /** For a person */
  detail?: string
}

/** One import that the module asks for */
export interface ModuleImport {
  /** Module name, e.g. wasi_snapshot_preview1 */
  module: string
  /** Import name, e.g. fd_write */
  name: string
  /** function, table, memory, global */
  kind: string
}

/** One export that the module offers */
export interface ModuleExport {
  /** Export name, e.g. _start */
  name: string
  /** function, table, memory, global */
  kind: string
}

/** Linear memory that the module declares */
export interface ModuleMemory {
  /** Bytes at the start */
  initialBytes: number
  /** Bytes that it can grow to, where it says so */
  maximumBytes?: number
}

/** A module that this node keeps */
export interface ModuleInfo {
  /** sha256 of the bytes: its name */
  digest: string
  /** How many bytes */
  size: number
  imports: ModuleImport[]
  exports: ModuleExport[]
  memory?: ModuleMemory
  /** When this node first got it */
  createdAt: string
}

/** What a node accepts for one job at most */
export interface NodeLimits {
  /** Linear memory */
  memoryBytes: number
  /** stdout + stderr */
  outputBytes: number
  /** stdin */
  stdinBytes: number
  /** Module */
  moduleBytes: number
  /** Wall clock of one execution */
  timeoutMs: number
}

/** An executor that this node knows */
export interface Peer {
  /** libp2p peer id */
  peerId: string
  /** The same key as a did:key: what receipts are signed with */
  did: string
  addresses: string[]
  /** Version of its software */
  version: string
  /** Execution profiles that it offers, best first */
  profiles: string[]
  limits: NodeLimits
  /** Jobs that it runs at the same time; 0: it only forwards */
  slots: number
  /** Slots in use or waited for, in percent of all; may pass 100 */
  load: number
  /** Round trip of the last hello, in microseconds */
  latencyUs: number
  /** When it last answered */
  lastSeenAt: string
}

/** This node */
export interface NodeStatus {
  /** libp2p peer id */
  peerId: string
  /** The same key as a did:key: what its receipts are signed with */
  did: string
  addresses: string[]
  /** local, lan or public */
  network: string
  /** Version of the node software */
  version: string
  /** Execution profiles that it offers, best first */
  profiles: string[]
  limits: NodeLimits
  /** Jobs that it runs at the same time; 0: it only forwards */
  slots: number
  /** Slots in use or waited for, in percent of all; may pass 100 */
  load: number
  /** Executors that it knows */
  peers: number
  /** Open p2p connections */
  connections: number
  /** What stands between a module and this machine */
  sandbox: string[]
  /** When it started */
  startedAt: string
  /** How long it has run */
  uptimeMs: number
}

/** One thing that was checked */
export interface ReceiptCheck {
  /** Which check, e.g. signature, claimDigest, stdout */
  name: string
  result: 'passed' | 'failed' | 'skipped' | (string & {})
  /** For a person */
  detail: string
}

/** What a receipt is worth */
export interface Verification {
  verdict: 'valid' | 'invalid' | 'unverifiable' | (string & {})
  /** Only with verdict valid */
  assurance?: 'signed' | 'pinned' | 'quorum' | 'replayed' | (string & {})
  /** sha256 of the payload bytes */
  receiptId?: string
  /** sha256 of the canonical form of the claim */
  claimDigest?: string
  /** Whose signature holds */
  executor?: string
  checks: ReceiptCheck[]
}

/** What the caller knows by other ways */
export interface ReceiptExpected {
  /** did:key or peer id that must have signed: pins the key */
  executor?: string | undefined
  /** Who asked */
  submitter?: string | undefined
  /** For which job */
  jobId?: string | undefined
  /** Which nonce */
  nonce?: string | undefined
  /** sha256 of the request's payload bytes */
  request?: string | undefined
  /** Which module */
  module?: string | undefined
  /** Which arguments */
  args?: string[] | undefined
  /** Which environment */
  env?: Record<string, string> | undefined
  /** sha256 of what was sent as stdin */
  stdin?: string | undefined
  /** sha256 of what was received as stdout */
  stdout?: string | undefined
  /** sha256 of what was received as stderr */
  stderr?: string | undefined
}

/** One signature of an envelope */
export interface EnvelopeSignature {
  /** did:key of the signer: a hint only */
  keyid?: string
  /** Ed25519 signature, base64 */
  sig: string
}

/** A DSSE v1 envelope: signed bytes and who signed them */
export interface Envelope {
  /** What the payload is */
  payloadType: string
  /** The exact bytes that were signed, base64 */
  payload: string
  signatures: EnvelopeSignature[]
}

/** Jobs, newest first */
export interface JobPage {
  items: Job[]
  /** Cursor of the next page; absent on the last one */
  nextCursor?: string
}

/** Modules, newest first */
export interface ModulePage {
  items: ModuleInfo[]
  /** Cursor of the next page; absent on the last one */
  nextCursor?: string
}

/** Executors that this node knows */
export interface PeerList {
  items: Peer[]
}

/** Receipts, one for each replica */
export interface ReceiptList {
  items: Envelope[]
}

/** A receipt, and what it is held against */
export interface VerifyRequest {
  envelope: Envelope
  expected?: ReceiptExpected | undefined
}

/** The models that answers are made of. */
export interface Models {
  CompleteManifest: CompleteManifest
  CompleteResources: CompleteResources
  Content: Content
  Envelope: Envelope
  EnvelopeSignature: EnvelopeSignature
  Job: Job
  JobEvent: JobEvent
  JobPage: JobPage
  ModuleExport: ModuleExport
  ModuleImport: ModuleImport
  ModuleInfo: ModuleInfo
  ModuleMemory: ModuleMemory
  ModulePage: ModulePage
  NodeLimits: NodeLimits
  NodeStatus: NodeStatus
  Peer: Peer
  PeerList: PeerList
  ReceiptCheck: ReceiptCheck
  ReceiptList: ReceiptList
  Usage: Usage
  Verification: Verification
}

/** What they look like. s: text, i: a whole number, else a name from this table; ?: may be absent, []: a list of them, {}: by name. */
export const shapes = {
  CompleteManifest: { module: 's', profile: 's', args: 's[]', env: 's{}', stdin: 'Content', resources: 'CompleteResources', timeoutMs: 'i', queueMs: 'i', capabilities: 's[]', seed: 's', nonce: 's', placement: 's', replicas: 'i', quorum: 'i' },
  CompleteResources: { cpu: 'i', memoryBytes: 'i', fuel: 'i', outputBytes: 'i' },
  Content: { digest: 's', size: 'i' },
  Envelope: { payloadType: 's', payload: 's', signatures: 'EnvelopeSignature[]' },
  EnvelopeSignature: { keyid: 's?', sig: 's' },
  Job: { id: 's', state: 's', reason: 's?', exitCode: 'i?', detail: 's?', attempt: 'i', executor: 's?', progress: 's?', manifest: 'CompleteManifest', taskDigest: 's', sequence: 'i', createdAt: 's', queuedAt: 's', startedAt: 's?', finishedAt: 's?', cancelRequestedAt: 's?', stdout: 'Content?', stderr: 'Content?', receiptId: 's?', usage: 'Usage?' },
  JobEvent: { jobId: 's', sequence: 'i', at: 's', type: 's', state: 's', attempt: 'i', executor: 's?', reason: 's?', exitCode: 'i?', detail: 's?' },
  JobPage: { items: 'Job[]', nextCursor: 's?' },
  ModuleExport: { name: 's', kind: 's' },
  ModuleImport: { module: 's', name: 's', kind: 's' },
  ModuleInfo: { digest: 's', size: 'i', imports: 'ModuleImport[]', exports: 'ModuleExport[]', memory: 'ModuleMemory?', createdAt: 's' },
  ModuleMemory: { initialBytes: 'i', maximumBytes: 'i?' },
  ModulePage: { items: 'ModuleInfo[]', nextCursor: 's?' },
  NodeLimits: { memoryBytes: 'i', outputBytes: 'i', stdinBytes: 'i', moduleBytes: 'i', timeoutMs: 'i' },
  NodeStatus: { peerId: 's', did: 's', addresses: 's[]', network: 's', version: 's', profiles: 's[]', limits: 'NodeLimits', slots: 'i', load: 'i', peers: 'i', connections: 'i', sandbox: 's[]', startedAt: 's', uptimeMs: 'i' },
  Peer: { peerId: 's', did: 's', addresses: 's[]', version: 's', profiles: 's[]', limits: 'NodeLimits', slots: 'i', load: 'i', latencyUs: 'i', lastSeenAt: 's' },
  PeerList: { items: 'Peer[]' },
  ReceiptCheck: { name: 's', result: 's', detail: 's' },
  ReceiptList: { items: 'Envelope[]' },
  Usage: { wallUs: 'i', cpuUs: 'i', compileUs: 'i', memoryBytesPeak: 'i' },
  Verification: { verdict: 's', assurance: 's?', receiptId: 's?', claimDigest: 's?', executor: 's?', checks: 'ReceiptCheck[]' },
} as const
