import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { utf8 } from './bytes.ts'
import { contentOf, emptyContent, environOf } from './digest.ts'
import { type ErrorCode, isPhaseError } from './errors.ts'
import { parseJson } from './json.ts'
import * as limits from './limits.ts'
import {
  checkAgainstNode,
  completeManifest,
  defaultSeed,
  inlineStdin,
  type JobManifest,
  readCompleteManifest,
  readManifest,
  taskDigest,
} from './manifest.ts'
import { module } from './vectors/material.ts'

const refused = (code: ErrorCode) => (error: unknown) => isPhaseError(error, code)
const filled = { stdin: emptyContent, nonce: '00'.repeat(16) }
const complete = (asked: object) => completeManifest(readManifest({ module, ...asked }), filled)

const text = fc.string({ unit: 'binary', maxLength: 20 }).filter(one => !one.includes('\0'))
const key = text.filter(one => one !== '' && !one.includes('='))
const manifests = fc.record(
  {
    args: fc.array(text, { maxLength: 5 }),
    env: fc.dictionary(key, text, { maxKeys: 5, noNullPrototype: true }),
    stdin: fc.oneof(
      fc.record({ text }),
      fc.record({ base64: fc.uint8Array({ maxLength: 30 }).map(bytes => Buffer.from(bytes).toString('base64')) }),
    ),
    resources: fc.record(
      {
        cpu: fc.integer({ min: 1, max: limits.cpuMax }),
        memoryBytes: fc.integer({ min: 0, max: 65_536 }).map(pages => pages * 65_536),
        outputBytes: fc.integer({ min: 0, max: limits.outputBytesMax }),
      },
      { requiredKeys: [] },
    ),
    timeoutMs: fc.integer({ min: 1, max: limits.timeoutMsMax }),
    queueMs: fc.integer({ min: 0, max: limits.queueMsMax }),
    capabilities: fc.subarray(['clock', 'random']),
    placement: fc.constantFrom('any', 'local', 'remote'),
  },
  { requiredKeys: [] },
) as fc.Arbitrary<Partial<JobManifest>>

test('whatever is accepted and completed is accepted by the node that is asked, as it stands', () => {
  fc.assert(
    fc.property(manifests, asked => {
      const manifest = readManifest({ module, ...asked })
      const stdin = contentOf(inlineStdin(manifest.stdin) as Uint8Array)
      const whole = completeManifest(manifest, { ...filled, stdin })
      const received = JSON.parse(JSON.stringify(whole)) as unknown
      assert.deepEqual(readCompleteManifest(received), whole)
      assert.equal(taskDigest(readCompleteManifest(received)), taskDigest(whole))
      assert.equal(whole.seed, defaultSeed(taskDigest(whole)))
    }),
  )
})

test('the task is what is computed: who asks, for how long and where makes no difference, everything else does', () => {
  const task = (asked: object) => taskDigest(complete(asked))
  const same = [
    { timeoutMs: 5 },
    { queueMs: 5 },
    { placement: 'local' },
    { nonce: 'ab'.repeat(16) },
    { resources: { cpu: 2 } },
  ]
  for (const asked of [...same, { seed: 'ab'.repeat(32) }, { args: [], env: {}, capabilities: [] }]) {
    assert.equal(task(asked), task({}), JSON.stringify(asked))
  }
  const others = [
    { args: ['a'] },
    { env: { A: '' } },
    { resources: { memoryBytes: 0 } },
    { resources: { outputBytes: 0 } },
    { capabilities: ['clock'] },
  ]
  assert.equal(new Set([{}, ...others].map(task)).size, others.length + 1)
})

test('a variable named __proto__ is a variable', () => {
  const env = parseJson('{"__proto__":"x"}')
  const whole = complete({ env })
  assert.deepEqual(environOf(whole.env), ['__proto__=x'])
  assert.notEqual(taskDigest(whole), taskDigest(complete({})))
})

test('arguments and environment are 64 KiB together, one terminator each', () => {
  const fits = { args: ['x'.repeat(32_767)], env: { A: 'x'.repeat(32_765) } }
  assert.ok(readManifest({ module, ...fits }))
  assert.ok(readManifest({ module, args: ['x'.repeat(65_535)] }))
  for (const asked of [
    { ...fits, env: { A: 'x'.repeat(32_766) } },
    { args: ['x'.repeat(65_536)] },
    { args: ['ü'.repeat(32_768)] },
    { args: [...Array<string>(100).fill('x'.repeat(700))] },
  ]) {
    assert.throws(() => readManifest({ module, ...asked }), refused('tooLarge'))
  }
  assert.ok(readManifest({ module, args: Array<string>(4096).fill('') }))
  assert.throws(() => readManifest({ module, args: Array<string>(4097).fill('') }), refused('invalid'))
})

test('stdin is 256 KiB in the manifest, whichever way it is spelled', () => {
  const bytes = (length: number) => new Uint8Array(length)
  const base64 = (length: number) => Buffer.from(bytes(length)).toString('base64')
  assert.equal(inlineStdin({ text: 'x'.repeat(262_144) })?.length, 262_144)
  assert.equal(inlineStdin({ base64: base64(262_144) })?.length, 262_144)
  assert.throws(() => inlineStdin({ text: 'ü'.repeat(131_073) }), refused('tooLarge'))
  assert.throws(() => inlineStdin({ base64: base64(262_145) }), refused('tooLarge'))
  assert.equal(inlineStdin({ digest: module }), undefined)
  assert.deepEqual(inlineStdin(undefined), bytes(0))
  assert.deepEqual(inlineStdin({ text: '\ufeffü' }), utf8('\ufeffü'))
})

test('a completed manifest lacks nothing and has nothing more', () => {
  const whole = complete({})
  for (const name of Object.keys(whole)) {
    const { [name as keyof typeof whole]: _, ...rest } = whole
    assert.throws(() => readCompleteManifest(rest), refused('invalid'), name)
  }
  assert.throws(() => readCompleteManifest({ ...whole, price: 1 }), refused('unknownField'))
  assert.throws(() => readCompleteManifest({ ...whole, stdin: { text: 'x' } }), refused('invalid'))
  assert.throws(() => readCompleteManifest({ ...whole, profile: 'other' }), refused('unsupported'))
  assert.throws(() => readCompleteManifest({ ...whole, capabilities: ['random', 'clock'] }), refused('invalid'))
  assert.throws(() => readCompleteManifest({ ...whole, args: ['\0'] }), refused('invalid'))
})

test('what a node cannot keep is refused, naming the limit', () => {
  const node = {
    slots: 2,
    limits: { memoryBytes: 67_108_864, outputBytes: 8_388_608, stdinBytes: 10, moduleBytes: 1, timeoutMs: 30_000 },
  }
  checkAgainstNode(complete({}), node)
  for (const [asked, pointer] of [
    [{ resources: { cpu: 3 } }, '/resources/cpu'],
    [{ resources: { memoryBytes: 67_174_400 } }, '/resources/memoryBytes'],
    [{ resources: { outputBytes: 8_388_609 } }, '/resources/outputBytes'],
    [{ timeoutMs: 30_001 }, '/timeoutMs'],
  ] as const) {
    assert.throws(
      () => checkAgainstNode(complete(asked), node),
      (error: unknown) => isPhaseError(error, 'tooLarge') && error.pointer === pointer,
    )
  }
  const fed = { ...complete({}), stdin: { ...emptyContent, size: 11 } }
  assert.throws(() => checkAgainstNode(fed, node), refused('tooLarge'))
})
