import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { Slots } from './slots.ts'

const never = new AbortController().signal

test('a job that asks for two slots is not overtaken by those behind it', async () => {
  const slots = new Slots(2)
  const order: string[] = []
  await slots.acquire(1, never)
  const two = slots.acquire(2, never).then(() => order.push('two'))
  const one = slots.acquire(1, never).then(() => order.push('one'))
  assert.equal(slots.queued, 2)
  assert.equal(slots.load, 200)
  slots.release(1)
  await two
  slots.release(2)
  await one
  assert.deepEqual(order, ['two', 'one'])
})

test('who gives up waiting lets the next one in', async () => {
  const slots = new Slots(2)
  await slots.acquire(1, never)
  const leaving = new AbortController()
  const two = slots.acquire(2, leaving.signal)
  const one = slots.acquire(1, never)
  leaving.abort()
  await assert.rejects(two, { code: 'cancelled' })
  await one
  assert.equal(slots.free, 0)
})

test('slots in use never pass the total, and all come back', async () => {
  const jobs = fc.array(fc.record({ count: fc.integer({ min: 1, max: 3 }), leaves: fc.boolean() }), { maxLength: 30 })
  await fc.assert(
    fc.asyncProperty(jobs, async list => {
      const slots = new Slots(3)
      let used = 0
      await Promise.all(
        list.map(async ({ count, leaves }) => {
          const controller = new AbortController()
          const taken = slots.acquire(count, controller.signal)
          if (leaves) controller.abort()
          try {
            await taken
          } catch {
            return assert.ok(leaves)
          }
          used += count
          assert.ok(used <= 3)
          await Promise.resolve()
          used -= count
          slots.release(count)
        }),
      )
      assert.equal(slots.free, 3)
      assert.equal(slots.queued, 0)
    }),
  )
})
