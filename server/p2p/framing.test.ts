/** Frames over real streams: whole or an error, in bounded memory, in both directions. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { Type } from '@sinclair/typebox'
import * as fc from 'fast-check'
import { concat } from '../../phase/bytes.ts'
import { frameBodyBytesMax } from '../../phase/limits.ts'
import { encodeFrameHead } from '../../phase/wire.ts'
import { rejection } from '../store/testing/errors.ts'
import { FrameStream } from './framing.ts'
import { StreamPair } from './testing/streams.ts'

const set = { data: Type.Object({ at: Type.Integer() }), end: Type.Object({}) }
const limits = { timeoutMs: 20_000, bodyBytesMax: frameBodyBytesMax }
const mib = 2 ** 20

const pair = new StreamPair()
before(() => pair.start())
after(() => pair.stop())

async function openFrames() {
  const { near, far } = await pair.open()
  return { near: new FrameStream(near), far: new FrameStream(far), raw: near, rawFar: far }
}

const frame = (at: number, body: Uint8Array = new Uint8Array(0)) => ({ header: { type: 'data', at }, body })
const encoded = (at: number, body: Uint8Array = new Uint8Array(0)) =>
  concat(encodeFrameHead({ type: 'data', at } as { type: string }, body.length), body)

test('frames come out as they went in, however the bytes are cut on their way', async () => {
  const bodies = fc.array(fc.uint8Array({ maxLength: 6_000 }), { minLength: 1, maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(bodies, fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1 }), async (sent, cuts) => {
      const { raw, far } = await openFrames()
      const all = concat(...sent.map((body, at) => encoded(at, body)))
      for (let at = 0, cut = 0; at < all.length; cut++) {
        const size = cuts[cut % cuts.length] as number
        raw.send(all.subarray(at, at + size))
        at += size
      }
      for (const [at, body] of sent.entries()) {
        const got = await far.read(set, limits)
        assert.deepEqual(got.header, { type: 'data', at })
        assert.deepEqual(Buffer.from(got.body), Buffer.from(body))
      }
      raw.abort(new Error('over'))
    }),
    { numRuns: 40 },
  )
})

test('single bytes are frames as well', async () => {
  const { raw, far } = await openFrames()
  const body = randomBytes(3_000)
  for (const byte of encoded(7, body)) raw.send(Uint8Array.of(byte))
  const got = await far.read(set, limits)
  assert.deepEqual(Buffer.from(got.body), body)
  raw.abort(new Error('over'))
})

test('a header or a body beyond its limit is refused before a byte of it is read', async () => {
  const prefix = (header: number, body: number) => Buffer.from(Uint32Array.of(header, body).buffer).swap32()
  for (const [header, body, bodyBytesMax] of [
    [65_537, 0, frameBodyBytesMax],
    [2 ** 32 - 1, 2 ** 32 - 1, frameBodyBytesMax],
    [10, frameBodyBytesMax + 1, frameBodyBytesMax],
    [10, 101, 100],
    [10, 1, 0],
  ] as const) {
    const { raw, far } = await openFrames()
    raw.send(prefix(header, body))
    await rejection(far.read(set, { timeoutMs: 20_000, bodyBytesMax }), 'protocol')
    raw.abort(new Error('over'))
  }
})

test('an unknown type, a wrong member and what is no JSON are errors; an unknown member is not', async () => {
  const raw = (json: string) => concat(Buffer.from(Uint32Array.of(json.length, 0).buffer).swap32(), Buffer.from(json))
  for (const json of [
    '{"type":"other"}',
    '{"type":"toString"}',
    '{"at":1}',
    '{"type":"data","at":"1"}',
    '[]',
    '{',
    '',
  ]) {
    const { raw: stream, far } = await openFrames()
    stream.send(raw(json))
    await rejection(far.read(set, limits), 'protocol')
    stream.abort(new Error('over'))
  }
  const { raw: stream, far } = await openFrames()
  stream.send(raw('{"type":"data","at":1,"from":"the future"}'))
  const { header } = await far.read(set, limits)
  assert.equal(header.type, 'data')
  stream.abort(new Error('over'))
})

test('an end is an error wherever it comes, and what came whole before it is still read', async () => {
  const whole = encoded(1, randomBytes(1000))
  for (const cut of [0, 3, 8, 20, whole.length - 1]) {
    for (const how of ['close', 'abort'] as const) {
      const { raw, far, rawFar } = await openFrames()
      const closed = how === 'abort' ? once(rawFar, 'close') : once(rawFar, 'remoteCloseWrite')
      raw.send(concat(whole, whole.subarray(0, cut)))
      if (how === 'close') await raw.close()
      else raw.abort(new Error('broken off'))
      await closed
      assert.equal((await far.read(set, limits)).header.type, 'data', `${how} after ${cut} more bytes`)
      await rejection(far.read(set, limits), 'unavailable')
      rawFar.abort(new Error('over'))
    }
  }
})

test('a peer that has said all before anybody listens is heard', async () => {
  for (let round = 0; round < 100; round++) {
    const stream = await pair.greeted(encoded(round))
    if (round % 2 === 1) await pair.echo()
    const frames = new FrameStream(stream)
    assert.equal((await frames.read(set, limits)).header.type, 'data')
    await rejection(frames.read(set, limits), 'unavailable')
    frames.finish()
  }
})

test('a frame that takes too long is given up', async () => {
  const { raw, far } = await openFrames()
  raw.send(encoded(1, randomBytes(100)).subarray(0, 50))
  await rejection(far.read(set, { timeoutMs: 50, bodyBytesMax: 1000 }), 'timedOut')
  raw.abort(new Error('over'))
})

test('a reader that does not read holds its sender back, and memory stays bounded', async () => {
  const { near, far, rawFar } = await openFrames()
  const body = randomBytes(256 * 1024)
  let sent = 0
  let isHeld = false
  const total = 24 * mib
  const sending = (async () => {
    for (let at = 0; sent < total; at++) {
      const written = near.write(frame(at, body))
      isHeld ||= near.isBlocked
      await written
      sent += body.length
    }
    await near.write({ header: { type: 'end' } })
  })()
  await far.read(set, limits)
  // Nobody reads until the sender has come to rest.
  for (let before = -1; before !== sent; ) {
    before = sent
    await new Promise(resolve => setTimeout(resolve, 100))
  }
  assert.ok(isHeld)
  assert.ok(sent < 8 * mib, `${sent} bytes were sent to a reader that took one frame`)
  assert.ok(rawFar.readBufferLength <= 4 * mib)
  let received = body.length
  for (;;) {
    const { header, body: part } = await far.read(set, limits)
    received += part.length
    if (header.type === 'end') break
  }
  await sending
  assert.equal(received, total)
  near.finish()
  far.finish()
})

test('100 MiB travel whole in both directions at once, at different paces', async () => {
  const { near, far } = await openFrames()
  const piece = randomBytes(mib)
  const pump = async (from: FrameStream, pieces: number, size: number) => {
    const hash = createHash('sha256')
    for (let at = 0; at < pieces; at++) {
      const body = piece.subarray(0, size)
      body.writeUInt32BE(at)
      hash.update(body)
      // A copy (a Buffer's slice is none): what was handed over still lies in buffers.
      await from.write(frame(at, Uint8Array.from(body)))
    }
    await from.write({ header: { type: 'end' } })
    return hash.digest('hex')
  }
  const drain = async (to: FrameStream, everyMs: number) => {
    const hash = createHash('sha256')
    for (let at = 0; ; at++) {
      const { header, body } = await to.read(set, limits)
      if (header.type === 'end') return hash.digest('hex')
      assert.equal(header.at, at)
      hash.update(body)
      if (everyMs > 0 && at % 50 === 0) await new Promise(resolve => setTimeout(resolve, everyMs))
    }
  }
  const [sent, got] = await Promise.all([pump(near, 100, mib), drain(far, 0)])
  assert.equal(got, sent)
  const [there, back, gotThere, gotBack] = await Promise.all([
    pump(near, 400, 64 * 1024),
    pump(far, 400, 64 * 1024),
    drain(far, 20),
    drain(near, 1),
  ])
  assert.deepEqual([gotThere, gotBack], [there, back])
  near.finish()
  far.finish()
})

test('a finished exchange leaves no stream open, even where the peer never ends its side', async () => {
  const { near, far, raw, rawFar } = await openFrames()
  const closed = Promise.all([once(raw, 'close'), once(rawFar, 'close')])
  near.finish()
  far.finish()
  await closed
  assert.equal(pair.connection.streams.length, 0)
  near.finish()
  assert.ok(near.isBroken)
  await rejection(near.write(frame(1)), 'unavailable')
})
