/** One execution of one job, from the signed request to a settled result: here, or on a peer. The same steps, the same checks. */

import { isPhaseError, PhaseError } from '../../phase/errors.ts'
import { didOfPeerId } from '../../phase/identity.ts'
import type { Job, JobEnd, JobEvent, JobTransition } from '../../phase/job.ts'
import { type SignedRequest, signRequest } from '../../phase/request.ts'
import type { Ed25519, Signer } from '../../phase/signature.ts'
import type { ExecutionEnd } from '../../phase/wire.ts'
import type { OfferSink, P2p } from '../p2p/p2p.ts'
import type { BlobStore } from '../store/blobs.ts'
import type { JobStore } from '../store/jobs.ts'
import { contentOfBytes } from './content.ts'
import { Gathered } from './gathered.ts'
import { type Input, inlineContentBytesMax } from './input.ts'
import { settle } from './settle.ts'
import type { Worker } from './worker.ts'

export interface DeliveryParts {
  identity: Signer & { peerId: string }
  ed25519: Ed25519
  worker: Pick<Worker, 'take' | 'watch' | 'cancel' | 'settle'>
  p2p: Pick<P2p, 'offer'>
  blobs: Pick<BlobStore, 'put' | 'bytes'>
  input: Pick<Input, 'of'>
  apply: (
    id: string,
    event: JobTransition,
    also?: Parameters<JobStore['apply']>[2],
  ) => Promise<{ job: Job; event: JobEvent }>
  now: () => string
}

/**
 * Runs `job` on `peerId` and writes how it ended. A result that says "not here" (memoryExhausted, internal, cancelled unasked) or that does not
 * fit is thrown, as `unavailable` and `protocol`: the job is not ended by it.
 * @throws {PhaseError} what the executor refused with, `unavailable` when it was lost, `cancelled` after `signal`.
 */
export async function deliver(job: Job, peerId: string, parts: DeliveryParts, signal: AbortSignal): Promise<void> {
  const signed = signRequest(
    {
      manifest: job.manifest,
      jobId: job.id,
      replica: 0,
      attempt: job.attempt,
      executor: didOfPeerId(peerId),
      issuedAt: parts.now(),
    },
    parts.identity,
  )
  const sink = new ResultSink(job, signed, parts, signal)
  sink.write({ type: 'assigned', attempt: job.attempt, at: parts.now(), executor: peerId }, { request: signed })
  try {
    if (peerId === parts.identity.peerId) await runHere(job, signed, sink, parts, signal)
    else await runThere(job, peerId, signed, sink, parts, signal)
  } finally {
    // Whoever asks next where the job stands must not be answered from before these writes.
    await sink.written.catch(() => {})
  }
}

/** Ends of one execution that another executor may well do better. */
const elsewhereReasons = ['memoryExhausted', 'internal', 'cancelled']

/** What an executor may need beyond what the manifest allows: bytes on their way, a compilation, a busy machine. */
const graceMs = 30_000

/** Takes what an executor sends, in order; believes it only in `ended`. */
class ResultSink implements OfferSink {
  private readonly job: Job
  private readonly signed: SignedRequest
  private readonly parts: DeliveryParts
  private readonly signal: AbortSignal
  private readonly outputs = { stdout: new Gathered(), stderr: new Gathered() }
  private size = 0
  /** All writes but the last: resolves when they are durable. */
  written: Promise<unknown> = Promise.resolve()

  constructor(job: Job, signed: SignedRequest, parts: DeliveryParts, signal: AbortSignal) {
    this.job = job
    this.signed = signed
    this.parts = parts
    this.signal = signal
  }

  /** Written in order by the store; nobody waits for it but the end, which a failure here fails. */
  write(event: JobTransition, also?: Parameters<JobStore['apply']>[2]): void {
    const written = this.parts.apply(this.job.id, event, also)
    this.written = Promise.all([this.written, written])
    this.written.catch(() => {})
  }

  async accepted(): Promise<void> {}

  async started(): Promise<void> {
    this.write({ type: 'started', attempt: this.job.attempt, at: this.parts.now() })
  }

  async progress(detail: string): Promise<void> {
    this.write({ type: 'progress', attempt: this.job.attempt, at: this.parts.now(), detail })
  }

