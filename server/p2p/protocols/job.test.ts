/** One job between two real nodes, whatever breaks on its way: nothing lost, nothing twice, nothing for ever. */
import assert from 'node:assert/strict'
import { randomBytes, randomUUIDv7 } from 'node:crypto'
import { after, before, describe, type TestContext, test } from 'node:test'
import { digestOf } from '../../../phase/digest.ts'
import { PhaseError } from '../../../phase/errors.ts'
import type { Store } from '../../store/store.ts'
import { rejection } from '../../store/testing/errors.ts'
import { freePort } from '../../testing/port.ts'
import { Link } from '../testing/link.ts'
import {
  exited,
  held,
  newIdentity,
  offerFrom,
  type Run,
  reach,
  startNode,
  startPeer,
  startStore,
  type TestNode,
  type TestPeer,
} from '../testing/node.ts'
import type { BlobSource } from './blob.ts'

const mib = 2 ** 20
const never = new AbortController().signal
const within = () => AbortSignal.timeout(20_000)

interface Two {
  executor: TestNode
  submitter: TestPeer
  link: Link
  /** Offers as often as asked; the executor is reached through the link, and nowhere else. */
  offer(offer: ReturnType<typeof offerFrom>, signal?: AbortSignal): Promise<void>
}

let store: Store
const stops: (() => unknown)[] = []
before(async () => {
  store = await startStore({ after: stop => void stops.push(stop as () => unknown) })
})
after(async () => {
  for (const stop of stops) await stop()
})

const bytes = randomBytes(1000)
const module = digestOf(bytes)
/** What a submitter serves. */
const blobs: BlobSource = {
  async *read(digest, { offset }) {
    if (digest !== module) throw new PhaseError('notFound', `Cannot find "${digest}"`)
    yield bytes.subarray(offset)
  },
}

async function two(t: TestContext, run: Run, slots = 4): Promise<Two> {
  const port = await freePort()
  const link = await Link.start(t, () => port)
  const through = `/ip4/127.0.0.1/tcp/${link.port}`
  const listen = [`/ip4/127.0.0.1/tcp/${port}`]
  const executor = await startNode(t, { slots, run, store, listen, announce: [through] })
  // It listens nowhere, or the executor would find another way back to it.
  const submitter = await startPeer(t, { blobs, listen: [] })
  await reach(submitter, executor, through)
  const offer: Two['offer'] = (outgoing, signal = never) =>
    submitter.p2p.offer(executor.identity.peerId, outgoing, signal)
  return { executor, submitter, link, offer }
}

const keyOf = ({ submitter }: Two, jobId: string, attempt = 1) => ({
  submitter: submitter.identity.peerId,
  jobId,
  replica: 0,
  attempt,
})
/** What the executor does after its last frame is waited for by nobody. */
async function until(holds: () => boolean): Promise<void> {
  for (const signal = within(); !holds(); await new Promise(setImmediate)) signal.throwIfAborted()
}
const cancelled = new PhaseError('cancelled', 'nobody wants it any more')

