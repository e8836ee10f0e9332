/**
 * Runs signed requests on this node, whoever sent them: a peer over the job protocol, or this node itself. A job is known by
 * (submitter, jobId, replica, attempt); its result is kept until it is settled, or for a while after nobody came for it.
 */
import { randomBytes } from 'node:crypto'
import { hex } from '../../phase/bytes.ts'
import { emptyContent } from '../../phase/digest.ts'
import { isPhaseError, PhaseError } from '../../phase/errors.ts'
import { publicKeyOfPeerId } from '../../phase/identity.ts'
import { leaseMs, moduleBytesMax, resultTtlMs } from '../../phase/limits.ts'
import { checkAgainstNode, runOf } from '../../phase/manifest.ts'
import type { NodeLimits } from '../../phase/peer.ts'
import { makeBinding, makeClaim, signReceipt } from '../../phase/receipt.ts'
import { openRequest, type SignedRequest } from '../../phase/request.ts'
import type { Ed25519, Signer } from '../../phase/signature.ts'
import type { ExecutionEnd } from '../../phase/wire.ts'
import type { Execution, Executor } from '../executor/executor.ts'
import type { OfferTaker, TakenEvent, TakenKey } from '../p2p/p2p.ts'
import type { BlobStore } from '../store/blobs.ts'
import type { PeerStore } from '../store/peers.ts'
import { contentOfBytes } from './content.ts'
import { Slots } from './slots.ts'
import { Taken } from './taken.ts'

export interface WorkerParts {
  identity: Signer & { peerId: string; did: string }
  ed25519: Ed25519
  executor: Pick<Executor, 'run' | 'runtime'>
  blobs: Pick<BlobStore, 'get' | 'put' | 'bytes'>
  holdings: Pick<PeerStore, 'hold' | 'holds'>
  limits: NodeLimits
  slots: number
  /** Told of every execution: how it ended and how long it took. */
  ran?: (outcome: string, seconds: number) => void
}

/** Jobs that may wait for their bytes or a slot, for each slot: enough to keep it busy, few enough that a submitter looks elsewhere. */
const waitingPerSlot = 4
/** Finished jobs that nobody settled, and the bytes of their output; the oldest goes first. */
const unsettledMax = 4096
const unsettledBytesMax = 256 * 1024 * 1024

export class Worker implements OfferTaker {
  readonly slots: Slots
  private readonly parts: WorkerParts
  private readonly taken = new Map<string, Taken>()
  private readonly stopping = new AbortController()

  constructor(parts: WorkerParts) {
    this.parts = parts
    this.slots = new Slots(parts.slots)
  }

  /** Jobs that are waiting or running. */
  get active(): number {
    return [...this.taken.values()].filter(taken => taken.end === undefined).length
  }

  /** Digests of what jobs that have not ended need. */
  get needed(): string[] {
    return [...this.taken.values()].filter(taken => taken.end === undefined).flatMap(({ needs }) => needs)
  }

  /** Jobs that it has, those that have ended and nobody has settled among them. */
  get kept(): number {
    return this.taken.size
  }

  async take(offer: Parameters<OfferTaker['take']>[0], signal: AbortSignal): Promise<TakenKey> {
    const { identity, ed25519 } = this.parts
    const submitter = publicKeyOfPeerId(offer.submitter)
    const signed = openRequest(offer.request, { submitter, executor: identity.did }, ed25519)
    const key = keyOf(offer.submitter, signed)
    const known = this.taken.get(keyText(key))
    if (known !== undefined) {
      if (known.requestDigest === signed.digest) {
        await known.ready
        return key
      }
      throw new PhaseError(
        'conflict',
        `Cannot take job "${key.jobId}": attempt ${key.attempt} was asked for with another request`,
      )
    }
    this.admit(signed)
    const { module, stdin } = signed.request.manifest
    const taken = new Taken(key, signed.digest, [module, stdin.digest])
    this.taken.set(keyText(key), taken)
    const gathered = this.gather(offer, signed, signal)
    taken.ready = gathered
    try {
      const bytes = await gathered
      taken.running = this.perform(taken, signed, bytes)
      return key
    } catch (error) {
      this.taken.delete(keyText(key))
      throw error
    }
  }

