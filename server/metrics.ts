/** Every metric of the node, declared once (https://prometheus.io/docs/practices/naming/). */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** What is read when somebody scrapes, not when it changes. */
export interface Gauges {
  queuedJobs?: () => number
  unfinishedJobs?: () => number
  slotsUsed?: () => number
  slots?: () => number
  peers?: () => number
  connections?: () => number
  eventStreams?: () => number
  storeBytes?: () => Promise<number>
  storeBytesMax?: () => number
}

const gaugeHelp: Record<keyof Gauges, [name: string, help: string]> = {
  queuedJobs: ['plasm_jobs_queued', 'Jobs that wait for a node'],
  unfinishedJobs: ['plasm_jobs_unfinished', 'Jobs that have not ended'],
  slotsUsed: ['plasm_slots_used', 'Execution slots in use or waited for'],
  slots: ['plasm_slots', 'Execution slots of this node'],
  peers: ['plasm_peers', 'Executors that this node knows'],
  connections: ['plasm_p2p_connections', 'Open p2p connections'],
  eventStreams: ['plasm_event_subscribers', 'Open subscriptions to job events'],
  storeBytes: ['plasm_store_bytes', 'Bytes of jobs, modules, blobs and outputs, as they count in the quota'],
  storeBytesMax: ['plasm_store_max_bytes', 'The quota of plasm_store_bytes'],
}

const requestBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
const runBuckets = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800, 7200, 86_400]

export class Metrics {
  readonly contentType: string
  private readonly registry = new Registry()
  private readonly requests: Histogram<'method' | 'route' | 'status'>
  private readonly acceptedJobs: Counter
  private readonly jobs: Counter<'state' | 'reason'>
  private readonly jobSeconds: Histogram<'state'>
  private readonly runs: Histogram<'outcome'>
  private readonly kills: Counter<'reason'>
  private readonly offers: Counter<'outcome'>
  private readonly uploadBytes: Counter<'kind'>
  private readonly sweptItems: Counter<'kind'>
  private readonly sweptBytes: Counter

  constructor() {
    const registers = [this.registry]
    this.contentType = this.registry.contentType
    this.requests = new Histogram({
      name: 'plasm_http_request_duration_seconds',
      help: 'HTTP requests, from head to answer',
      labelNames: ['method', 'route', 'status'],
      buckets: requestBuckets,
      registers,
    })
    this.acceptedJobs = new Counter({ name: 'plasm_jobs_accepted_total', help: 'Jobs that were accepted', registers })
    this.jobs = new Counter({
      name: 'plasm_jobs_total',
      help: 'Jobs that have ended, by state and reason',
      labelNames: ['state', 'reason'],
      registers,
    })
    this.jobSeconds = new Histogram({
      name: 'plasm_job_duration_seconds',
      help: 'Jobs, from acceptance to end',
      labelNames: ['state'],
      buckets: runBuckets,
      registers,
    })
    this.runs = new Histogram({
      name: 'plasm_executor_run_duration_seconds',
      help: 'Executions on this node by how they ended',
      labelNames: ['outcome'],
      buckets: runBuckets,
      registers,
    })
    this.kills = new Counter({
      name: 'plasm_executor_kills_total',
      help: 'Child processes that were killed in the middle of their task, by why',
      labelNames: ['reason'],
      registers,
    })
    this.offers = new Counter({
      name: 'plasm_offers_total',
      help: 'Offers to other nodes by how they ended: settled, or an error code',
      labelNames: ['outcome'],
      registers,
    })
    this.uploadBytes = new Counter({
      name: 'plasm_upload_bytes_total',
      help: 'Bytes of modules and blobs that clients sent',
      labelNames: ['kind'],
      registers,
    })
    this.sweptItems = new Counter({
      name: 'plasm_store_swept_total',
      help: 'Ended jobs and contents that were deleted for their age',
      labelNames: ['kind'],
      registers,
    })
    this.sweptBytes = new Counter({
      name: 'plasm_store_swept_bytes_total',
      help: 'Bytes of the contents that were deleted for their age',
      registers,
    })
    collectDefaultMetrics({ register: this.registry, prefix: 'plasm_' })
  }

  /** What is known only by asking. Each may be given once. */
  observe(gauges: Gauges): void {
    for (const key of Object.keys(gauges) as (keyof Gauges)[]) {
      const read = gauges[key]
      if (read === undefined) continue
      const [name, help] = gaugeHelp[key]
      const gauge = new Gauge({
        name,
        help,
        registers: [],
        async collect() {
          // What cannot be said now leaves the rest to be said.
          this.set(await Promise.resolve(read()).catch(() => Number.NaN))
        },
      })
      this.registry.registerMetric(gauge)
    }
  }

  answered(request: { method: string; route: string; status: number }, seconds: number): void {
    this.requests.observe({ ...request, status: String(request.status) }, seconds)
  }

  accepted(): void {
    this.acceptedJobs.inc()
  }

  /** A job has ended; `seconds` since it was accepted, where they are known. */
  job(state: string, reason = '', seconds?: number): void {
    this.jobs.inc({ state, reason })
    if (seconds !== undefined) this.jobSeconds.observe({ state }, seconds)
  }

  ran(outcome: string, seconds: number): void {
    this.runs.observe({ outcome }, seconds)
  }

  killed(reason: string): void {
    this.kills.inc({ reason })
  }

  offered(outcome: string): void {
    this.offers.inc({ outcome })
  }

  uploaded(kind: 'module' | 'blob', bytes: number): void {
    this.uploadBytes.inc({ kind }, bytes)
  }

  swept({ jobs, contents, bytes }: { jobs: number; contents: number; bytes: number }): void {
    this.sweptItems.inc({ kind: 'job' }, jobs)
    this.sweptItems.inc({ kind: 'content' }, contents)
    this.sweptBytes.inc(bytes)
  }

  /** The exposition format, as `contentType` says. */
  text(): Promise<string> {
    return this.registry.metrics()
  }
}