  async output(stream: 'stdout' | 'stderr', bytes: Uint8Array): Promise<void> {
    this.size += bytes.length
    const limit = this.job.manifest.resources.outputBytes
    if (this.size > limit)
      throw new PhaseError('protocol', `Cannot accept the result: output passes the limit of ${limit} bytes`)
    this.outputs[stream].append(bytes)
  }

  async ended(end: ExecutionEnd, receipt: Uint8Array | undefined): Promise<{ receiptId?: string }> {
    const [stdout, stderr] = [this.outputs.stdout.bytes, this.outputs.stderr.bytes]
    const received = { end, receipt, stdout: contentOfBytes(stdout), stderr: contentOfBytes(stderr) }
    const concluded = settle(this.signed, received, this.parts.ed25519)
    if (
      elsewhereReasons.includes(end.reason) &&
      !(end.reason === 'cancelled' && isPhaseError(this.signal.reason, 'cancelled'))
    ) {
      throw new NotHere(concluded)
    }
    const kept = [stdout, stderr].filter(bytes => bytes.length > 0)
    const large = kept.filter(bytes => bytes.length > inlineContentBytesMax)
    await Promise.all(large.map(bytes => this.parts.blobs.put(bytes, { bytesMax: bytes.length })))
    await this.written
    await this.parts.apply(
      this.job.id,
      { type: 'finished', attempt: this.job.attempt, at: this.parts.now(), ...concluded },
      {
        ...(receipt === undefined ? {} : { receipt: { id: concluded.receiptId as string, envelope: receipt } }),
        contents: kept.filter(bytes => bytes.length <= inlineContentBytesMax),
      },
    )
    return concluded.receiptId === undefined ? {} : { receiptId: concluded.receiptId }
  }
}

/** An execution ended without a result that counts, for a reason that lies with its executor. */
export class NotHere extends PhaseError {
  readonly end: JobEnd

  constructor(end: JobEnd) {
    super(
      'unavailable',
      `Cannot use the result: the executor ended it with "${end.reason}"${end.detail === undefined ? '' : `, ${end.detail}`}`,
    )
    this.end = end
  }
}

async function runHere(
  job: Job,
  signed: SignedRequest,
  sink: ResultSink,
  parts: DeliveryParts,
  signal: AbortSignal,
): Promise<void> {
  const { worker, identity } = parts
  const fetch = () => Promise.reject(new PhaseError('internal', 'Cannot fetch from this node itself'))
  const stdin = await parts.input.of(job)
  const offer = {
    submitter: identity.peerId,
    request: signed.envelope,
    fetch,
    ...(stdin === undefined ? {} : { stdin }),
  }
  const key = await worker.take(offer, signal).catch((cause: unknown) => {
    throw isPhaseError(cause)
      ? new PhaseError('refused', `This node refused the job: ${cause.message}`, { cause })
      : cause
  })
  const cancel = () => void worker.cancel(key).catch(() => {})
  signal.addEventListener('abort', cancel, { once: true })
  if (signal.aborted) cancel()
  try {
    for await (const event of worker.watch(key, new AbortController().signal)) {
      if (event.type === 'started') await sink.started()
      else if (event.type === 'progress') await sink.progress(event.detail)
      else {
        await sink.output('stdout', event.stdout)
        await sink.output('stderr', event.stderr)
        await sink.ended(event.end, event.receipt)
      }
    }
  } finally {
    signal.removeEventListener('abort', cancel)
    await worker.settle(key, undefined)
  }
}

async function runThere(
  job: Job,
  peerId: string,
  signed: SignedRequest,
  sink: ResultSink,
  parts: DeliveryParts,
  signal: AbortSignal,
): Promise<void> {
  const { module, stdin, queueMs, timeoutMs } = job.manifest
  const inline = await parts.input.of(job)
  await parts.p2p.offer(
    peerId,
    {
      request: signed.envelope,
      jobId: job.id,
      attempt: job.attempt,
      ...(inline === undefined ? {} : { stdin: inline }),
      names: [module, stdin.digest],
      startMs: queueMs + graceMs,
      runMs: timeoutMs + graceMs,
      sink,
    },
    signal,
  )
}
