/** A module of the hostile corpus as a stranger's job on a real node, over REST. */
import { type Hostile, usual } from '../../machine/testing/hostile/corpus.ts'
import { fuelMax } from '../../phase/limits.ts'
import type { Client } from './client.ts'

/** What a guest that never ends is given on the clock. */
export const endlessMs = 300

export interface Met {
  /** In the words of the corpus, which trap it was left out; of a refusal its message. */
  ended: string
  uploadMs: number
  /** From submission to the end; 0 where nothing ran. */
  runMs: number
  jobId?: string
}

/** Uploads it and, where it is let in, runs it: with its budget, or, where it has no end, with `endlessMs` and no budget to speak of. */
export async function meet(client: Client, hostile: Hostile): Promise<Met> {
  const bytes = await hostile.make()
  const begun = performance.now()
  const { status, body } = await answer(client, 'PUT', '/v1/modules', bytes, 'application/wasm')
  const uploadMs = performance.now() - begun
  if (status >= 400) return { ended: `${String(body['code'])}: ${String(body['detail'])}`, uploadMs, runMs: 0 }
  const submitted = performance.now()
  const job = JSON.stringify(manifestOf(String(body['digest']), hostile))
  const accepted = await answer(client, 'POST', '/v1/jobs', Buffer.from(job), 'application/json')
  if (accepted.status >= 400) return { ended: String(accepted.body['code']), uploadMs, runMs: 0 }
  const jobId = String(accepted.body['id'])
  const { reason, exitCode } = await client.ended(jobId)
  const ended = exitCode === undefined ? String(reason) : `${reason} ${exitCode}`
  return { ended, uploadMs, runMs: performance.now() - submitted, jobId }
}

/** What `meet` has to say of it. */
export function expected({ ends, endless }: Hostile): string | RegExp {
  if (typeof ends !== 'string') return ends
  if (ends === 'moduleRejected') return 'tooLarge'
  return endless ? 'timedOut' : ends.replace(/^(trapped) .*/, '$1')
}

export const limitMsOf = ({ endless }: Hostile): number => (endless ? endlessMs : 30_000)

function manifestOf(module: string, hostile: Hostile): object {
  const { memoryBytes, outputBytes, fuel, stdinBytes } = { ...usual, ...hostile }
  return {
    module,
    args: hostile.args ?? [],
    stdin: { base64: Buffer.alloc(stdinBytes).toString('base64') },
    resources: { memoryBytes, outputBytes, fuel: hostile.endless ? fuelMax : fuel },
    timeoutMs: limitMsOf(hostile),
    capabilities: hostile.capabilities ?? [],
  }
}

async function answer(client: Client, method: string, path: string, body: Uint8Array, type: string) {
  const init = { method, headers: { 'content-type': type }, body: body as BodyInit }
  const response = await fetch(client.url + path, init)
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}