  watch(key: TakenKey, signal: AbortSignal): AsyncIterable<TakenEvent> {
    return this.find(key).watch(signal)
  }

  async cancel(key: TakenKey): Promise<void> {
    this.find(key).cancel.abort()
  }

  async settle(key: TakenKey, _receiptId: string | undefined): Promise<void> {
    this.taken.get(keyText(key))?.forget()
    this.taken.delete(keyText(key))
  }

  /** Refuses new offers; resolves when what runs has ended. Aborting `signal` ends it at once, as cancelled. */
  async stop(signal: AbortSignal): Promise<void> {
    this.stopping.abort()
    const all = [...this.taken.values()]
    const abort = () => {
      for (const taken of all) taken.cancel.abort()
    }
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    await Promise.all(all.map(taken => taken.running))
    for (const taken of all) taken.forget()
  }

  private admit(signed: SignedRequest): void {
    if (this.stopping.signal.aborted) throw new PhaseError('busy', 'Cannot take the job: the node is stopping')
    checkAgainstNode(signed.request.manifest, { limits: this.parts.limits, slots: this.slots.total })
    const { active } = this
    if (active < this.slots.total * (1 + waitingPerSlot)) return
    throw new PhaseError('busy', `Cannot take the job: ${active} others run or wait for ${this.slots.total} slots`, {
      retryAfterMs: 500,
    })
  }

  /** The module stays in the store until the executor asks for it; stdin is needed for sure. */
  private async gather(
    offer: Parameters<OfferTaker['take']>[0],
    { request: { manifest } }: SignedRequest,
    signal: AbortSignal,
  ): Promise<{ stdin: Uint8Array }> {
    await this.obtain(offer, { digest: manifest.module, kind: 'module', sizeMax: moduleBytesMax }, signal)
    if (manifest.stdin.size === 0 && manifest.stdin.digest === emptyContent.digest) return { stdin: new Uint8Array(0) }
    if (offer.stdin !== undefined && offer.stdin.length > 0) {
      const content = contentOfBytes(offer.stdin)
      if (content.digest === manifest.stdin.digest && content.size === manifest.stdin.size)
        return { stdin: offer.stdin }
      throw new PhaseError('digestMismatch', 'Cannot take the job: stdin in the offer is not what the request names')
    }
    const { digest, size: sizeMax } = manifest.stdin
    await this.obtain(offer, { digest, kind: 'stdin', sizeMax }, signal)
    const stdin = await this.parts.blobs.bytes(manifest.stdin.digest)
    if (stdin.length === manifest.stdin.size) return { stdin }
    throw new PhaseError('digestMismatch', 'Cannot take the job: stdin has another size than the request says')
  }

  /** A digest is a name, not permission: only what this submitter has sent counts as present. */
  private async obtain(
    offer: Parameters<OfferTaker['take']>[0],
    wanted: { digest: string; kind: 'module' | 'stdin'; sizeMax: number },
    signal: AbortSignal,
  ): Promise<void> {
    const { blobs, holdings, identity } = this.parts
    const own = offer.submitter === identity.peerId
    // Looked up when the executor wants it: most often a child has it compiled.
    if (own && wanted.kind === 'module') return
    if (
      (own || (await holdings.holds(offer.submitter, wanted.digest))) &&
      (await blobs.get(wanted.digest)) !== undefined
    )
      return
    if (own) throw new PhaseError('unknownDigest', `Cannot take the job: ${wanted.kind} "${wanted.digest}" is gone`)
    const { digest, sizeMax } = wanted
    const source = await offer.fetch({ digest, sizeMax }, signal)
    await blobs.put(source, { bytesMax: wanted.sizeMax, digest: wanted.digest, signal })
    await holdings.hold(offer.submitter, wanted.digest)
  }

