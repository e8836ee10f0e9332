/** Bytes by digest: modules, stdin, outputs. Small ones lie in the database, larger ones in files. */
import { createHash, hash } from 'node:crypto'
import { PhaseError } from '../../phase/errors.ts'
import type { Content } from '../../phase/schema.ts'
import { owned } from './bytes.ts'
import { storeFailure } from './failures.ts'
import { type ContentFiles, checkDigest, type IncomingFile, readChunks } from './files.ts'
import { type Room, withRoom } from './room.ts'
import { partsOf } from './source.ts'
import { contentOverheadBytes, isStale, quotaExceeded, rowBytesMax, type UnusedContent } from './tables/contents.ts'
import type { StoreThread } from './thread.ts'
import { Turns } from './turns.ts'

/** Files on their way in: each holds a descriptor and some memory for as long as its sender likes. */
const incomingMax = 64

export interface PutOptions {
  bytesMax: number
  /** What the bytes must turn out to be. */
  digest?: string
  signal?: AbortSignal
}

type Stored = Content & { created: boolean }

export interface BlobParts {
  thread: StoreThread
  files: ContentFiles
  bytesMax: number
  room: Room
  nowMs: () => number
}

export class BlobStore {
  private readonly thread: StoreThread
  private readonly files: ContentFiles
  private readonly bytesMax: number
  private readonly room: Room
  private readonly nowMs: () => number
  private readonly turns = new Turns()
  private incoming = 0
  /** Bytes of files on their way in: they fill the disk before the quota counts them. */
  private incomingBytes = 0

  constructor({ thread, files, bytesMax, room, nowMs }: BlobParts) {
    this.thread = thread
    this.files = files
    this.bytesMax = bytesMax
    this.room = room
    this.nowMs = nowMs
  }

  /**
   * Always reads all of `source`, even where the digest is known already: who names bytes has not shown that he has them.
   * @throws {PhaseError} `tooLarge`, `digestMismatch`, `quotaExceeded`, `busy`, `cancelled` after `signal`, `invalid` for a source that
   * breaks off.
   */
  async put(source: AsyncIterable<Uint8Array> | Uint8Array, options: PutOptions): Promise<Stored> {
    if (options.digest !== undefined) checkDigest(options.digest)
    const parts = partsOf(source, options.signal)
    try {
      const begin: Uint8Array[] = []
      let size = 0
      while (size <= rowBytesMax) {
        const { done, value } = await parts.next()
        if (done) return await this.putSmall(Buffer.concat(begin, size), options)
        begin.push(value)
        size += value.length
        if (size > options.bytesMax) throw tooLarge(options.bytesMax)
      }
      return await this.putLarge(joined(begin, parts), options)
    } finally {
      await parts.return(undefined)
    }
  }

  /** Its size. Who gets it has the time to name it in a job: it is used now. @throws {PhaseError} `invalid` for what is no digest. */
  async get(digest: string): Promise<Content | undefined> {
    const content = await this.thread.read('getContent', checkDigest(digest))
    if (content === undefined || !(await this.use(digest, content))) return undefined
    return { digest, size: content.size }
  }

  /** Whether it is still there, having been used last at `usedAtMs`: it is used now. A disk that is full keeps nobody from reading. */
  async use(digest: string, content: { usedAtMs: number }): Promise<boolean> {
    const nowMs = this.nowMs()
    return !isStale(content, nowMs) || this.thread.write('useContent', digest, nowMs).catch(() => true)
  }

  /** From `offset` on, in chunks. @throws {PhaseError} `notFound`; `invalid` for an offset beyond the end. */
  async *read(digest: string, options: { offset?: number } = {}): AsyncGenerator<Uint8Array> {
    const offset = options.offset ?? 0
    const content = await this.thread.read('readContent', checkDigest(digest))
    if (content === undefined) throw notFound(digest)
    void this.use(digest, content)
    if (!Number.isSafeInteger(offset) || offset < 0 || offset > content.size) throw beyond(digest, offset, content.size)
    if (content.bytes !== undefined) {
      if (offset < content.size) yield content.bytes.subarray(offset)
      return
    }
    const handle = await this.files.open(digest, content.size).catch((error: unknown) => {
      throw storeFailure(error, `read "${digest}"`)
    })
    if (handle === undefined) {
      await this.forgetGone(digest)
      throw notFound(digest)
    }
    yield* readChunks(handle, offset)
  }

