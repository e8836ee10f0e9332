/** The other side of `/phase/job/1` does what it likes: each case ends, in time, with the right error, and the node is there afterwards. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Connection } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { digestOf, emptyContent } from '../../../phase/digest.ts'
import { type ErrorCode, PhaseError } from '../../../phase/errors.ts'
import { didOf } from '../../../phase/identity.ts'
import { executorFrames, type FrameOf, protocols, submitterFrames } from '../../../phase/wire.ts'
import type { Store } from '../../store/store.ts'
import { rejection } from '../../store/testing/errors.ts'
import { FrameStream, type OutgoingFrame } from '../framing.ts'
import { startLibp2p, type TestLibp2p } from '../testing/libp2p.ts'
import { exited, held, offerFrom, reach, startNode, startPeer, startStore, type TestPeer } from '../testing/node.ts'
import type { BlobSource } from './blob.ts'

const never = new AbortController().signal
const limits = { timeoutMs: 20_000, bodyBytesMax: 2 ** 20 }
const moduleBytes = randomBytes(100)
const module = digestOf(moduleBytes)
const blobs: BlobSource = {
  async *read() {
    yield moduleBytes
  },
}
const frame = (type: string, members: object = {}, body?: Uint8Array): OutgoingFrame => ({
  header: { type, ...members },
  ...(body === undefined ? {} : { body }),
})

const accepted = frame('accepted', { leaseMs: 6000, resultTtlMs: 1000 })
const started = frame('started')
const ended = (stdout: Uint8Array, reason = 'timedOut') =>
  frame('ended', { reason, stdout: { digest: digestOf(stdout), size: stdout.length }, stderr: emptyContent })
const output = (offset: number, body: Uint8Array, stream = 'stdout') => frame('output', { stream, offset }, body)
const bytes = randomBytes(1000)

/** Says these frames to every offer, and then nothing more. */
const script =
  (...frames: OutgoingFrame[]) =>
  async (stream: FrameStream) => {
    await stream.write(...frames)
  }

type Conduct = (stream: FrameStream) => Promise<void>

/** A node that answers offers as `conduct` says. */
class Liar {
  conduct: Conduct = script()
  readonly node: TestLibp2p

  constructor(node: TestLibp2p) {
    this.node = node
  }

  static async start(t: Pick<TestContext, 'after'>): Promise<Liar> {
    const liar = new Liar(await startLibp2p(t))
    await liar.node.libp2p.handle(protocols.job, async stream => {
      const frames = new FrameStream(stream)
      await frames.read(submitterFrames, limits)
      await liar.conduct(frames).catch(() => {})
    })
    return liar
  }

  get peerId(): string {
    return this.node.libp2p.peerId.toString()
  }
}

