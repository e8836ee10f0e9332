/** Statements that are spelled oddly or wrongly, or lack something, under a signature that holds. */
import { base64, concat, utf8 } from '../bytes.ts'
import type { Statement } from '../receipt.ts'
import { payload, receipt, seal, statement, stranger } from './material.ts'
import { invalid, pinned, type Row, unverifiable, valid } from './row.ts'

const text = new TextDecoder().decode(payload)
/** Signed as it stands, after one replacement in its text. */
const respell = (from: string | RegExp, to: string): string => {
  const respelled = text.replace(from, () => to)
  if (respelled === text) throw new Error(`nothing to replace: ${from}`)
  return seal(respelled)
}
// oxlint-disable-next-line typescript/no-explicit-any -- a statement is spoiled in ways that its type forbids
type Spoiled = any
export const change = (spoil: (changed: Spoiled) => void): string => {
  const changed: Statement = statement()
  spoil(changed)
  return seal(JSON.stringify(changed))
}
const nested = (depth: number) => `${'['.repeat(depth)}0${']'.repeat(depth)}`
const add = (member: string) => respell('{', `{${member},`)

export function statementReceipts(): Row[] {
  return [
    ...spellings(),
    ...members(),
    unverifiable(
      'predicateType',
      'an unknown predicate type, the executor pinned',
      change(s => {
        s.predicateType = 'https://phasebased.com/execution-receipt/v2'
      }),
      pinned,
    ),
    unverifiable(
      'predicateType',
      'an unknown predicate type with a predicate of its own',
      change(s => {
        s.predicateType = 'https://slsa.dev/provenance/v1'
        s.predicate = { buildDefinition: {} }
      }),
      pinned,
    ),
    unverifiable(
      'signature',
      'an unknown predicate type, nobody pinned',
      change(s => {
        s.predicateType = 'https://phasebased.com/execution-receipt/v2'
      }),
    ),
    invalid(
      'signature',
      'an unknown predicate type, signed by somebody else',
      change(s => {
        s.predicateType = 'https://phasebased.com/execution-receipt/v2'
      }),
      { executor: stranger.did },
    ),
    invalid(
      'statement',
      'another statement type',
      change(s => {
        s._type = 'https://in-toto.io/Statement/v0.1'
      }),
    ),
    invalid(
      'statement',
      'no statement type',
      change(s => {
        delete s._type
      }),
    ),
    invalid(
      'statement',
      'a predicate type that is no string',
      change(s => {
        s.predicateType = 1
      }),
    ),
    invalid(
      'subject',
      'another subject',
      change(s => {
        s.subject[0].digest.sha256 = '0'.repeat(64)
      }),
    ),
    invalid(
      'subject',
      'the subject in capitals',
      change(s => {
        s.subject[0].digest.sha256 = s.subject[0].digest.sha256.toUpperCase()
      }),
    ),
    invalid(
      'subject',
      'two subjects',
      change(s => {
        s.subject.push(s.subject[0])
      }),
    ),
    invalid(
      'subject',
      'no subject',
      change(s => {
        s.subject = []
      }),
    ),
    invalid(
      'subject',
      'no member subject',
      change(s => {
        delete s.subject
      }),
    ),
    invalid(
      'subject',
      'a subject without sha256',
      change(s => {
        s.subject[0].digest = { sha512: '0'.repeat(128) }
      }),
    ),
    invalid(
      'executor',
      'the peer id of somebody else',
      change(s => {
        s.predicate.measurement.executor.peerId = stranger.peerId
      }),
    ),
    invalid(
      'executor',
      'the did of somebody else, under the pinned key',
      change(s => {
        s.predicate.measurement.executor.did = stranger.did
      }),
      pinned,
    ),
    invalid(
      'signature',
      'the did of somebody else',
      change(s => {
        s.predicate.measurement.executor.did = stranger.did
      }),
    ),
    invalid(
      'executor',
      'somebody else altogether, under the pinned key',
      change(s => {
        s.predicate.measurement.executor = { did: stranger.did, peerId: stranger.peerId }
      }),
      pinned,
    ),
    invalid(
      'statement',
      'a did that is none',
      change(s => {
        s.predicate.measurement.executor.did = `did:key:z6Mk${'z'.repeat(44)}`
      }),
    ),
    invalid(
      'statement',
      'a did of another method',
      change(s => {
        s.predicate.measurement.executor.did = 'did:web:example.com'
      }),
    ),
  ]
}

