/** What a job wrote, passed on as it comes: to this command's own stdout and stderr, or into a document. */
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { Job, Plasm } from '../sdks/typescript/src/index.ts'
import type { Context } from './context.ts'

export interface Fetched {
  digest: string
  /** Only for a program: text where it is UTF-8, else base64. */
  document: { size: number; digest: string; text?: string; base64?: string } | undefined
}

export interface Outputs {
  stdout: Fetched
  stderr: Fetched
}

/** Calls `first` before anything is written. */
export async function fetchOutputs(plasm: Plasm, job: Job, context: Context, first: () => void): Promise<Outputs> {
  const { stdout, stderr } = context.terminal
  const read = (stream: 'stdout' | 'stderr', to: NodeJS.WriteStream) =>
    fetchOutput(plasm, job, stream, context.json ? undefined : sinkTo(to, first))
  const [out, err] = await Promise.all([read('stdout', stdout), read('stderr', stderr)])
  return { stdout: out, stderr: err }
}

/** Without a sink it is kept, for a document. */
export async function fetchOutput(
  plasm: Plasm,
  job: Job,
  stream: 'stdout' | 'stderr',
  sink: ((bytes: Uint8Array) => Promise<void> | void) | undefined,
): Promise<Fetched> {
  const hash = createHash('sha256')
  const kept: Uint8Array[] = []
  const content = job[stream]
  if ((content?.size ?? 0) > 0) {
    const collect = async (bytes: Uint8Array) => {
      hash.update(bytes)
      await (sink === undefined ? kept.push(bytes) : sink(bytes))
    }
    if (stream === 'stdout') await plasm.api.getJobOutput(job.id, { sink: collect })
    else await plasm.api.getJobStderr(job.id, { sink: collect })
  }
  const digest = `sha256:${hash.digest('hex')}`
  return {
    digest,
    document: sink !== undefined || content === undefined ? undefined : documentOf(Buffer.concat(kept), digest),
  }
}

/** As fast as the reader takes it. */
export function sinkTo(stream: NodeJS.WritableStream, first: () => void = () => undefined) {
  return async (bytes: Uint8Array): Promise<void> => {
    first()
    if (!stream.write(bytes)) await once(stream, 'drain')
  }
}

function documentOf(bytes: Buffer, digest: string) {
  const text = bytes.toString('utf8')
  const isText = Buffer.from(text).equals(bytes)
  return { size: bytes.length, digest, ...(isText ? { text } : { base64: bytes.toString('base64') }) }
}
