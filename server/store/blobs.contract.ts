/** Contents by digest, small and large. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { PhaseError } from '../../phase/errors.ts'
import type { MakeStore } from './store.contract.ts'
import { rejection } from './testing/errors.ts'
import { digestLike, stream } from './testing/samples.ts'

/** Around the border between row and file, and of several chunks. */
const sizes = [0, 1, 65_535, 65_536, 65_537, 262_144, 1_000_003]
const digestOf = (bytes: Uint8Array) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
const roomy = { bytesMax: 2 ** 30 }

export function blobContract(makeStore: MakeStore): void {
  test('bytes come back as they were put, from any offset, also after reopening', async t => {
    const { store, reopen } = await makeStore(t)
    const all = []
    for (const size of sizes) {
      const { bytes, source } = stream(size)
      const digest = digestOf(bytes)
      assert.deepEqual(await store.blobs.put(source, { ...roomy, digest }), { digest, size, created: true })
      assert.deepEqual(await store.blobs.put(bytes, roomy), { digest, size, created: false })
      all.push({ bytes, digest, size })
    }
    const { blobs } = await reopen()
    for (const { bytes, digest, size } of all) {
      assert.deepEqual(await blobs.get(digest), { digest, size })
      assert.ok(Buffer.from(bytes).equals(await blobs.bytes(digest)))
      for (const offset of [0, size >> 1, size]) {
        const rest = Buffer.concat(await Array.fromAsync(blobs.read(digest, { offset })))
        assert.ok(rest.equals(bytes.subarray(offset)), `${size} from ${offset}`)
      }
      await rejection(Array.fromAsync(blobs.read(digest, { offset: size + 1 })), 'invalid')
    }
  })

  test('a view into a larger buffer is stored alone', async t => {
    const { store } = await makeStore(t)
    const whole = randomBytes(1_000_000)
    for (const view of [whole.subarray(10, 20), whole.subarray(10, 200_000)]) {
      const { digest } = await store.blobs.put(view, roomy)
      assert.ok(view.equals(await store.blobs.bytes(digest)))
    }
  })

  test('what is not there is undefined, or notFound where bytes are asked for', async t => {
    const { store } = await makeStore(t)
    assert.equal(await store.blobs.get(digestLike(1)), undefined)
    await rejection(store.blobs.bytes(digestLike(1)), 'notFound')
    await store.blobs.delete(digestLike(1))
  })

  test('only a digest is a name', async t => {
    const { store } = await makeStore(t)
    const names = ['', 'sha256:', '../../etc/passwd', `sha256:${'A'.repeat(64)}`, `sha256:../${'a'.repeat(61)}`]
    for (const name of [...names, `${digestLike(1)}\n`, digestLike(1).slice(7)]) {
      await rejection(store.blobs.get(name), 'invalid')
      await rejection(store.blobs.bytes(name), 'invalid')
      await rejection(store.blobs.delete(name), 'invalid')
      await rejection(store.blobs.put(new Uint8Array(1), { bytesMax: 1, digest: name }), 'invalid')
    }
  })

  test('bytes that are too many, or not those that were named, are not kept', async t => {
    const { store } = await makeStore(t)
    for (const size of [100, 100_000, 1_000_000]) {
      const { bytes, source } = stream(size)
      await rejection(store.blobs.put(source, { bytesMax: size - 1 }), 'tooLarge')
      await rejection(store.blobs.put(bytes, { bytesMax: size - 1 }), 'tooLarge')
      await rejection(store.blobs.put(bytes, { ...roomy, digest: digestLike(1) }), 'digestMismatch')
      assert.equal(await store.blobs.get(digestOf(bytes)), undefined)
    }
  })

  test('the same bytes, put at once from many sources, are created once', async t => {
    const { store } = await makeStore(t)
    for (const size of [10, 300_000]) {
      const bytes = randomBytes(size)
      const puts = await Promise.all(Array.from({ length: 20 }, () => store.blobs.put(bytes, roomy)))
      assert.equal(puts.filter(({ created }) => created).length, 1)
      assert.ok(bytes.equals(await store.blobs.bytes(digestOf(bytes))))
    }
  })

  test('known bytes are read all the same: a digest alone shows nothing', async t => {
    const { store } = await makeStore(t)
    const { bytes, source } = stream(200_000)
    const { digest } = await store.blobs.put(source, roomy)
    await rejection(store.blobs.put(bytes.subarray(1), { ...roomy, digest }), 'digestMismatch')
  })

  test('beyond the quota nothing is kept, whatever its kind, and a deletion makes room', async t => {
    const { store } = await makeStore(t, { bytesMax: 500_000 })
    const first = await store.blobs.put(randomBytes(300_000), roomy)
    const error = await rejection(store.blobs.put(stream(300_000).source, roomy), 'quotaExceeded')
    assert.match(error.hint ?? '', /store-max/)
    for (let left = 3; left > 0; left--) await store.blobs.put(randomBytes(60_000), roomy)
    await rejection(store.blobs.put(randomBytes(60_000), roomy), 'quotaExceeded')
    await store.blobs.delete(first.digest)
    assert.equal(await store.blobs.get(first.digest), undefined)
    assert.equal((await store.blobs.put(stream(300_000).source, roomy)).created, true)
  })

  test('uploads at once do not pass the quota together', async t => {
    const { store } = await makeStore(t, { bytesMax: 1_000_000 })
    const puts = Array.from({ length: 8 }, () => store.blobs.put(stream(400_000).source, roomy))
    const kept = (await Promise.allSettled(puts)).filter(({ status }) => status === 'fulfilled')
    assert.ok(kept.length <= 2)
    assert.equal((await store.blobs.put(stream(100_000).source, roomy)).created, true)
  })

  test('an abort ends the waiting for a silent source', async t => {
    const { store } = await makeStore(t)
    const abort = new AbortController()
    const put = store.blobs.put(silentAfter(randomBytes(100_000)), { ...roomy, signal: abort.signal })
    abort.abort()
    await rejection(put, 'cancelled')
    await rejection(store.blobs.put(silentAfter(), { ...roomy, signal: AbortSignal.abort() }), 'cancelled')
  })

  test('a source that breaks off leaves nothing', async t => {
    const { store } = await makeStore(t)
    for (const size of [10, 300_000]) {
      await rejection(store.blobs.put(failing(size, new Error('reset')), roomy), 'invalid')
      await rejection(store.blobs.put(failing(size, new PhaseError('protocol', 'cut')), roomy), 'protocol')
    }
  })

  test('a reader may stop early, and reads on after a deletion', async t => {
    const { store } = await makeStore(t)
    const { bytes, source } = stream(1_000_000)
    const { digest } = await store.blobs.put(source, roomy)
    for await (const chunk of store.blobs.read(digest)) {
      assert.ok(chunk.length < bytes.length)
      break
    }
    const reader = store.blobs.read(digest)[Symbol.asyncIterator]()
    const chunks = [(await reader.next()).value as Uint8Array]
    await store.blobs.delete(digest)
    for (let next = await reader.next(); !next.done; next = await reader.next()) chunks.push(next.value)
    assert.ok(Buffer.concat(chunks).equals(bytes))
    await rejection(store.blobs.bytes(digest), 'notFound')
  })
}

async function* silentAfter(...first: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* first
  await new Promise(() => {})
}

async function* failing(size: number, error: Error): AsyncGenerator<Uint8Array> {
  yield randomBytes(size)
  throw error
}