describe('an offer', () => {
  test('is accepted, run, checked and forgotten', async t => {
    const [stdout, stderr] = [randomBytes(3 * mib), randomBytes(100)]
    const pair = await two(t, async () => exited(stdout, stderr))
    const outgoing = offerFrom(pair.submitter, pair.executor, { module })
    await pair.offer(outgoing)
    const { sink, jobId } = outgoing
    assert.deepEqual(sink.events, ['accepted', 'started', 'ended exited'])
    assert.equal(Buffer.compare(sink.outputs.stdout.bytes, stdout), 0)
    assert.equal(Buffer.compare(sink.outputs.stderr.bytes, stderr), 0)
    await until(() => pair.executor.worker.kept === 0)
    assert.throws(() => pair.executor.worker.watch(keyOf(pair, jobId), never), /was not taken, or was settled/)
  })

  test('that nobody can run, or that is for another executor, is refused with the reason', async t => {
    const pair = await two(t, async () => exited())
    const other = { identity: await newIdentity() }
    const misdirected = offerFrom(pair.submitter, other, { module })
    const refused = await rejection(pair.offer(misdirected), 'refused')
    assert.equal((refused.cause as PhaseError).code, 'invalid')
    const unknown = offerFrom(pair.submitter, pair.executor, { module: `sha256:${'ab'.repeat(32)}` })
    const { cause } = await rejection(pair.offer(unknown), 'refused')
    assert.equal((cause as PhaseError).code, 'notFound')
    assert.deepEqual(unknown.sink.events, [])
  })

  test('to who is not there is refused as noPeer: it has not run', async t => {
    const submitter = await startPeer(t)
    const nobody = { identity: await newIdentity() }
    const outgoing = offerFrom(submitter, nobody, { module: `sha256:${'ab'.repeat(32)}` })
    await submitter.p2p.hello(nobody.identity.peerId, within(), ['/ip4/127.0.0.1/tcp/1']).catch(() => {})
    const { cause } = await rejection(submitter.p2p.offer(nobody.identity.peerId, outgoing, never), 'refused')
    assert.equal((cause as PhaseError).code, 'noPeer')
  })

  test('that is one too many is refused as busy, and an executor that stops takes none', async t => {
    const job = held()
    const pair = await two(t, job.run, 1)
    const running = Array.from({ length: 5 }, () => offerFrom(pair.submitter, pair.executor, { module }))
    const all = Promise.all(running.map(outgoing => pair.offer(outgoing)))
    await job.begun
    await Promise.all(running.map(outgoing => outgoing.sink.taken))
    const { cause } = await rejection(pair.offer(offerFrom(pair.submitter, pair.executor, { module })), 'refused')
    assert.equal((cause as PhaseError).code, 'busy')
    assert.ok(((cause as PhaseError).retryAfterMs as number) > 0)
    job.end(exited())
    await all
  })

  test('is cancelled when its submitter says so, and the executor confirms it', async t => {
    const job = held()
    const pair = await two(t, job.run)
    const outgoing = offerFrom(pair.submitter, pair.executor, { module })
    const cancel = new AbortController()
    const offered = pair.offer(outgoing, cancel.signal)
    await outgoing.sink.begun.promise
    cancel.abort(cancelled)
    await offered
    await job.aborted
    assert.deepEqual(outgoing.sink.events, ['accepted', 'started', 'ended cancelled'])
  })

  test('that is cancelled before it begins is refused with that', async t => {
    const job = held()
    const pair = await two(t, job.run)
    const outgoing = offerFrom(pair.submitter, pair.executor, { module })
    await rejection(pair.offer(outgoing, AbortSignal.abort(cancelled)), 'cancelled')
    assert.equal(job.runs(), 0)
  })

  test('made twice is one job: both are told all of it', async t => {
    const job = held()
    const pair = await two(t, job.run)
    const once = offerFrom(pair.submitter, pair.executor, { module })
    const [first, second] = [once, { ...once, sink: offerFrom(pair.submitter, pair.executor, { module }).sink }]
    second.sink = once.sink.again()
    const both = [pair.offer(first), pair.offer(second)]
    await Promise.all([first.sink.begun.promise, second.sink.begun.promise])
    job.end(exited(Buffer.from('result')))
    await Promise.all(both)
    assert.equal(job.runs(), 1)
    for (const { sink } of [first, second]) {
      assert.deepEqual(sink.events, ['accepted', 'started', 'ended exited'])
      assert.equal(Buffer.from(sink.outputs.stdout.bytes).toString(), 'result')
    }
  })

  test('for a job that runs with another request is a conflict', async t => {
    const job = held()
    const pair = await two(t, job.run)
    const jobId = randomUUIDv7()
    const outgoing = offerFrom(pair.submitter, pair.executor, { module, jobId })
    const offered = pair.offer(outgoing)
    await outgoing.sink.begun.promise
    const other = offerFrom(pair.submitter, pair.executor, { module, jobId })
    const { cause } = await rejection(pair.offer(other), 'refused')
    assert.equal((cause as PhaseError).code, 'conflict')
    const next = offerFrom(pair.submitter, pair.executor, { module, jobId, attempt: 2 })
    const another = pair.offer(next)
    await next.sink.begun.promise
    job.end(exited())
    await Promise.all([offered, another])
    assert.equal(job.runs(), 2)
  })

  test('and a hundred others at once over one connection all come through', async t => {
    const pair = await two(t, async request => exited(request.stdin), 25)
    await Promise.all(
      Array.from({ length: 100 }, async (_, number) => {
        const stdin = Buffer.from(`job ${number} ${'x'.repeat(number * 100)}`)
        const outgoing = offerFrom(pair.submitter, pair.executor, { module, stdin })
        await pair.offer(outgoing)
        assert.equal(Buffer.compare(outgoing.sink.outputs.stdout.bytes, stdin), 0)
      }),
    )
  })
})

