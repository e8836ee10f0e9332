/** What the node keeps: SQLite in a thread of its own, and files for large contents (DESIGN.md). */
import { statfs } from 'node:fs/promises'
import { BlobStore } from './blobs.ts'
import { storeFailure } from './failures.ts'
import { ContentFiles } from './files.ts'
import { JobStore } from './jobs.ts'
import { ModuleStore } from './modules.ts'
import type { StoreOptions, StoreStatistics } from './operations.ts'
import { PeerStore } from './peers.ts'
import { ReceiptStore } from './receipts.ts'
import { Room } from './room.ts'
import { StoreThread } from './thread.ts'

/** What the smallest job, or a module, asks for and a little more. */
const acceptBytesMin = 4096
/** Less is full: a large output and the log of its commit would not fit. */
const diskFreeBytesMin = 8 * 2 ** 20

export class Store {
  readonly jobs: JobStore
  readonly receipts: ReceiptStore
  readonly modules: ModuleStore
  readonly blobs: BlobStore
  readonly peers: PeerStore
  /** Asked by whoever the quota refuses; who sweeps makes it. */
  readonly room = new Room()
  private readonly thread: StoreThread
  private readonly files: ContentFiles
  private readonly directory: string
  private readonly bytesMax: number

  /** `nowMs` dates the use of contents; jobs bring their times with them. */
  constructor({ nowMs = Date.now, ...options }: StoreOptions & { nowMs?: () => number }) {
    const { directory, bytesMax } = options
    this.directory = directory
    this.bytesMax = bytesMax
    this.thread = new StoreThread(options)
    this.files = new ContentFiles(directory)
    this.jobs = new JobStore(this.thread, this.room)
    this.receipts = new ReceiptStore(this.thread)
    this.blobs = new BlobStore({ thread: this.thread, files: this.files, bytesMax, room: this.room, nowMs })
    this.modules = new ModuleStore(this.thread, this.blobs)
    this.peers = new PeerStore(this.thread)
  }

  /**
   * Makes the directory where there is none, takes it for this process alone, and removes what a crash left half done.
   * @throws {PhaseError} `conflict` where another node has the directory, `unsupported` where a newer version wrote it, `unavailable`,
   * `quotaExceeded`.
   */
  async start(): Promise<void> {
    await this.thread.start()
    try {
      const missing = await this.files.start(await this.thread.read('listContentsInFiles'))
      await Promise.all(missing.map(digest => this.thread.write('deleteContent', digest)))
    } catch (error) {
      await this.thread.stop()
      throw storeFailure(error, `open the store in "${this.directory}"`)
    }
  }

  /** Waits for what was asked for. Whoever asks later gets `unavailable`. */
  stop(): Promise<void> {
    return this.thread.stop()
  }

  /**
   * Why bytes cannot be kept now, for a person; `undefined` where they can. Asks the file system, and the database to write only where its last
   * write failed: it heals by itself. Where the quota has no room, what is too old makes room first, as for whoever asks for it.
   */
  async trouble(): Promise<string | undefined> {
    const { bavail, bsize } = await statfs(this.directory)
    if (bavail * bsize < diskFreeBytesMin) return 'the disk of the data directory is full'
    if (!(await this.thread.writable())) return 'nothing can be written to the data directory'
    return (await this.hasRoom(acceptBytesMin)) ? undefined : 'the store is full with what is too young to be deleted'
  }

  statistics(): Promise<StoreStatistics> {
    return this.thread.read('statistics')
  }

  private async hasRoom(bytes: number): Promise<boolean> {
    const { usedBytes } = await this.statistics()
    return usedBytes + bytes <= this.bytesMax || this.room.make(bytes)
  }
}
