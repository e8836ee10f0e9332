import { platform } from '#platform'
import { hex } from '../../../phase/bytes.ts'
import {
  JobFailedError,
  NotFinishedError,
  NotFoundError,
  ProtocolError,
  TimeoutError,
  UnknownDigestError,
} from './errors.ts'
import { Evidence } from './evidence.ts'
import { FetchTransport } from './fetch-transport.ts'
import { Api } from './generated/api.ts'
import type { Job, JobEvent, JobManifest, NodeStatus, Peer, Verification } from './generated/models.ts'
import { type JobOptions, millisecondsOf, readOptions } from './options.ts'
import { Output } from './output.ts'
import { inOurWords } from './phase-errors.ts'
import type { Receipt, VerifyOptions } from './receipt.ts'
import { pause } from './retry.ts'
import type { Fetch, RequestOptions, Transport } from './transport.ts'
import { digestOf, type Module, moduleUpload, stdinOf, type Upload } from './uploads.ts'
import type { Verifier } from './verifier.ts'

const localUrl = 'http://127.0.0.1:7527'
/** One answer is waited for so long before it is asked for again: proxies cut what says nothing. */
const waitSecondsMax = 25
/** Between two questions for a result, at least. */
const askAgainMs = 250
const stderrTailBytes = 4096

export interface PlasmOptions {
  /** Where the node's API is; PLASM_URL, else the local default. */
  url?: string | undefined
  /** PLASM_TOKEN, else none. */
  token?: string | undefined
  /** For one call: seconds, or "500ms". */
  timeout?: number | string | undefined
  /** Further tries, only of calls that may be repeated. */
  maxRetries?: number | undefined
  /** did:keys or peer ids of which one must have signed a receipt: without any, the node is trusted for whose key it is. */
  executors?: readonly string[] | undefined
  /** Instead of the browser's, or node:http. */
  fetch?: Fetch | undefined
  /** Instead of all that is above, but for `executors`. */
  transport?: Transport | undefined
}

export interface WaitOptions {
  signal?: AbortSignal | undefined
  /** Seconds, or "500ms"; as long as it takes unless given. */
  timeout?: number | string | undefined
}

/**
 * A Plasm node, as a program uses it:
 *
 *     const plasm = new Plasm()
 *     const jobId = await plasm.submit('hello.wasm', { cpu: 1 })
 *     console.log((await plasm.result(jobId)).text())
 *
 * Everything throws PlasmError. The generated API stays in reach: `plasm.api.getJob(jobId)`.
 */
export class Plasm {
  readonly api: Api
  private readonly evidence = new Evidence()
  private readonly verifier: () => Promise<Verifier>

  /** @throws {ArgumentError} */
  constructor(options: PlasmOptions = {}) {
    const { timeout, executors = [], transport } = options
    const chosen =
      transport ??
      new FetchTransport({
        url: options.url ?? (platform.environment('PLASM_URL') || localUrl),
        token: options.token ?? (platform.environment('PLASM_TOKEN') || undefined),
        timeoutMs: timeout === undefined ? undefined : millisecondsOf('timeout', timeout),
        maxRetries: options.maxRetries,
        fetch: options.fetch,
      })
    this.api = new Api(chosen)
    // Loaded only for those who verify: what judges a receipt is the larger part of this library.
    this.verifier = async () => {
      const { Verifier } = await import('./verifier.ts')
      return new Verifier({ api: this.api, transport: chosen, evidence: this.evidence, executors })
    }
  }

  /** Runs a module; answers with the job's id once the node has accepted it. */
  async submit(module: Module, options: JobOptions & { signal?: AbortSignal | undefined } = {}): Promise<string> {
    const { signal, ...rest } = options
    const { manifest, stdin: given, idempotencyKey = randomHex() } = inOurWords(() => readOptions(rest, randomHex))
    const code = await moduleUpload(module, this.api)
    const { stdin, content, upload } = await stdinOf(given, this.api, { signal })
    const sent: JobManifest = { ...manifest, module: code.digest, stdin }
    const job = await this.create(sent, idempotencyKey, [code, ...(upload === undefined ? [] : [upload])], { signal })
    this.evidence.sent(job.id, { manifest: sent, stdin: content })
    return job.id
  }

  /** Where the job stands now. */
  async status(jobId: string, options: { signal?: AbortSignal | undefined } = {}): Promise<Job> {
    return await this.api.getJob(jobId, options)
  }

  /**
   * The job, once it has ended, however it ended; `onEvent` hears of each step on the way.
   * @throws {TimeoutError} the job itself goes on.
   */
  async wait(jobId: string, options: WaitOptions & { onEvent?: (event: JobEvent) => void } = {}): Promise<Job> {
    const { signal, timeout, onEvent } = options
    const leftMs = stopwatch(timeout)
    for await (const event of this.follow(jobId, 0, { signal, timeoutMs: leftMs() })) onEvent?.(event)
    const job = await this.status(jobId, { signal })
    // A state that is new to this version is an end all the same: the stream says so.
    if (isEnded(job) || !isUnderWay(job)) return job
    throw new ProtocolError(`the end of job "${jobId}" after its last event`, job.state)
  }

