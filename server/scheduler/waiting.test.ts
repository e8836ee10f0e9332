import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyContent } from '../../phase/digest.ts'
import { completeManifest } from '../../phase/manifest.ts'
import { newJob } from './submission.ts'
import { Waiting } from './waiting.ts'

const at = '2026-01-01T00:00:00.000Z'
const job = (id: string, placement: string, queueMs = 1000) =>
  newJob(
    id,
    completeManifest({ module: `sha256:${'a'.repeat(64)}`, placement, queueMs }, { stdin: emptyContent, nonce: '00' }),
    at,
  )

test('a kind of job that nobody can take does not hold up the others', () => {
  const waiting = new Waiting()
  for (const [id, placement] of [
    ['1', 'remote'],
    ['2', 'any'],
    ['3', 'remote'],
    ['4', 'any'],
  ] as const)
    waiting.add(job(id, placement))
  const asked: string[] = []
  waiting.each(({ id, manifest }) => {
    asked.push(id)
    return manifest.placement === 'any'
  })
  assert.deepEqual(asked, ['1', '2', '4'])
  assert.equal(waiting.size, 2)
})

test('what has waited too long is taken out, however far back it stands', () => {
  const waiting = new Waiting()
  for (let i = 0; i < 1000; i++) waiting.add(job(`a${i}`, 'any', 10_000))
  waiting.add(job('late', 'any', 100))
  assert.deepEqual(
    waiting.takeOverdue(Date.parse(at) + 100).map(({ id }) => id),
    ['late'],
  )
  assert.equal(waiting.size, 1000)
})