describe('an executor', () => {
  let submitter: TestPeer
  let liar: Liar
  const stops: (() => unknown)[] = []
  const context = { after: (stop?: unknown) => void stops.push(stop as () => unknown) }

  before(async () => {
    submitter = await startPeer(context)
    liar = await Liar.start(context)
  })
  after(async () => {
    for (const stop of stops.toReversed()) await stop()
  })

  async function offered(
    conduct: Conduct,
    asked: Partial<ReturnType<typeof offerFrom>> & { outputBytes?: number; signal?: AbortSignal } = {},
    to = liar,
  ) {
    to.conduct = conduct
    const { peerId, node } = to
    // It has nothing to say of itself; its address is known then.
    await submitter.p2p
      .hello(peerId, AbortSignal.timeout(20_000), node.libp2p.getMultiaddrs().map(String))
      .catch(() => {})
    const { outputBytes, signal = never, ...changes } = asked
    const identity = { peerId, did: didOf(node.privateKey.publicKey.raw) } as TestPeer['identity']
    const outgoing = offerFrom(
      submitter,
      { identity },
      { module, ...(outputBytes === undefined ? {} : { outputBytes }) },
    )
    return { outgoing, result: submitter.p2p.offer(peerId, { ...outgoing, ...changes }, signal) }
  }

  const conducts: Record<string, [ErrorCode, Conduct]> = {
    'starts before it accepts': ['protocol', script(started)],
    'accepts twice': ['protocol', script(accepted, accepted)],
    'starts twice': ['protocol', script(accepted, started, started)],
    'ends before it accepts': ['protocol', script(ended(bytes))],
    'ends twice': ['protocol', script(accepted, ended(bytes), ended(bytes))],
    'starts after the end': ['protocol', script(accepted, ended(bytes), started)],
    'sends output before the end': ['protocol', script(accepted, started, output(0, bytes))],
    'ends the output before the job': ['protocol', script(accepted, started, frame('outputEnd'))],
    'closes at once': ['protocol', script(accepted, frame('closed'))],
    'sends output at another offset': ['protocol', script(accepted, ended(bytes), output(1, bytes.subarray(1)))],
    'sends output twice': ['protocol', script(accepted, ended(bytes), output(0, bytes), output(0, bytes))],
    'sends more output than it said': ['protocol', script(accepted, ended(bytes), output(0, randomBytes(1001)))],
    'sends empty output': ['protocol', script(accepted, ended(bytes), output(0, new Uint8Array(0)))],
    'sends output of a stream that is none': ['protocol', script(accepted, ended(bytes), output(0, bytes, 'stdin'))],
    'sends a frame that is none': ['protocol', script(frame('hello'))],
    'sends a frame with a wrong member': ['protocol', script(frame('accepted', { leaseMs: -1, resultTtlMs: 0 }))],
    'has a claim without a receipt': [
      'protocol',
      script(accepted, ended(bytes, 'outputExceeded'), output(0, bytes), frame('outputEnd')),
    ],
    'has a receipt that is none': [
      'protocol',
      script(accepted, { ...ended(new Uint8Array(0), 'exited'), body: bytes }, frame('outputEnd')),
    ],
    'says a reason that is none': ['protocol', script(accepted, ended(bytes, 'bored'))],
    'gives the job up': ['unavailable', script(accepted, started, frame('refused', { code: 'busy', detail: 'no' }))],
    'refuses with a code of the future': ['refused', script(frame('refused', { code: 'tired', detail: 'no' }))],
  }
  for (const [name, [code, conduct]] of Object.entries(conducts)) {
    test(`that ${name} is not followed`, async () => {
      const { result } = await offered(conduct)
      await rejection(result, code)
    })
  }

  test('that sends more output than the job allows is not followed, however it is cut', async () => {
    const all = randomBytes(100)
    const { result } = await offered(
      script(accepted, ended(all), ...Array.from(all, (_, at) => output(at, all.subarray(at, at + 1)))),
      { outputBytes: 50 },
    )
    await rejection(result, 'protocol')
  })

  test('that tells of progress without end is not followed', async () => {
    const { result, outgoing } = await offered(async stream => {
      await stream.write(accepted, started)
      for (let told = 0; told < 2_000; told++) await stream.write(frame('progress', { detail: `${told}` }))
    })
    await rejection(result, 'protocol')
    assert.ok(outgoing.sink.events.length < 1_100)
  })

  const beating = async (stream: FrameStream, ...frames: OutgoingFrame[]) => {
    await stream.write(...frames)
    for (; !stream.isBroken; await delay(50)) await stream.write(frame('heartbeat'))
  }

  test('that only beats is left when the job should have begun, or ended', async () => {
    const waits = await offered(stream => beating(stream), { startMs: 300 })
    const { cause } = await rejection(waits.result, 'refused')
    assert.equal((cause as PhaseError).code, 'busy')
    const runs = await offered(stream => beating(stream, accepted, started), { runMs: 300 })
    await rejection(runs.result, 'protocol')
  })

  describe('that has to be waited for', { concurrency: true }, () => {
    test('has a lease to end after a cancel, no more', async t => {
      const cancel = new AbortController()
      const asked = { signal: cancel.signal }
      const { result, outgoing } = await offered(
        stream => beating(stream, accepted, started),
        asked,
        await Liar.start(t),
      )
      await outgoing.sink.begun.promise
      cancel.abort(new PhaseError('cancelled', 'nobody wants it'))
      await rejection(result, 'cancelled')
    })

    test('is left in the end when it never says a last frame on any stream', async t => {
      let streams = 0
      const conduct: Conduct = async stream => {
        streams++
        await stream.write(accepted, started)
      }
      const { result } = await offered(conduct, { runMs: 5_000 }, await Liar.start(t))
      await rejection(result, 'protocol')
      assert.ok(streams >= 2, 'it was given another chance')
    })
  })
})

