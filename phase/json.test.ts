import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { utf8 } from './bytes.ts'
import { isPhaseError } from './errors.ts'
import { canonical, type JsonValue, parseJson } from './json.ts'

const invalid = (error: unknown) => isPhaseError(error, 'invalid')
const letter = fc.constantFrom(
  ...Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at)).filter(c => !'"\\'.includes(c)),
)
const text = fc.string({ unit: letter, maxLength: 20 })
const { value: canonicalValue } = fc.letrec(tie => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.boolean(),
    fc.maxSafeNat(),
    text,
    tie('array'),
    tie('object'),
  ),
  array: fc.array(tie('value'), { maxLength: 4 }),
  object: fc.dictionary(text, tie('value'), { minKeys: 1, maxKeys: 4 }),
})) as { value: fc.Arbitrary<JsonValue> }

test('whatever JSON.stringify writes is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), value => {
      const json = JSON.stringify(value)
      assert.deepEqual(parseJson(json), JSON.parse(json))
      assert.deepEqual(parseJson(utf8(json)), JSON.parse(json))
      assert.deepEqual(parseJson(JSON.stringify(value, null, '\t')), JSON.parse(json))
    }),
  )
})

test('what it takes, JSON.parse takes to the same value; what JSON.parse refuses, it refuses', () => {
  const alphabet = fc.constantFrom(
    ...'{}[]",:\\u0019 -.eE+truefalsn/\n\tbd8cü'.split(''),
    '"a"',
    '\\ud83d',
    '\\ude00',
    '"x":',
    '\u{1f600}',
  )
  fc.assert(
    fc.property(fc.string({ unit: alphabet, maxLength: 14 }), json => {
      const [ours, theirs] = [attempt(() => parseJson(json)), attempt(() => JSON.parse(json) as JsonValue)]
      if (ours !== undefined) assert.deepEqual(ours, theirs)
    }),
    { numRuns: 5000 },
  )
})

test('a member that stands twice is refused wherever it is, however it is spelled', () => {
  fc.assert(
    fc.property(fc.string(), canonicalValue, canonicalValue, fc.nat(5), (name, one, two, depth) => {
      fc.pre(name.isWellFormed())
      const escaped = Array.from(name)
        .map(c => (c.length > 1 ? c : `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`))
        .join('')
      const object = `{${JSON.stringify(name)}:${JSON.stringify(one)},"${escaped}":${JSON.stringify(two)}}`
      const json = '['.repeat(depth) + object + ']'.repeat(depth)
      assert.throws(() => parseJson(json, { depthMax: 20 }), invalid)
    }),
  )
})

test('nesting is counted through objects and arrays alike, and not over neighbours', () => {
  const nested = (depth: number) => '{"a":['.repeat(depth / 2) + '0' + ']}'.repeat(depth / 2)
  assert.ok(parseJson(nested(8)))
  assert.throws(() => parseJson(nested(10)), invalid)
  assert.ok(parseJson(nested(10), { depthMax: 10 }))
  assert.ok(parseJson(`[${Array(100).fill('[[[[[[[]]]]]]]').join(',')}]`))
  assert.throws(() => parseJson('['.repeat(1_000_000)), invalid)
})

test('numbers are read as they are, unless integers are asked for', () => {
  assert.deepEqual(parseJson('[-1,1.5,1e2,-0,9007199254740993]'), [-1, 1.5, 100, -0, 9007199254740992])
  for (const number of ['-1', '1.5', '1.0', '1e2', '-0', '9007199254740992', '1e400']) {
    assert.throws(() => parseJson(number, { integersOnly: true }), invalid, number)
  }
  assert.equal(parseJson('9007199254740991', { integersOnly: true }), Number.MAX_SAFE_INTEGER)
})

test('the canonical form is read back as the same value, has one spelling, and needs no escape', () => {
  fc.assert(
    fc.property(canonicalValue, value => {
      const form = canonical(value)
      assert.deepEqual(
        parseJson(form, { integersOnly: true, depthMax: 20 }),
        parseJson(JSON.stringify(value), { depthMax: 20 }),
      )
      assert.equal(canonical(parseJson(form, { depthMax: 20 })), form)
      assert.match(form, /^[ -~]*$/)
      assert.doesNotMatch(form, /\\/)
    }),
  )
})

test('the order of members makes no difference to the canonical form', () => {
  fc.assert(
    fc.property(fc.dictionary(text, canonicalValue, { minKeys: 2 }), members => {
      const reversed = Object.fromEntries(Object.entries(members).toReversed())
      assert.equal(canonical(members), canonical(reversed))
    }),
  )
})

test('what has no canonical form is refused, wherever it is', () => {
  const formless = fc.oneof(
    fc.constant(null),
    fc.constant({}),
    fc.constantFrom(-1, 0.5, -0, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53),
    fc.constantFrom('"', '\\', '\n', '\u007f', 'é', '\ud800'),
  ) as fc.Arbitrary<JsonValue>
  fc.assert(
    fc.property(formless, fc.boolean(), canonicalValue, (value, listed, beside) => {
      assert.throws(() => canonical(listed ? [beside, value] : { a: beside, b: value }), invalid)
    }),
  )
})

test('a member named __proto__ is a member', () => {
  const value = parseJson('{"__proto__":{"polluted":true}}') as Record<string, unknown>
  assert.deepEqual(Object.keys(value), ['__proto__'])
  assert.equal(Object.getPrototypeOf(value), Object.prototype)
  assert.equal(value.polluted, undefined)
})

test('a refusal says where', () => {
  assert.throws(() => parseJson('{"a":1,"a":2}'), /offset \d+: member "a" stands twice/)
  assert.throws(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22)), /not UTF-8/)
  assert.equal(parseJson(utf8('"ü"')), 'ü')
})

function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