function spellings(): Row[] {
  const bom = Uint8Array.of(0xef, 0xbb, 0xbf)
  return [
    valid('white space and another order of members, signed so', seal(reordered())),
    valid('escapes in the claim, signed so', respell('"profile":"phase', '"profile":"ph\\u0061se')),
    valid(
      'a slash in escapes, signed so',
      respell('https://in-toto.io/Statement/v1', 'https:\\/\\/in-toto.io\\/Statement\\/v1'),
    ),
    invalid('statement', 'a byte order mark in the payload', seal(concat(bom, payload))),
    invalid('statement', 'an empty payload', seal('')),
    invalid('statement', 'an empty payload, the executor pinned', seal(''), pinned),
    invalid('statement', 'a payload that is an array', seal(`[${text}]`)),
    invalid('statement', 'a payload that is null', seal('null'), pinned),
    invalid('statement', 'a payload that is truncated, signed so', seal(text.slice(0, -1)), pinned),
    invalid('statement', 'more behind the statement', seal(`${text}{}`)),
    invalid('statement', 'the statement as a string', seal(JSON.stringify(text))),
    invalid('statement', 'a payload that is the envelope', seal(receipt.envelope)),
    invalid('statement', 'a payload in base64 twice', seal(base64(payload))),
    invalid('statement', 'a member twice', add('"_type":"https://in-toto.io/Statement/v1"')),
    invalid('statement', 'the claim twice', respell('"claim":', '"claim":{},"claim":')),
    invalid('statement', 'a member of the claim twice', respell('"seed":', `"seed":"${'0'.repeat(64)}","seed":`)),
    invalid(
      'statement',
      'a member of the binding twice, once in escapes',
      respell('"nonce":', '"n\\u006fnce":"00","nonce":'),
    ),
    invalid('statement', 'an unknown member twice', add('"x":1,"x":1')),
    invalid('statement', 'a member __proto__ twice', add('"__proto__":1,"__proto__":2')),
    valid('a member __proto__', add('"__proto__":{"predicateType":"x"}'), pinned),
    invalid('statement', 'a fraction', respell('"wallUs":4321', '"wallUs":4321.5')),
    invalid('statement', 'a fraction of zero', respell('"wallUs":4321', '"wallUs":4321.0')),
    invalid('statement', 'a fraction in the claim', respell('"exitCode":0', '"exitCode":0.0')),
    invalid('statement', 'an exponent', respell('"wallUs":4321', '"wallUs":1e2')),
    invalid('statement', 'an exponent in the claim', respell('"exitCode":0', '"exitCode":0e1')),
    invalid('statement', 'an integer of 2^53', respell('"wallUs":4321', '"wallUs":9007199254740992')),
    invalid('statement', 'an integer of 2^53 + 1', respell('"wallUs":4321', '"wallUs":9007199254740993')),
    invalid('statement', 'an integer of 40 digits in an unknown member', add(`"x":${'9'.repeat(40)}`)),
    valid('an integer of 2^53 - 1', respell('"wallUs":4321', '"wallUs":9007199254740991')),
    invalid('statement', 'a negative integer', respell('"wallUs":4321', '"wallUs":-1')),
    invalid('statement', 'minus zero', respell('"exitCode":0', '"exitCode":-0')),
    invalid('statement', 'a leading zero', respell('"wallUs":4321', '"wallUs":04321')),
    invalid('statement', 'a plus sign', respell('"wallUs":4321', '"wallUs":+4321')),
    invalid('statement', 'a hexadecimal number', respell('"wallUs":4321', '"wallUs":0x10e1')),
    invalid('statement', 'NaN', respell('"wallUs":4321', '"wallUs":NaN')),
    invalid('statement', 'a number as a string', respell('"wallUs":4321', '"wallUs":"4321"')),
    invalid('statement', 'a fraction in an unknown member', add('"x":0.5')),
    invalid('statement', 'a lone surrogate', add('"x":"\\ud800"')),
    invalid('statement', 'a lone low surrogate', add('"x":"\\udc00\\ud800"')),
    valid('a pair of surrogates', add('"x":"\\ud83d\\ude00"')),
    invalid(
      'statement',
      'bytes that are not UTF-8',
      seal(concat(utf8('{"x":"'), Uint8Array.of(0xff), utf8(`",${text.slice(1)}`))),
    ),
    invalid('statement', 'a raw line break in a string', add('"x":"a\nb"')),
    invalid('statement', 'an unknown escape', add('"x":"\\x41"')),
    invalid('statement', 'nested nine deep, signed so', add(`"x":${nested(8)}`), pinned),
    valid('nested eight deep, signed so', add(`"x":${nested(7)}`)),
    invalid('statement', 'nested 2000 deep', add(`"x":${nested(2_000)}`), pinned),
  ]
}