describe('a submitter', () => {
  let store: Store
  const stops: (() => unknown)[] = []
  before(async () => {
    store = await startStore({ after: stop => void stops.push(stop as () => unknown) })
  })
  after(async () => {
    for (const stop of stops) await stop()
  })

  async function stranger(t: TestContext, address: string): Promise<{ liar: TestLibp2p; connection: Connection }> {
    const liar = await startLibp2p(t)
    return { liar, connection: await liar.libp2p.dial(multiaddr(address)) }
  }
  const said = async (frames: FrameStream): Promise<FrameOf<typeof executorFrames>> => {
    for (;;) {
      const { header } = await frames.read(executorFrames, limits)
      if (header.type !== 'heartbeat') return header
    }
  }

  test('that begins with anything but a whole offer is refused', async t => {
    const executor = await startNode(t, { slots: 1, store })
    const { connection } = await stranger(t, executor.address)
    for (const first of [
      frame('cancel'),
      frame('settled'),
      frame('heartbeat'),
      frame('offer', { requestBytes: 10 }, randomBytes(9)),
      frame('offer', { requestBytes: 10, stdinBytes: 10 }, randomBytes(10)),
      frame('offer', { requestBytes: 10 }, randomBytes(10)),
      frame('offer', { requestBytes: 0 }),
      frame('nothing'),
    ]) {
      const frames = new FrameStream(await connection.newStream(protocols.job))
      await frames.write(first)
      const answer = await said(frames)
      assert.equal(answer.type, 'refused')
      assert.ok('code' in answer && ['protocol', 'invalid'].includes(answer.code), JSON.stringify(answer))
      frames.finish()
    }
    assert.equal(executor.worker.kept, 0)
  })

  test('that offers what another one signed is refused', async t => {
    const executor = await startNode(t, { slots: 1, store })
    const victim = await startPeer(t)
    const { connection } = await stranger(t, executor.address)
    const { request } = offerFrom(victim, executor, { module })
    const frames = new FrameStream(await connection.newStream(protocols.job))
    await frames.write(frame('offer', { requestBytes: request.length }, request))
    const answer = await said(frames)
    assert.ok(answer.type === 'refused' && answer.code === 'invalid')
  })

  test('that grants what it never got, or offers twice, ends its stream and nothing else', async t => {
    const job = held()
    const executor = await startNode(t, { slots: 2, store, run: job.run })
    const honest = await startPeer(t, { blobs })
    await reach(honest, executor, executor.address)
    const outgoing = offerFrom(honest, executor, { module })
    const offered = honest.p2p.offer(executor.identity.peerId, outgoing, never)
    await outgoing.sink.begun.promise
    const { liar, connection } = await stranger(t, executor.address)
    assert.ok(liar.libp2p.peerId.toString() !== honest.identity.peerId)
    for (const second of [frame('credit', { bytes: 1 }), frame('offer', { requestBytes: 1 }, randomBytes(1))]) {
      const { request } = offerFrom(honest, executor, { module })
      const frames = new FrameStream(await connection.newStream(protocols.job))
      await frames.write(frame('offer', { requestBytes: request.length }, request), second)
      assert.equal((await said(frames)).type, 'refused')
    }
    job.end(exited())
    await offered
  })

  test('that opens many streams and says nothing does not keep others out', async t => {
    const executor = await startNode(t, { slots: 1, store })
    const { connection } = await stranger(t, executor.address)
    const silent = await Promise.all(Array.from({ length: 60 }, () => connection.newStream(protocols.job)))
    assert.equal(silent.length, 60)
    const honest = await startPeer(t, { blobs })
    await reach(honest, executor, executor.address)
    const outgoing = offerFrom(honest, executor, { module })
    await honest.p2p.offer(executor.identity.peerId, outgoing, never)
    assert.deepEqual(outgoing.sink.events, ['accepted', 'started', 'ended exited'])
    for (const stream of silent) stream.abort(new Error('over'))
  })
})
