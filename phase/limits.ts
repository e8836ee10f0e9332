/**
 * Every numeric bound of the protocol, with its unit and its reason. A node may offer less than a bound that says so, never more.
 * Bounds of one implementation (pools, sockets, caches) live with that implementation.
 */
const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB

/** The largest integer of the protocol: exact in every language's JSON reader (2^53 - 1). */
export const integerMax = Number.MAX_SAFE_INTEGER

/**
 * A module's bytes. Real programs are 0.1 to 15 MiB, compilers and interpreters with their libraries in them 20 to 50; above this, hashing and
 * parsing cost the node more than the stranger.
 */
export const moduleBytesMax = 64 * MIB
/** A blob's bytes (large stdin). A node may offer less. */
export const blobBytesMax = GIB
/** `stdin.text` and `stdin.base64`, decoded bytes; anything larger is uploaded as a blob first. */
export const stdinInlineBytesMax = 256 * KIB
/** `args` and `env` together, UTF-8 bytes with one terminator each: what a POSIX system would accept without thinking. */
export const argsAndEnvBytesMax = 64 * KIB
/** Entries in `args`, and in `env`: each costs the guest two pointers. */
export const argsAndEnvEntriesMax = 4096
/** stdout + stderr of one execution. A node may offer less. */
export const outputBytesMax = GIB
export const outputBytesDefault = 8 * MIB

/** The unit of linear memory (WebAssembly core specification, "page size"). */
export const memoryPageBytes = 64 * KIB
/** All a 32-bit memory can hold. A node may offer less. */
export const memoryBytesMax = 4 * GIB
export const memoryBytesDefault = 64 * MIB

/** Fuel that a job may use, and what a gateway fills in: more than the default wall clock lets a core use. */
export const fuelMax = integerMax
export const fuelDefault = 1_000_000_000_000

/** Execution slots that one job may ask for; a node has at most as many as it says. */
export const cpuMax = 1024
/** Wall clock of one execution. A day: longer work is cut into jobs. A node may offer less. */
export const timeoutMsMax = 86_400_000
export const timeoutMsDefault = 30_000
/** How long a job may wait for a node that can take it. */
export const queueMsMax = 86_400_000
export const queueMsDefault = 60_000
/** Executions that may be started for one replica of a job before it fails. */
export const attemptsMax = 5
/** Distinct peers that one job may run on. */
export const replicasMax = 8

/** A signed statement or request, payload bytes: what a verifier reads before it knows whom to trust. */
export const receiptPayloadBytesMax = 64 * KIB
/** A request carries `args` and `env` as JSON, where one byte may become six. */
export const requestPayloadBytesMax = 512 * KIB
/** Nesting of a signed JSON document. */
export const jsonDepthMax = 8
/** Signatures in one envelope: executor, gateway, witnesses. */
export const signaturesMax = 8
/** An envelope may have twice its payload's limit and this much more: base64, eight signatures, members that a reader does not know. */
export const envelopeBytesExtra = 16 * KIB

/** One frame's JSON header on a stream. */
export const frameHeaderBytesMax = 64 * KIB
/** One frame's raw bytes on a stream. Larger bytes are chunked. */
export const frameBodyBytesMax = MIB
/** Raw bytes that may be under way on one stream before the reader has granted more. */
export const creditBytes = 2 * MIB

/** How long a submitter that fell silent keeps its claim on a running job, and an executor on an accepted one. */
export const leaseMs = 6_000
/** How often an executor says that a job still runs: three may be lost within one lease. */
export const heartbeatMs = 1_500
/** How long an executor keeps a finished result that nobody has settled, after the lease. */
export const resultTtlMs = 600_000

/** How long a NodeInfo holds: what it says of load ages within seconds, but two honest clocks may differ by minutes. */
export const nodeInfoTtlMs = 600_000
export const nodeInfoPayloadBytesMax = 16 * KIB
/** Addresses in a NodeInfo or Peer. */
export const addressesMax = 32
/** Shards of a capability's provider records. All readers ask all of them. */
export const capabilityShards = 1
