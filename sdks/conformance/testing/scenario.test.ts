import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { difference, fill, scenarioFiles } from './scenario.ts'

const known = {
  scenario: ['name', 'client', 'node', 'faults', 'calls', 'expect'],
  fault: ['on', 'times', 'after', 'delayMs', 'answer', 'lose', 'cut', 'silent', 'swap', 'set', 'sign', 'replace'],
  expect: ['jobs', 'requests'],
  requests: ['on', 'count', 'min', 'max', 'apartMs', 'same'],
}
const callMembers: Record<string, string[]> = {
  submit: ['module', 'options', 'as'],
  status: ['job'],
  cancel: ['job'],
  wait: ['job', 'timeout'],
  result: ['job', 'timeout'],
  events: ['job', 'after', 'take'],
  receipt: ['job'],
  verify: ['job', 'receiptOf', 'executor', 'expected'],
  peers: [],
  discover: [],
  node: [],
}
const on = /^(GET|PUT|POST|\*) \/v1\/[a-z{}/]+$/

describe('every scenario says only what the harness understands', () => {
  for (const { file, scenarios } of scenarioFiles()) {
    test(file, () => {
      assert.ok(scenarios.length > 0)
      for (const scenario of scenarios) {
        const only = (value: object | undefined, names: readonly string[]) => {
          for (const name of Object.keys(value ?? {})) assert.ok(names.includes(name), `${scenario.name}: ${name}`)
        }
        only(scenario, known.scenario)
        only(scenario.expect, known.expect)
        for (const requests of scenario.expect?.requests ?? []) {
          only(requests, known.requests)
          assert.match(requests.on, on)
        }
        for (const fault of scenario.faults ?? []) {
          only(fault, known.fault)
          assert.match(fault.on, on)
        }
        for (const call of scenario.calls) only(call, ['call', 'expect', ...(callMembers[call.call] as string[])])
        assert.ok(scenario.calls.some(({ expect }) => expect !== undefined) || scenario.expect !== undefined)
      }
    })
  }
})

test('what differs is found, wherever it is', () => {
  const found = { ok: { state: 'failed', exitCode: 3, list: [1, 2] } }
  for (const fine of [
    {},
    { ok: {} },
    found,
    { ok: { state: '/^fai/', '!reason': 0 } },
    { ok: { exitCode: { oneOf: [1, 3] }, list: [1, 2] } },
    { '!error': 0 },
  ]) {
    assert.equal(difference(fine, found), undefined, JSON.stringify(fine))
  }
  for (const wrong of [
    { error: {} },
    { ok: { state: 'succeeded' } },
    { ok: { state: '/^suc/' } },
    { ok: { reason: 'exited' } },
    { ok: { '!exitCode': 0 } },
    { ok: { exitCode: '3' } },
    { ok: { exitCode: { oneOf: [1, 2] } } },
    { ok: { list: [1] } },
    { ok: { state: {} } },
    { '!ok': 0 },
  ]) {
    assert.notEqual(difference(wrong, found), undefined, JSON.stringify(wrong))
  }
})

test('names are filled in, wherever they stand', () => {
  assert.deepEqual(fill({ a: ['x $did y', { b: '$other' }], c: '$unknown', d: 1 }, { did: 'D', other: 'O' }, '.'), {
    a: ['x D y', { b: 'O' }],
    c: '$unknown',
    d: 1,
  })
})
