/**
 * Large contents as files: `blobs/ab/cdef…`, after the hex of their digest. A file appears there whole and durable or not at all: it is
 * written under a name of no meaning, synced, renamed, and the directory synced.
 */
import { randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { digestHex, isDigest } from '../../phase/digest.ts'
import { PhaseError } from '../../phase/errors.ts'

/** Read and written at once: large enough for the disk, small enough that a reader in no hurry costs little. */
const chunkBytes = 256 * 1024

export class ContentFiles {
  private readonly blobs: string
  private readonly incoming: string

  constructor(directory: string) {
    this.blobs = join(directory, 'blobs')
    this.incoming = join(directory, 'incoming')
  }

  /** Removes what a crash left half done: files on their way in, and files that no `digests` name. Answers the digests without a file. */
  async start(digests: readonly string[]): Promise<string[]> {
    await rm(this.incoming, { recursive: true, force: true })
    await mkdir(this.incoming, { recursive: true, mode: 0o700 })
    await mkdir(this.blobs, { recursive: true, mode: 0o700 })
    const missing = new Set(digests)
    for (const shard of await readdir(this.blobs)) {
      for (const rest of await readdir(join(this.blobs, shard))) {
        if (!missing.delete(`sha256:${shard}${rest}`)) await rm(join(this.blobs, shard, rest), { recursive: true })
      }
    }
    return [...missing]
  }

  /** An empty file on its way in. The caller publishes or discards it. */
  async create(): Promise<IncomingFile> {
    const path = join(this.incoming, randomUUID())
    return new IncomingFile(path, await open(path, 'wx', 0o600))
  }

  /** Once this resolves the bytes are there under their digest, whatever crashes. */
  async publish(file: IncomingFile, digest: string): Promise<void> {
    const path = this.pathOf(digest)
    const shard = join(path, '..')
    await file.handle.sync()
    await file.handle.close()
    const made = await mkdir(shard, { recursive: true, mode: 0o700 })
    await rename(file.path, path)
    await syncDirectory(shard)
    if (made !== undefined) await syncDirectory(this.blobs)
  }

  /** `undefined` where there is no file of that size: somebody has removed or cut it. */
  async open(digest: string, size: number): Promise<FileHandle | undefined> {
    try {
      const handle = await open(this.pathOf(digest), 'r')
      if ((await handle.stat()).size === size) return handle
      await handle.close()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
    return undefined
  }

  async delete(digest: string): Promise<void> {
    await rm(this.pathOf(digest), { force: true })
  }

  /** The one place where a name becomes a path: only a digest can be one. */
  private pathOf(digest: string): string {
    const hex = digestHex(checkDigest(digest))
    return join(this.blobs, hex.slice(0, 2), hex.slice(2))
  }
}

export class IncomingFile {
  readonly path: string
  readonly handle: FileHandle

  constructor(path: string, handle: FileHandle) {
    this.path = path
    this.handle = handle
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.handle.writeFile(bytes)
  }

  /** Also after `publish`, for nothing. */
  async discard(): Promise<void> {
    await this.handle.close().catch(() => {})
    await rm(this.path, { force: true })
  }
}

/** The bytes of `handle` from `offset` on. Closes it. */
export async function* readChunks(handle: FileHandle, offset: number): AsyncGenerator<Uint8Array> {
  try {
    for (let at = offset; ; ) {
      const { bytesRead, buffer } = await handle.read(new Uint8Array(chunkBytes), 0, chunkBytes, at)
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
      at += bytesRead
    }
  } finally {
    await handle.close()
  }
}

/** @throws {PhaseError} `invalid` for anything that is not the spelling of a digest. */
export function checkDigest(digest: string): string {
  if (isDigest(digest)) return digest
  throw new PhaseError(
    'invalid',
    `Cannot use "${digest.slice(0, 80)}" as a digest: sha256: and 64 lowercase hex digits were expected`,
  )
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
