import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { PhaseError } from '../../phase/errors.ts'
import { rejection } from '../store/testing/errors.ts'
import { Bell, Credit, Pace, Turns } from './flow.ts'

const never = new AbortController().signal

test('credit: what is under way never passes what was granted, and every byte goes out', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 30 }), async wishes => {
      const most = 40
      const credit = new Credit(most)
      let underWay = 0
      const total = wishes.reduce((sum, wish) => sum + wish, 0)
      let left = total
      const receive = () => {
        const bytes = underWay
        underWay = 0
        if (bytes > 0) credit.grant(bytes)
      }
      for (const wish of wishes) {
        for (let open = wish; open > 0; ) {
          const taking = credit.take(open, 1000)
          queueMicrotask(receive)
          const taken = await taking
          assert.ok(taken > 0 && taken <= open)
          underWay += taken
          assert.ok(underWay <= most)
          open -= taken
          left -= taken
        }
      }
      assert.equal(left, 0)
    }),
    { numRuns: 100 },
  )
})

test('credit beyond what was sent is a lie', () => {
  const credit = new Credit(10)
  assert.throws(
    () => credit.grant(1),
    (error: unknown) => error instanceof PhaseError && error.code === 'protocol',
  )
})

test('who waits for credit learns of the end, and does not wait for ever', async () => {
  const credit = new Credit(10)
  await credit.take(10, 1000)
  const waiting = credit.take(1, 60_000)
  credit.end(new PhaseError('unavailable', 'gone'))
  await rejection(waiting, 'unavailable')
  await rejection(credit.take(1, 60_000), 'unavailable')
  const silent = new Credit(1)
  await silent.take(1, 1000)
  await rejection(silent.take(1, 20), 'timedOut')
})

test('a bell that rang while nobody waited is not heard; one that rings is', async () => {
  const bell = new Bell()
  bell.ring()
  await rejection(bell.wait(performance.now() + 10, 'late'), 'timedOut')
  const waiting = bell.wait(performance.now() + 60_000, 'late')
  bell.ring()
  await waiting
})

test('drops that all come in time are too slow together', () => {
  const pace = new Pace(0)
  pace.count(1, 29_999)
  assert.throws(() => pace.count(1, 30_001), /only 2 bytes/)
  const steady = new Pace(0)
  for (let second = 1; second < 1_000; second++) steady.count(33_000, second * 1_000)
})

test('turns: no more at once than may be, in order, and who leaves the queue does not hold it up', async () => {
  const turns = new Turns(2)
  const holder = {}
  const [first, second] = [await turns.take(holder, never), await turns.take(holder, never)]
  const order: number[] = []
  const leaving = new AbortController()
  const third = turns.take(holder, leaving.signal)
  const fourth = turns.take(holder, never).then(leave => {
    order.push(4)
    return leave
  })
  const fifth = turns.take(holder, never).then(leave => {
    order.push(5)
    return leave
  })
  leaving.abort(new Error('left'))
  await assert.rejects(third, /left/)
  first()
  const leaveFourth = await fourth
  assert.deepEqual(order, [4])
  leaveFourth()
  second()
  const leaveFifth = await fifth
  leaveFifth()
  const elsewhere = await turns.take({}, never)
  elsewhere()
  await assert.rejects(turns.take(holder, AbortSignal.abort(new Error('gone'))), /gone/)
})