  /** All of it in memory. @throws {PhaseError} `notFound`. */
  async bytes(digest: string): Promise<Uint8Array> {
    const chunks: Uint8Array[] = []
    for await (const chunk of this.read(digest)) chunks.push(chunk)
    return chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks)
  }

  /** Nothing where it is not known. Who is reading it may read on. */
  async delete(digest: string): Promise<void> {
    await this.remove(checkDigest(digest), () => this.thread.write('deleteContent', digest))
  }

  /** Contents that nobody has needed since `beforeMs`, nor any finished job that is still there: the longest unused first. */
  listUnused(beforeMs: number, limit: number): Promise<UnusedContent[]> {
    return this.thread.read('listUnusedContents', beforeMs, limit)
  }

  /**
   * Deletes those of `contents` that nobody has used since they were listed. What an unfinished job needs, or `spared` names, is used now
   * instead. What is read meanwhile is read to its end. Answers those that are gone.
   */
  async sweep(contents: readonly UnusedContent[], spared: ReadonlySet<string>): Promise<UnusedContent[]> {
    const nowMs = this.nowMs()
    const gone = await Promise.all(
      contents.map(content =>
        this.remove(content.digest, () =>
          this.thread.write('sweepContent', content, { nowMs, spared: spared.has(content.digest) }),
        ),
      ),
    )
    return contents.filter((_, index) => gone[index])
  }

  /** The row first, in the content's turn: nobody puts it between the two. What a crash leaves is removed at the next start. */
  private remove(digest: string, deleteRow: () => Promise<boolean | undefined>): Promise<boolean> {
    return this.turns.take(digest, async () => {
      const inFile = await deleteRow()
      if (inFile) await this.files.delete(digest)
      return inFile !== undefined
    })
  }

  private async putSmall(bytes: Uint8Array, options: PutOptions): Promise<Stored> {
    const content = { digest: `sha256:${hash('sha256', bytes, 'hex')}`, size: bytes.length }
    checkExpected(content, options.digest)
    return { ...content, created: await this.putRow(content, owned(bytes)) }
  }

  private putRow(content: Content, bytes: Uint8Array | undefined): Promise<boolean> {
    return withRoom(this.room, content.size + contentOverheadBytes, () =>
      this.thread.write('putContent', content, bytes, this.nowMs()),
    )
  }

  private async putLarge(parts: AsyncGenerator<Uint8Array>, options: PutOptions): Promise<Stored> {
    if (this.incoming >= incomingMax) throw busy()
    this.incoming++
    const sha = createHash('sha256')
    let size = 0
    let file: IncomingFile | undefined
    try {
      let { usedBytes } = await this.thread.read('statistics')
      file = await this.files.create()
      for await (const part of parts) {
        size += part.length
        this.incomingBytes += part.length
        if (size > options.bytesMax) throw tooLarge(options.bytesMax)
        if (!this.hasRoom(usedBytes)) usedBytes = await this.makeRoom(size, options.signal)
        sha.update(part)
        await file.write(part)
      }
      return await this.keep(file, { digest: `sha256:${sha.digest('hex')}`, size }, options.digest)
    } catch (error) {
      throw storeFailure(error, 'store the bytes')
    } finally {
      await file?.discard()
      this.incoming--
      this.incomingBytes -= size
    }
  }

  /** Early, so that nobody fills the disk with what cannot be kept; the row's insertion decides. */
  private hasRoom(usedBytes: number): boolean {
    return usedBytes + this.incomingBytes + contentOverheadBytes <= this.bytesMax
  }

  /** The bytes that are used then. @throws {PhaseError} `quotaExceeded` where what is on its way, `size` of it this, has no room. */
  private async makeRoom(size: number, signal: AbortSignal | undefined): Promise<number> {
    for (let made = true; ; made = await this.room.make(this.incomingBytes + contentOverheadBytes, signal)) {
      const { usedBytes } = await this.thread.read('statistics')
      // Others come in meanwhile: what was enough room may be too little now.
      if (this.hasRoom(usedBytes)) return usedBytes
      if (!made) throw quotaExceeded(size, usedBytes, this.bytesMax)
    }
  }

  /** The file first, then its row: a row is a promise. What a crash between them leaves is removed at the next start. */
  private async keep(file: IncomingFile, content: Content, expected: string | undefined): Promise<Stored> {
    checkExpected(content, expected)
    return this.turns.take(content.digest, async () => {
      if ((await this.get(content.digest)) !== undefined) return { ...content, created: false }
      await this.files.publish(file, content.digest)
      try {
        return { ...content, created: await this.putRow(content, undefined) }
      } catch (error) {
        await this.files.delete(content.digest)
        throw error
      }
    })
  }

  /** Somebody has removed the file: the row goes too, so that who has the bytes can put them again. */
  private async forgetGone(digest: string): Promise<void> {
    await this.turns.take(digest, async () => {
      const content = await this.thread.read('readContent', digest)
      if (content === undefined || content.bytes !== undefined) return
      const handle = await this.files.open(digest, content.size)
      if (handle === undefined) await this.thread.write('deleteContent', digest)
      else await handle.close()
    })
  }
}

async function* joined(begin: readonly Uint8Array[], rest: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* begin
  yield* rest
}

function checkExpected(content: Content, expected: string | undefined): void {
  if (expected === undefined || content.digest === expected) return
  throw new PhaseError('digestMismatch', `Cannot store the bytes as "${expected}": they are "${content.digest}"`, {
    hint: 'Send the bytes again: they were changed on the way, or are others.',
  })
}

const tooLarge = (bytesMax: number) =>
  new PhaseError('tooLarge', `Cannot store the bytes: they exceed the limit of ${bytesMax} bytes`)

const busy = () =>
  new PhaseError('busy', `Cannot store the bytes: ${incomingMax} others are on their way in`, { retryAfterMs: 1_000 })

const notFound = (digest: string) => new PhaseError('notFound', `Cannot find content "${digest}"`)

const beyond = (digest: string, offset: number, size: number) =>
  new PhaseError('invalid', `Cannot read "${digest}" from offset ${offset}: it has ${size} bytes`)
