/** Jobs, peers and bytes to store. */
import { randomBytes, randomUUIDv7 } from 'node:crypto'
import { emptyContent } from '../../../phase/digest.ts'
import type { Job } from '../../../phase/job.ts'
import { completeManifest, taskDigest } from '../../../phase/manifest.ts'
import type { ModuleInfo } from '../../../phase/module.ts'
import type { Peer } from '../../../phase/peer.ts'

export const executor = `12D3KooW${'A'.repeat(44)}`
export const at = '2026-11-24T09:00:00.000Z'
export const digestLike = (number: number) => `sha256:${number.toString(16).padStart(64, '0')}`

const manifest = completeManifest({ module: digestLike(1) }, { stdin: emptyContent, nonce: 'ab'.repeat(16) })
const task = taskDigest(manifest)

export const newJob = (createdAt = at): Job => ({
  id: randomUUIDv7(),
  state: 'queued',
  attempt: 1,
  manifest,
  taskDigest: task,
  sequence: 1,
  createdAt,
  queuedAt: createdAt,
})

export const newModule = (number: number): ModuleInfo => ({
  digest: digestLike(number),
  size: number,
  imports: [],
  exports: [],
  createdAt: at,
})

export const newPeer = (number: number): Peer => ({
  peerId: `12D3KooW${String(number).padStart(44, 'A')}`,
  did: `did:key:z6Mk${String(number).padStart(44, 'A')}`,
  addresses: [],
  version: '0',
  profiles: [],
  limits: { memoryBytes: 1, outputBytes: 1, stdinBytes: 1, moduleBytes: 1, timeoutMs: 1 },
  slots: 1,
  load: 0,
  latencyUs: number,
  lastSeenAt: new Date(Date.parse(at) + number).toISOString(),
})

export const assigned = { type: 'assigned', attempt: 1, at, executor } as const
export const started = { type: 'started', attempt: 1, at } as const
export const finished = { type: 'finished', attempt: 1, at, reason: 'exited', exitCode: 0 } as const

/** A source that gives `size` random bytes in parts that fit no other size. */
export function stream(size: number): { bytes: Uint8Array; source: AsyncIterable<Uint8Array> } {
  const bytes = randomBytes(size)
  return { bytes, source: parts(bytes) }
}

async function* parts(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 10_007) yield bytes.subarray(at, at + 10_007)
}
