import assert from 'node:assert/strict'
import { test } from 'node:test'
import { peerIdOfDid } from '../../../phase/identity.ts'
import { ArgumentError } from './errors.ts'
import { millisecondsOf, readOptions } from './options.ts'

const did = 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK'
const random = () => 'ab'.repeat(16)
const manifestOf = (options: object) => readOptions(options, random).manifest
const refuses = (options: object, message: RegExp) =>
  assert.throws(
    () => manifestOf(options),
    (error: unknown) => error instanceof ArgumentError && message.test(error.message),
  )

test('options are read as a person types them', () => {
  const { manifest, stdin, idempotencyKey } = readOptions(
    {
      cpu: 2,
      memory: '64MB',
      output: '1k',
      timeout: 1.5,
      queue: '250ms',
      args: ['a', 'b'],
      env: { A: '1' },
      capabilities: ['random', 'clock', 'clock'],
      placement: did,
      stdin: { base64: 'AAE=' },
    },
    random,
  )
  assert.deepEqual(manifest, {
    resources: { cpu: 2, memoryBytes: 64_028_672, outputBytes: 1024 },
    timeoutMs: 1500,
    queueMs: 250,
    args: ['a', 'b'],
    env: { A: '1' },
    capabilities: ['clock', 'random'],
    placement: peerIdOfDid(did),
    nonce: random(),
  })
  assert.deepEqual(stdin, new Uint8Array([0, 1]))
  assert.equal(idempotencyKey, undefined)
})

test('names are found in any spelling, and units in any case', () => {
  assert.deepEqual(
    manifestOf({ memory_bytes: 65536, 'timeout-ms': 5 }),
    manifestOf({ memory: '64KIB', timeout: '5MS' }),
  )
  assert.deepEqual(manifestOf({ resources: { cpu: 3 } }), manifestOf({ cpu: '3' }))
  assert.equal(millisecondsOf('timeout', '2m'), 120_000)
})

test('what cannot be meant is refused before anything is sent, with the nearest thing that can', () => {
  refuses({ memroy: 1 }, /"memroy" is not known. Did you mean "memory"\?/)
  refuses({ cpu: 1, resources: { cpu: 1 } }, /"cpu" is given twice/)
  refuses({ timeout: 1, timeoutMs: 1000 }, /the same/)
  refuses({ memory: '64 elephants' }, /"memory": bytes, or an amount like "64MiB" was expected, not "64 elephants"/)
  for (const cpu of [1.5, -1.5, Number.NaN, '1e3', {}, true]) refuses({ cpu }, /"cpu": a whole number/)
  refuses({ args: 'x' }, /"args": a list/)
  refuses({ args: [null] }, /"args": text/)
  refuses({ env: ['x'] }, /"env": strings by name/)
  refuses({ stdin: { text: 'a', file: 'b' } }, /"stdin"/)
  refuses({ seed: '\ud800' }, /"seed": text/)
})

test('the same idempotency key is the same nonce, so that the same call again is the same request', () => {
  const nonce = (idempotencyKey: string) => manifestOf({ idempotencyKey }).nonce
  assert.equal(nonce('a'), nonce('a'))
  assert.notEqual(nonce('a'), nonce('b'))
  assert.match(nonce('a'), /^[0-9a-f]{32}$/)
})
