/** From what a client sent to a job that can be accepted: read, completed, held against what this node can keep. */
import { randomBytes } from 'node:crypto'
import { utf8 } from '../../phase/bytes.ts'
import { digestOf } from '../../phase/digest.ts'
import { PhaseError } from '../../phase/errors.ts'
import type { Job } from '../../phase/job.ts'
import {
  type CompleteManifest,
  checkAgainstNode,
  completeManifest,
  inlineStdin,
  type JobManifest,
  readManifest,
  taskDigest,
} from '../../phase/manifest.ts'
import type { NodeLimits } from '../../phase/peer.ts'
import type { Content } from '../../phase/schema.ts'
import type { BlobStore } from '../store/blobs.ts'
import type { ModuleStore } from '../store/modules.ts'
import { contentOfBytes } from './content.ts'

export interface SubmissionParts {
  peerId: string
  modules: Pick<ModuleStore, 'get'>
  blobs: Pick<BlobStore, 'get'>
  limits: NodeLimits
  slots: number
}

export interface Submission {
  manifest: CompleteManifest
  /** Of what the client sent, key order aside: the same again is the same job (Idempotency-Key). */
  fingerprint: string
  /** The stdin that the manifest brought, not kept yet. `undefined` where it names a blob that is. */
  stdin: Uint8Array | undefined
}

/**
 * @throws {PhaseError} `invalid`, `unknownField`, `unsupported`, `tooLarge`, `unknownDigest` or `moduleRejected`: before anything is accepted.
 */
export async function readSubmission(value: unknown, parts: SubmissionParts): Promise<Submission> {
  const manifest = readManifest(value)
  const inline = inlineStdin(manifest.stdin)
  const [stdin] = await Promise.all([stdinContent(manifest, inline, parts), checkModule(manifest, parts)])
  const complete = completeManifest(manifest, { stdin, nonce: randomBytes(16).toString('hex') })
  refuseWhatCannotBeKept(complete, parts)
  return { manifest: complete, fingerprint: digestOf(utf8(sortedJson(value))), stdin: inline }
}

/** A new job, waiting. */
export const newJob = (id: string, manifest: CompleteManifest, at: string): Job => ({
  id,
  state: 'queued',
  attempt: 1,
  manifest,
  taskDigest: taskDigest(manifest),
  sequence: 1,
  createdAt: at,
  queuedAt: at,
})

async function stdinContent(
  manifest: JobManifest,
  inline: Uint8Array | undefined,
  { blobs }: SubmissionParts,
): Promise<Content> {
  if (inline !== undefined) return contentOfBytes(inline)
  const digest = manifest.stdin?.digest as string
  const content = await blobs.get(digest)
  if (content !== undefined) return { digest, size: content.size }
  throw new PhaseError('unknownDigest', `Cannot accept the job: no blob "${digest}" is known here`, {
    pointer: '/stdin/digest',
    hint: 'Upload it first: PUT /v1/blobs.',
  })
}

async function checkModule(manifest: JobManifest, { modules }: SubmissionParts): Promise<void> {
  const module = await modules.get(manifest.module)
  if (module === undefined) {
    throw new PhaseError('unknownDigest', `Cannot accept the job: no module "${manifest.module}" is known here`, {
      pointer: '/module',
      hint: 'Upload it first: PUT /v1/modules with content type application/wasm.',
    })
  }
  const limit = manifest.resources?.memoryBytes
  const initial = module.memory?.initialBytes ?? 0
  if (limit === undefined || initial <= limit) return
  throw new PhaseError(
    'tooLarge',
    `Cannot accept the job: the module begins with ${initial} bytes of memory, more than the limit of ${limit}`,
    {
      pointer: '/resources/memoryBytes',
      hint: 'Raise resources.memoryBytes.',
    },
  )
}

/** What this node must keep itself, wherever the job runs; and all of it where it may only run here. */
function refuseWhatCannotBeKept(manifest: CompleteManifest, { peerId, limits, slots }: SubmissionParts): void {
  const here = manifest.placement === 'local' || manifest.placement === peerId
  if (here) {
    checkAgainstNode(manifest, { limits, slots })
    return
  }
  const anywhere = Number.MAX_SAFE_INTEGER
  checkAgainstNode(manifest, {
    limits: { ...limits, memoryBytes: anywhere, timeoutMs: anywhere },
    slots: anywhere,
  })
}

const sortedJson = (value: unknown): string =>
  JSON.stringify(value, (_key, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  )
