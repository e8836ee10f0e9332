import type { Job } from '../../phase/job.ts'
import { stdinInlineBytesMax } from '../../phase/limits.ts'
import type { BlobStore } from '../store/blobs.ts'

/** Contents up to this size are written with the job that they belong to, in one transaction. */
export const inlineContentBytesMax = 64 * 1024
/** Inputs of unfinished jobs in memory: those that came with the job need not be read again. */
const rememberedBytesMax = 32 * 1024 * 1024

/** The stdin of jobs, where it is small: kept with the job, and in memory until the job has ended. */
export class Input {
  private readonly blobs: Pick<BlobStore, 'put' | 'bytes'>
  private readonly remembered = new Map<string, Uint8Array>()
  private size = 0

  constructor(blobs: Pick<BlobStore, 'put' | 'bytes'>) {
    this.blobs = blobs
  }

  /** What is to be written with the job; larger bytes are kept now. @throws {PhaseError} `quotaExceeded`. */
  async keep(stdin: Uint8Array | undefined): Promise<Uint8Array[]> {
    if (stdin === undefined || stdin.length === 0) return []
    if (stdin.length <= inlineContentBytesMax) return [stdin]
    await this.blobs.put(stdin, { bytesMax: stdin.length })
    return []
  }

  remember(jobId: string, stdin: Uint8Array | undefined): void {
    if (stdin === undefined || stdin.length === 0 || this.size + stdin.length > rememberedBytesMax) return
    this.remembered.set(jobId, stdin)
    this.size += stdin.length
  }

  forget(jobId: string): void {
    this.size -= this.remembered.get(jobId)?.length ?? 0
    this.remembered.delete(jobId)
  }

  /** The bytes, where they travel inside the offer; `undefined` where the executor fetches them, or there are none. */
  async of({ id, manifest: { stdin } }: Job): Promise<Uint8Array | undefined> {
    if (stdin.size === 0 || stdin.size > stdinInlineBytesMax) return undefined
    return this.remembered.get(id) ?? (await this.blobs.bytes(stdin.digest))
  }
}
