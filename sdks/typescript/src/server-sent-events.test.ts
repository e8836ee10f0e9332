import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProtocolError } from './errors.ts'
import { ServerSentEvents } from './server-sent-events.ts'

const stream = new TextEncoder().encode(
  '\ufeff: hello\n\nretry: 70\nid: 1\ndata: {"a":"ü€😀"}\n\r\nevent: x\rid:2\rdata: one\r\ndata:two\n\nid: 3\n\nevent: end\ndata: {}\n\ndata: cut',
)
const expected = [
  { type: 'message', data: '{"a":"ü€😀"}' },
  { type: 'x', data: 'one\ntwo' },
  { type: 'end', data: '{}' },
]

test('a stream says the same however it is cut', () => {
  for (let at = 0; at <= stream.length; at++) {
    const events = new ServerSentEvents()
    assert.deepEqual(
      [...events.push(stream.subarray(0, at)), ...events.push(stream.subarray(at))],
      expected,
      `cut at ${at}`,
    )
    assert.deepEqual([events.lastId, events.retryMs], ['3', 70])
  }
  const events = new ServerSentEvents()
  assert.deepEqual(
    [...stream].flatMap(byte => events.push(Uint8Array.of(byte))),
    expected,
  )
})

test('half an event is forgotten when the connection breaks, what it takes to resume is not', () => {
  const events = new ServerSentEvents()
  events.push(new TextEncoder().encode('id: 7\ndata: whole\n\nid: 8\ndata: ha'))
  events.reset()
  assert.equal(events.lastId, '7')
  assert.deepEqual(events.push(new TextEncoder().encode('data: next\n\n')), [{ type: 'message', data: 'next' }])
})

test('a stream without ends does not fill the memory', () => {
  const events = new ServerSentEvents()
  const chunk = new Uint8Array(64 * 1024).fill(97)
  assert.throws(() => {
    for (let i = 0; i < 17; i++) events.push(chunk)
  }, ProtocolError)
})
