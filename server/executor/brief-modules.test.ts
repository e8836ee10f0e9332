import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BriefModules } from './brief-modules.ts'

test('a module is brief as long as its last run was', () => {
  const brief = new BriefModules()
  assert.equal(brief.has('a'), false)
  brief.note('a', 100)
  assert.equal(brief.has('a'), true)
  brief.note('a', 1_000)
  assert.equal(brief.has('a'), false)
})

test('no more than a thousand are known', () => {
  const brief = new BriefModules()
  for (let index = 0; index <= 1_000; index++) brief.note(String(index), 1)
  assert.equal(brief.has('0'), false)
  assert.equal(brief.has('1'), true)
})