function members(): Row[] {
  return [
    valid(
      'an unknown member of the statement',
      change(s => {
        s.note = 'x'
      }),
    ),
    valid(
      'an unknown member of the predicate, a null, an empty object',
      change(s => {
        s.predicate.note = [null, {}, true, 'ü"']
      }),
    ),
    valid(
      'an unknown member of the measurement',
      change(s => {
        s.predicate.measurement.energyUj = 5
      }),
    ),
    valid(
      'an unknown member of the binding',
      change(s => {
        s.predicate.binding.price = '5'
      }),
    ),
    valid(
      'an unknown member of the subject',
      change(s => {
        s.subject[0].digest.sha512 = 'x'
        s.subject[0].name = 'out'
      }),
    ),
    valid(
      'a trap named in the measurement',
      change(s => {
        s.predicate.measurement.trap = 'unreachable'
      }),
    ),
    invalid(
      'statement',
      'no predicate',
      change(s => {
        delete s.predicate
      }),
    ),
    invalid(
      'statement',
      'no claim',
      change(s => {
        delete s.predicate.claim
      }),
    ),
    invalid(
      'statement',
      'no claim digest',
      change(s => {
        delete s.predicate.claimDigest
      }),
    ),
    invalid(
      'statement',
      'no measurement',
      change(s => {
        delete s.predicate.measurement
      }),
      pinned,
    ),
    invalid(
      'statement',
      'no executor',
      change(s => {
        delete s.predicate.measurement.executor
      }),
      pinned,
    ),
    invalid(
      'statement',
      'no runtime',
      change(s => {
        delete s.predicate.measurement.runtime
      }),
    ),
    invalid(
      'statement',
      'no salt',
      change(s => {
        delete s.predicate.measurement.salt
      }),
    ),
    invalid(
      'statement',
      'no binding',
      change(s => {
        delete s.predicate.binding
      }),
    ),
    invalid(
      'statement',
      'no nonce',
      change(s => {
        delete s.predicate.binding.nonce
      }),
    ),
    invalid(
      'statement',
      'a nonce in capitals',
      change(s => {
        s.predicate.binding.nonce = 'AB'.repeat(16)
      }),
    ),
    invalid(
      'statement',
      'a binding that is null',
      change(s => {
        s.predicate.binding = null
      }),
    ),
    invalid(
      'statement',
      'a time without Z',
      change(s => {
        s.predicate.measurement.startedAt = '2026-01-02T03:04:05+00:00'
      }),
    ),
    invalid(
      'statement',
      'a claim digest in capitals',
      change(s => {
        s.predicate.claimDigest = s.predicate.claimDigest.toUpperCase()
      }),
    ),
  ]
}

/** Same members, in reverse order at every level, with white space. */
function reordered(): string {
  const reverse = (value: unknown): unknown =>
    typeof value !== 'object' || value === null || Array.isArray(value)
      ? value
      : Object.fromEntries(
          Object.entries(value)
            .toReversed()
            .map(([name, member]) => [name, reverse(member)]),
        )
  return JSON.stringify(reverse(statement()), null, 2)
}
