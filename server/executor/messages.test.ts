import assert from 'node:assert/strict'
import { duplexPair } from 'node:stream'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { Channel, encodeFrame, type FromChild, headerBytesMax } from './messages.ts'

const ready: FromChild = { type: 'ready', cpuTotalUs: 1 }

function frame(header: FromChild, body: Uint8Array): Uint8Array {
  return Buffer.concat(encodeFrame(header, [body]))
}

function prefix(headerBytes: number, bodyBytes: number): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeUInt32BE(headerBytes)
  bytes.writeUInt32BE(bodyBytes, 4)
  return bytes
}

test('frames arrive whole however the bytes are cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 1, max: 50 }),
      async (bodies, size) => {
        const [near, far] = duplexPair()
        const channel = new Channel(near)
        for (const body of bodies) {
          const answer = channel.receive(300)
          const bytes = frame(ready, body)
          for (let at = 0; at < bytes.length; at += size) far.write(bytes.subarray(at, at + size))
          const got = await answer
          assert.deepEqual(got.header, ready)
          assert.deepEqual(Buffer.from(got.body), Buffer.from(body))
        }
      },
    ),
    { numRuns: 50 },
  )
})

describe('a child that sends what it should not is cut off', () => {
  const garbage: Record<string, Uint8Array> = {
    'a header beyond its bound': prefix(headerBytesMax + 1, 0),
    'a body beyond what was asked for': prefix(10, 101),
    'no header': prefix(0, 10),
    'a header that is not JSON': Buffer.concat([prefix(4, 0), Buffer.from('nope')]),
    'a header that is not UTF-8': Buffer.concat([prefix(1, 0), Buffer.from([0xff])]),
  }
  for (const [name, bytes] of Object.entries(garbage)) {
    test(name, async () => {
      const [near, far] = duplexPair()
      const answer = new Channel(near).receive(100)
      far.write(bytes)
      await assert.rejects(answer, { code: 'internal' })
    })
  }

  test('a frame that nobody asked for', async () => {
    const [near, far] = duplexPair()
    const channel = new Channel(near)
    const first = channel.receive(100)
    far.write(Buffer.concat([frame(ready, new Uint8Array(0)), frame(ready, new Uint8Array(0))]))
    await first
    await assert.rejects(channel.receive(100), { code: 'internal' })
  })

  test('the end of the stream', async () => {
    const [near, far] = duplexPair()
    const answer = new Channel(near).receive(100)
    far.destroy()
    near.destroy()
    await assert.rejects(answer, { code: 'internal' })
  })
})
