/** What the thread of the database can be asked for. Reads are answered at once, writes after the commit of their group. */
import type { Job, JobTransition } from '../../phase/job.ts'
import type { ModuleInfo } from '../../phase/module.ts'
import type { Peer } from '../../phase/peer.ts'
import type { Content } from '../../phase/schema.ts'
import type { Database } from './database.ts'
import { ContentTable, type UnusedContent, useGrainMs } from './tables/contents.ts'
import { type Idempotency, type JobEvidence, JobTable } from './tables/jobs.ts'
import { ModuleTable } from './tables/modules.ts'
import { PeerTable } from './tables/peers.ts'
import { ReceiptTable } from './tables/receipts.ts'
import { Usage } from './usage.ts'

export interface StoreOptions {
  directory: string
  /** Quota of jobs, modules, blobs and outputs together. */
  bytesMax: number
}

export interface StoreStatistics {
  /** Transactions that wrote, since the start. */
  commits: number
  /** Bytes that count against the quota. */
  usedBytes: number
  /** SQLite's setting: 2 is FULL. */
  synchronous: number
}

export type Reads = ReturnType<typeof createOperations>['reads']
export type Writes = ReturnType<typeof createOperations>['writes']

export function createOperations(database: Database, options: StoreOptions) {
  const usage = new Usage(database)
  const contents = new ContentTable(database, usage, options.bytesMax)
  const receipts = new ReceiptTable(database)
  const jobs = new JobTable(database, usage, contents, receipts)
  const modules = new ModuleTable(database)
  const peers = new PeerTable(database)
  /** A content outlives every finished job that needs it, whatever the clocks said: it was used when that job ended, give or take the grain. */
  const unusedBefore = (beforeMs: number) => Math.min(beforeMs, jobs.firstFinishedAtMs() ?? beforeMs) - useGrainMs
  const statistics = (): StoreStatistics => ({
    commits: database.commits,
    usedBytes: contents.usedBytes(),
    synchronous: database.pragma('synchronous'),
  })
  const reads = {
    getJob: (id: string) => jobs.get(id),
    listJobs: (page: Parameters<JobTable['list']>[0]) => jobs.list(page),
    listUnfinishedJobs: () => jobs.listUnfinished(),
    countUnfinishedJobs: () => jobs.countUnfinished(),
    listEvents: (id: string, after: number, limit: number) => jobs.listEvents(id, after, limit),
    getRequest: (id: string) => jobs.getRequest(id),
    listReceipts: (jobId: string) => receipts.listByJob(jobId),
    getModule: (digest: string) => modules.get(digest),
    listModules: (page: Parameters<ModuleTable['list']>[0]) => modules.list(page),
    getContent: (digest: string) => contents.get(digest),
    listUnusedContents: (beforeMs: number, limit: number) => contents.listUnused(unusedBefore(beforeMs), limit),
    readContent: (digest: string) => contents.read(digest),
    listContentsInFiles: () => contents.listInFiles(),
    listPeers: (limit: number) => peers.list(limit),
    holds: (submitter: string, digest: string) => peers.holds(submitter, digest),
    statistics,
  }
  const writes = {
    createJob: (job: Job, idempotency: Idempotency | undefined, contents: readonly Uint8Array[]) =>
      jobs.create(job, idempotency, contents),
    applyToJob: (id: string, event: JobTransition, evidence: JobEvidence) => jobs.apply(id, event, evidence),
    putModule: (info: ModuleInfo) => modules.put(info),
    deleteFinishedJobs: (beforeMs: number, limit: number) => jobs.deleteFinished(beforeMs, limit),
    putContent: (content: Content, bytes: Uint8Array | undefined, nowMs: number) => contents.put(content, bytes, nowMs),
    useContent: (digest: string, nowMs: number) => contents.use(digest, nowMs),
    sweepContent: (content: UnusedContent, { nowMs, spared }: { nowMs: number; spared: boolean }) => {
      if (!spared && !jobs.needs(content.digest)) return contents.deleteUnused(content)
      contents.use(content.digest, nowMs)
      return undefined
    },
    deleteContent: (digest: string) => contents.delete(digest),
    /** A write that means nothing: what stays the same would not be written. */
    touch: () => void database.sql('UPDATE usage SET touches = touches + 1').run(),
    putPeer: (peer: Peer) => peers.put(peer),
    deletePeer: (peerId: string) => peers.delete(peerId),
    hold: (submitter: string, digest: string) => peers.hold(submitter, digest),
  }
  return { reads, writes }
}
