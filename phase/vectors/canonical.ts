/** JSON texts that the strict reader takes and that have a canonical form, and those that it refuses or that have none. */
import { canonicalDigest } from '../digest.ts'
import { canonical, parseJson } from '../json.ts'
import { claimDigest } from '../receipt.ts'
import { payload, statement } from './material.ts'

const accepted = [
  'true',
  '0',
  '9007199254740991',
  '""',
  '[]',
  '[ ]',
  '{"a":1}',
  ' { "b" : [ true , false ] , "a" : { "d" : 0 , "c" : "x" } } ',
  '{"b":1,"a":2,"A":3,"_":4,"10":5,"9":6,"":7}',
  '{"aa":1,"a":2,"ab":3,"a b":4}',
  '["\\u0061\\/b","~ !#$%&\'()*+,-./:;<=>?@[]^_`{|}"]',
  '{"__proto__":1,"constructor":2,"toString":3}',
  '[[[[[[[[]]]]]]]]',
  '[0,[],[[]],""]',
  JSON.stringify(statement().predicate.claim),
]
/** Read without complaint, but without a canonical form. */
const formless = [
  'null',
  '{}',
  '[{}]',
  '{"a":null}',
  '"ü"',
  '"\\u0001"',
  '"a\\"b"',
  '"a\\\\b"',
  '"\\n"',
  '"\\u007f"',
  '{"ü":1}',
  '{"a\\"":1}',
  '"😀"',
]
/** No JSON in the protocol's sense. */
const refused = [
  '',
  ' ',
  '\ufeff1',
  '1 2',
  '01',
  '-1',
  '-0',
  '+1',
  '1.0',
  '1.5',
  '1e2',
  '1E2',
  '9007199254740992',
  '9007199254740993',
  '123456789012345678901234567890',
  '.5',
  '0x10',
  'NaN',
  'Infinity',
  'True',
  'nul',
  '"',
  '"a',
  "'a'",
  '"\t"',
  '"\\x"',
  '"\\u12"',
  '"\\u00g0"',
  '"\\ud800"',
  '"\\ud800\\u0041"',
  '"\\udc00"',
  '[1,]',
  '[,1]',
  '[1 2]',
  '{"a":1,}',
  '{a:1}',
  '{"a" 1}',
  '{"a":1 "b":2}',
  '{"a":1,"a":1}',
  '{"a":1,"\\u0061":1}',
  '{"b":{"a":1,"a":2}}',
  '{"__proto__":1,"__proto__":2}',
  '[1]]',
  '{"a":1}}',
  '/**/1',
  '\u00a01',
  '\v1',
  '[[[[[[[[[]]]]]]]]]',
  '{"a":[[[[[[[[]]]]]]]]}',
]

export function canonicalVectors() {
  return {
    note: 'accepted: text and its canonical form. formless: the strict reader takes them, but they have no canonical form. refused: by the strict reader, at depth 8 and with integers only.',
    accepted: accepted.map(json => {
      const value = parseJson(json, { integersOnly: true })
      return { json, canonical: canonical(value), digest: canonicalDigest(value) }
    }),
    formless,
    refused,
    claim: {
      payload: new TextDecoder().decode(payload),
      canonical: canonical(statement().predicate.claim),
      digest: claimDigest(statement().predicate.claim),
    },
  }
}