  /**
   * What the job wrote to stdout; waits for it.
   * @throws {JobFailedError} with the job, its reason and the end of its stderr.
   * @throws {TimeoutError} the job itself goes on.
   */
  async result(jobId: string, options: WaitOptions = {}): Promise<Output> {
    const { signal, timeout } = options
    const leftMs = stopwatch(timeout)
    let output: Uint8Array<ArrayBuffer> | undefined
    while (output === undefined) {
      const seconds = Math.ceil(Math.min(waitSecondsMax, (leftMs() ?? Number.POSITIVE_INFINITY) / 1000))
      if (seconds === 0) throw new TimeoutError(`Job "${jobId}" has not ended in the time that was given; it goes on`)
      const askedMs = performance.now()
      try {
        output = await this.api.getJobOutput(jobId, { signal, prefer: `wait=${seconds}` })
      } catch (error) {
        if (error instanceof NotFinishedError) {
          // A node that answers at once, whatever wait was asked for, is not asked without end in between.
          const restMs = askedMs + askAgainMs - performance.now()
          await pause(Math.max(0, Math.min(restMs, leftMs() ?? restMs)), signal)
          continue
        }
        // Either there is no such job, which status() says, or it ended without output.
        if (!(error instanceof NotFoundError)) throw error
        const job = await this.status(jobId, { signal })
        throw isEnded(job) ? await this.failure(job, signal) : error
      }
    }
    const job = await this.status(jobId, { signal })
    if (job.state !== 'succeeded') throw await this.failure(job, signal)
    this.evidence.received(jobId, 'stdout', await digestOf(output))
    return new Output(output.buffer, output.byteOffset, output.length)
  }

  /** Every step of the job as it happens, the past ones first; ends with the job. Broken connections are taken up again. */
  events(
    jobId: string,
    options: WaitOptions & { after?: number | undefined } = {},
  ): AsyncGenerator<JobEvent, void, void> {
    const { signal, timeout, after = 0 } = options
    return this.follow(jobId, after, { signal, timeoutMs: stopwatch(timeout)() })
  }

  /** Asks for the job to be cancelled; its state says when that is done. */
  async cancel(jobId: string, options: { signal?: AbortSignal | undefined } = {}): Promise<Job> {
    return await this.api.cancelJob(jobId, options)
  }

  /** The signed receipt, byte for byte. Nothing is checked: see `verify`. */
  async receipt(jobId: string, options: { signal?: AbortSignal | undefined } = {}): Promise<Receipt> {
    return await (await this.verifier()).receipt(jobId, options)
  }

  /**
   * Checks a receipt here, against what this client sent and received. Without a pinned executor it shows that some key signed exactly
   * these inputs and outputs (assurance `signed`), and the node is trusted for whose key that is; with one: `pinned`.
   * @param receipt a job's id, or a receipt
   * @throws {ReceiptError} unless it is valid.
   */
  async verify(receipt: string | Receipt, options: VerifyOptions = {}): Promise<Verification> {
    return await (await this.verifier()).verify(receipt, options)
  }

  /** The executors that the node knows. */
  async peers(options: { signal?: AbortSignal | undefined } = {}): Promise<Peer[]> {
    return (await this.api.listPeers(options)).items
  }

  /** The same after asking the network now. */
  async discover(options: { signal?: AbortSignal | undefined } = {}): Promise<Peer[]> {
    return (await this.api.discoverPeers(options)).items
  }

  /** The node that this client talks to. */
  async node(options: { signal?: AbortSignal | undefined } = {}): Promise<NodeStatus> {
    return await this.api.getNode(options)
  }

  /** What a node shows again is shown once. */
  private async *follow(jobId: string, after: number, options: RequestOptions): AsyncGenerator<JobEvent, void, void> {
    let last = after
    for await (const event of this.api.streamJobEvents(jobId, { ...options, lastEventId: after || undefined })) {
      if (event.sequence <= last) continue
      last = event.sequence
      yield event
    }
  }

  /** A node that knows all digests needs no bytes: they are sent only after it has asked for them. */
  private async create(
    manifest: JobManifest,
    idempotencyKey: string,
    uploads: Upload[],
    options: RequestOptions,
  ): Promise<Job> {
    for (let tried = 0; ; tried++) {
      try {
        return await this.api.createJob(manifest, { ...options, idempotencyKey })
      } catch (error) {
        const missing = error instanceof UnknownDigestError ? uploads[error.pointer === '/module' ? 0 : 1] : undefined
        if (missing?.send === undefined || tried >= uploads.length) throw error
        await missing.send(options)
      }
    }
  }

  private async failure(job: Job, signal: AbortSignal | undefined): Promise<JobFailedError> {
    let tail = new Uint8Array(0)
    const keep = (bytes: Uint8Array) => {
      const both = new Uint8Array(tail.length + bytes.length)
      both.set(tail)
      both.set(bytes, tail.length)
      tail = both.slice(-stderrTailBytes)
    }
    if ((job.stderr?.size ?? 0) > 0) await this.api.getJobStderr(job.id, { signal, sink: keep })
    return new JobFailedError(job, new TextDecoder().decode(tail))
  }
}

const isUnderWay = ({ state }: Pick<Job, 'state'>): boolean => ['queued', 'assigned', 'running'].includes(state)
export const isEnded = ({ state }: Pick<Job, 'state'>): boolean => ['succeeded', 'failed', 'cancelled'].includes(state)

const randomHex = (): string => hex(platform.random(16))

/** How much of the time is left, in milliseconds; `undefined` where there is no end to it. */
function stopwatch(timeout: number | string | undefined): () => number | undefined {
  if (timeout === undefined) return () => undefined
  const deadlineMs = performance.now() + millisecondsOf('timeout', timeout)
  return () => Math.max(0, deadlineMs - performance.now())
}