  private async perform(taken: Taken, signed: SignedRequest, bytes: { stdin: Uint8Array }): Promise<void> {
    const { manifest } = signed.request
    try {
      await this.slots.acquire(manifest.resources.cpu, taken.cancel.signal)
    } catch (error) {
      this.finish(taken, fault('cancelled', isPhaseError(error) ? error.message : 'cancelled'))
      return
    }
    try {
      taken.push({ type: 'started' })
      const execution = await this.execute(signed, bytes.stdin, taken.cancel.signal)
      this.finish(taken, this.conclude(signed, execution))
    } catch (error) {
      this.finish(taken, fault('internal', isPhaseError(error) ? error.message : 'the executor failed'))
    } finally {
      this.slots.release(manifest.resources.cpu)
    }
  }

  private execute(
    { request: { manifest } }: SignedRequest,
    stdin: Uint8Array,
    signal: AbortSignal,
  ): Promise<Execution> {
    return this.parts.executor.run(
      {
        module: { digest: manifest.module, bytes: () => this.parts.blobs.bytes(manifest.module) },
        ...runOf(manifest),
        stdin,
        timeoutMs: manifest.timeoutMs,
      },
      signal,
    )
  }

  /** The digests in a receipt are of the bytes that came out of the child, taken here: the child never signs. */
  private conclude(signed: SignedRequest, execution: Execution): Ended {
    if (execution.kind === 'faulted') return fault(execution.reason, execution.detail)
    const { outcome, fuel, stdout, stderr, usage, startedAt, finishedAt, stopped, trap } = execution
    const contents = { stdout: contentOfBytes(stdout), stderr: contentOfBytes(stderr) }
    const receipt = signReceipt(
      {
        claim: makeClaim(signed.request.manifest, { outcome, fuel, ...contents }),
        measurement: {
          ...usage,
          startedAt,
          finishedAt,
          ...(stopped === undefined ? {} : { stopped }),
          ...(trap === undefined ? {} : { trap }),
          salt: hex(randomBytes(16)),
          runtime: this.parts.executor.runtime,
        },
        binding: makeBinding(signed.request, signed.digest),
      },
      this.parts.identity,
    )
    const end: ExecutionEnd = {
      reason: outcome.reason === 'stopped' ? (stopped ?? 'trapped') : outcome.reason,
      ...(outcome.reason === 'exited' ? { exitCode: outcome.exitCode } : {}),
      ...(trap === undefined ? {} : { detail: `the module stopped with a trap: ${trap}` }),
      usage,
      ...contents,
    }
    return { type: 'ended', end, receipt: receipt.envelope, stdout, stderr }
  }

  private finish(taken: Taken, ended: Ended): void {
    taken.push(ended)
    this.parts.ran?.(ended.end.reason, (ended.end.usage?.wallUs ?? 0) / 1e6)
    const expiry = setTimeout(() => this.taken.delete(keyText(taken.key)), leaseMs + resultTtlMs)
    expiry.unref()
    taken.forget = () => clearTimeout(expiry)
    this.evict()
  }

  private evict(): void {
    let [count, bytes] = [0, 0]
    for (const [key, taken] of [...this.taken].toReversed()) {
      if (taken.end === undefined) continue
      count++
      bytes += taken.end.stdout.length + taken.end.stderr.length
      if (count <= unsettledMax && bytes <= unsettledBytesMax) continue
      taken.forget()
      this.taken.delete(key)
    }
  }

  private find(key: TakenKey): Taken {
    const taken = this.taken.get(keyText(key))
    if (taken !== undefined) return taken
    throw new PhaseError(
      'notFound',
      `Cannot find job "${key.jobId}", attempt ${key.attempt}: it was not taken, or was settled`,
    )
  }
}

type Ended = TakenEvent & { type: 'ended' }

const nothing = new Uint8Array(0)

function fault(reason: ExecutionEnd['reason'], detail: string): Ended {
  return {
    type: 'ended',
    end: { reason, detail: detail.slice(0, 1024), stdout: emptyContent, stderr: emptyContent },
    stdout: nothing,
    stderr: nothing,
  }
}

const keyOf = (submitter: string, { request }: SignedRequest): TakenKey => ({
  submitter,
  jobId: request.jobId,
  replica: request.replica,
  attempt: request.attempt,
})

const keyText = (key: TakenKey): string => `${key.submitter} ${key.jobId} ${key.replica} ${key.attempt}`