describe('a broken connection', { concurrency: true }, () => {
  test('in the middle of the run is attached again: the job runs once, its end comes once', async t => {
    const job = held()
    const pair = await two(t, job.run)
    const outgoing = offerFrom(pair.submitter, pair.executor, { module })
    const offered = pair.offer(outgoing)
    await outgoing.sink.begun.promise
    for (let breaks = 0; breaks < 3; breaks++) {
      const back = pair.link.dialled()
      pair.link.cut()
      await back
    }
    job.end(exited(Buffer.from('whole')))
    await offered
    assert.equal(job.runs(), 1)
    assert.deepEqual(outgoing.sink.events, ['accepted', 'started', 'ended exited'])
    assert.equal(Buffer.from(outgoing.sink.outputs.stdout.bytes).toString(), 'whole')
  })

  test('in the middle of the output goes on where it was: nothing lost, nothing twice', async t => {
    const [stdout, stderr] = [randomBytes(12 * mib), randomBytes(2 * mib)]
    const pair = await two(t, async () => exited(stdout, stderr))
    const outgoing = offerFrom(pair.submitter, pair.executor, { module })
    let [received, cuts] = [0, 0]
    outgoing.sink.onOutput = bytes => {
      received += bytes
      if (received > (cuts + 1) * 3 * mib && cuts < 4) {
        cuts++
        pair.link.cut()
      }
    }
    await pair.offer(outgoing)
    assert.equal(cuts, 4)
    assert.equal(received, 14 * mib)
    assert.equal(Buffer.compare(outgoing.sink.outputs.stdout.bytes, stdout), 0)
    assert.equal(Buffer.compare(outgoing.sink.outputs.stderr.bytes, stderr), 0)
  })

  test('that stays broken costs the submitter its lease, and the executor’s slot is free again', async t => {
    const job = held()
    const pair = await two(t, job.run)
    const outgoing = offerFrom(pair.submitter, pair.executor, { module })
    const lost = rejection(pair.offer(outgoing), 'unavailable')
    await outgoing.sink.begun.promise
    pair.link.down()
    await job.aborted
    await lost
    assert.equal(pair.executor.worker.active, 0)
  })

  test('of a submitter that is frozen costs it its lease, and it learns of that', async t => {
    const job = held()
    const pair = await two(t, job.run)
    const outgoing = offerFrom(pair.submitter, pair.executor, { module })
    const offered = pair.offer(outgoing).catch((error: unknown) => error)
    await outgoing.sink.begun.promise
    pair.link.freeze()
    await job.aborted
    pair.link.thaw()
    const error = await offered
    // It is told that the job was cancelled, or that the executor has forgotten it.
    if (error === undefined) assert.equal(outgoing.sink.end?.reason, 'cancelled')
    else assert.equal((error as PhaseError).code, 'unavailable')
  })

  test('of a submitter that is frozen for less is no loss', async t => {
    const job = held()
    const pair = await two(t, job.run)
    const outgoing = offerFrom(pair.submitter, pair.executor, { module })
    const offered = pair.offer(outgoing)
    await outgoing.sink.begun.promise
    pair.link.freeze()
    // As long as the executor takes to give the stream up, not the job.
    await new Promise(resolve => setTimeout(resolve, 3_500))
    pair.link.thaw()
    job.end(exited())
    await offered
    assert.equal(job.runs(), 1)
  })

  test('because the submitter was started anew is no loss when the same offer comes again in time', async t => {
    const job = held()
    const executor = await startNode(t, { slots: 1, run: job.run, store })
    const submitter = await startPeer(t, { blobs })
    await reach(submitter, executor, executor.address)
    const outgoing = offerFrom(submitter, executor, { module })
    const stopped = submitter.p2p.offer(executor.identity.peerId, outgoing, never).catch(() => {})
    await outgoing.sink.begun.promise
    await submitter.p2p.stop()
    const again = await startPeer(t, { identity: submitter.identity })
    await reach(again, executor, executor.address)
    const sink = outgoing.sink.again()
    const offered = again.p2p.offer(executor.identity.peerId, { ...outgoing, sink }, never)
    await sink.begun.promise
    job.end(exited())
    await offered
    assert.equal(job.runs(), 1)
    await stopped
  })

  test('because the executor is gone is known as soon as nothing listens there', async t => {
    const job = held()
    const pair = await two(t, job.run)
    const direct = pair.executor.p2p
    const outgoing = offerFrom(pair.submitter, pair.executor, { module })
    const lost = rejection(pair.offer(outgoing), 'unavailable')
    await outgoing.sink.begun.promise
    await direct.stop()
    await pair.link.close()
    const began = performance.now()
    await lost
    assert.ok(performance.now() - began < 5_500, 'before the lease is over')
  })
})

test('a result that the submitter does not believe is disputed, and forgotten', async t => {
  const pair = await two(t, async () => exited(Buffer.from('truth')))
  const outgoing = offerFrom(pair.submitter, pair.executor, { module })
  outgoing.sink.ended = () => Promise.reject(new PhaseError('protocol', 'I do not believe it'))
  const error = await rejection(pair.offer(outgoing), 'protocol')
  assert.equal(error.message, 'I do not believe it')
  await until(() => pair.executor.worker.kept === 0)
})
