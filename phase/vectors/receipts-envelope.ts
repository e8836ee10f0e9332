/** Envelopes that are spelled oddly or wrongly. */
import { base64, concat, utf8 } from '../bytes.ts'
import { executor, payload, receipt, seal, signature, statement, stranger } from './material.ts'
import { invalid, pinned, type Row, valid, withByte } from './row.ts'

const good = new TextDecoder().decode(receipt.envelope)
const ours = signature(payload, executor)

/** The statement with so much white space behind it that its base64 ends in `padding` equals signs. */
function padded(padding: 1 | 2): Uint8Array {
  const text = JSON.stringify(statement())
  const spaces = [0, 1, 2].find(count => (text.length + count + padding) % 3 === 0) as number
  return utf8(text + ' '.repeat(spaces))
}
const one = padded(1)
const two = padded(2)
const respell = (bytes: Uint8Array, spell: (text: string) => string) => seal(bytes, { payload: spell(base64(bytes)) })
/** A payload whose signature's base64 has both letters that the URL-safe alphabet spells otherwise. */
const urlSafe = Array.from({ length: 50 }, (_, count) => utf8(JSON.stringify(statement()) + ' '.repeat(count))).find(
  bytes => /\+.*\/|\/.*\+/.test(signature(bytes, executor).sig),
) as Uint8Array
const nested = (depth: number) => `${'['.repeat(depth)}0${']'.repeat(depth)}`
const oversize = (size: number): Uint8Array => {
  const text = JSON.stringify({ ...statement(), filler: '' })
  return utf8(text.replace('"filler":""', `"filler":"${'x'.repeat(size - text.length)}"`))
}

export function envelopeReceipts(): Row[] {
  return [
    valid('white space and another order of members', reordered(), pinned),
    valid('escapes where plain letters would do', good.replace('"payloadType"', '"p\\u0061yloadType"'), pinned),
    valid('an unknown member of the envelope', seal(payload, { mediaType: 'x', more: { deep: [1, 'ü'] } }), pinned),
    valid('an unknown member of a signature', seal(payload, { signatures: [{ ...ours, cert: 'x' }] }), pinned),
    valid('base64 that ends in ==', seal(two), pinned),
    valid('a payload of 65536 bytes', seal(oversize(65_536)), pinned),
    invalid('envelope', 'a payload of 65537 bytes', seal(oversize(65_537)), pinned),
    invalid('envelope', 'nothing', ''),
    invalid('envelope', 'null', 'null'),
    invalid('envelope', 'an array', `[${good}]`),
    invalid('envelope', 'not JSON', 'receipt'),
    invalid('envelope', 'truncated', good.slice(0, -1)),
    invalid('envelope', 'truncated in the middle', good.slice(0, good.length / 2)),
    invalid('envelope', 'more behind it', `${good}${good}`),
    invalid('envelope', 'a zero byte behind it', `${good}\0`),
    invalid('envelope', 'a byte order mark', `\ufeff${good}`),
    invalid('envelope', 'a byte that is not UTF-8', withByte(good, good.indexOf('did:key'), 0xff)),
    invalid(
      'envelope',
      'a surrogate as UTF-8',
      concat(
        withByte(good, good.indexOf('did:key'), 0xed).subarray(0, good.indexOf('did:key') + 1),
        Uint8Array.of(0xa0, 0x80),
        utf8(good.slice(good.indexOf('did:key'))),
      ),
    ),
    invalid(
      'envelope',
      'an overlong UTF-8 spelling',
      concat(
        utf8(good.slice(0, good.indexOf('did:key'))),
        Uint8Array.of(0xc0, 0xaf),
        utf8(good.slice(good.indexOf('did:key'))),
      ),
    ),
    invalid('envelope', 'a lone surrogate in an unknown member', seal(payload).replace('{', '{"x":"\\ud800",')),
    invalid('envelope', 'the payload twice', good.replace('{', `{"payload":"${base64(utf8('{}'))}",`)),
    invalid(
      'envelope',
      'the payload twice, once in escapes',
      good.replace('{', `{"p\\u0061yload":"${base64(utf8('{}'))}",`),
    ),
    invalid(
      'envelope',
      'signatures twice',
      good.replace(/}$/, `,"signatures":[${JSON.stringify(signature(payload, stranger))}]}`),
    ),
    invalid('envelope', 'a number with a fraction in an unknown member', good.replace('{', '{"x":1.5,')),
    invalid('envelope', 'a comma behind the last member', good.replace(/}$/, ',}')),
    invalid('envelope', 'single quotes', good.replaceAll('"', "'")),
    invalid('envelope', 'a comment', good.replace('{', '{/**/')),
    invalid('envelope', 'nested nine deep', good.replace('{', `{"x":${nested(8)},`)),
    valid('nested eight deep', good.replace('{', `{"x":${nested(7)},`), pinned),
    invalid('envelope', 'no signatures', seal(payload, { signatures: [] })),
    invalid('envelope', 'no member signatures', seal(payload, { signatures: undefined })),
    invalid('envelope', 'nine signatures', seal(payload, { signatures: Array(9).fill(ours) })),
    invalid('envelope', 'signatures that are no array', seal(payload, { signatures: ours })),
    invalid('envelope', 'a signature that is no object', seal(payload, { signatures: [ours.sig] })),
    invalid('envelope', 'a signature without sig', seal(payload, { signatures: [{ keyid: ours.keyid }] })),
    invalid('envelope', 'a keyid that is null', seal(payload, { signatures: [{ ...ours, keyid: null }] })),
    invalid('envelope', 'no payload', seal(payload, { payload: undefined })),
    invalid('envelope', 'a payload that is the statement itself', seal(payload, { payload: statement() })),
    invalid('envelope', 'a payload type that is no string', seal(payload, { payloadType: 1 })),
    invalid('payloadType', 'another payload type', seal(payload, { payloadType: 'application/json' })),
    invalid(
      'payloadType',
      'another payload type, signed so',
      seal(payload, { signedType: 'application/vnd.phase.job-request.v1+json' }),
    ),
    invalid(
      'payloadType',
      'the payload type in capitals',
      seal(payload, { payloadType: 'application/vnd.in-toto+JSON' }),
    ),
    invalid('payloadType', 'an empty payload type', seal(payload, { payloadType: '' })),
    invalid(
      'envelope',
      'base64 without its padding',
      respell(two, text => text.replace(/=+$/, '')),
    ),
    invalid(
      'envelope',
      'base64 with one = too few',
      respell(two, text => text.slice(0, -1)),
    ),
    invalid(
      'envelope',
      'base64 with too much padding',
      respell(two, text => `${text}==`),
    ),
    invalid(
      'envelope',
      'base64 with = in the middle',
      respell(payload, text => `${text.slice(0, 6)}==${text.slice(8)}`),
    ),
    invalid(
      'envelope',
      'base64 with bits set that no byte holds, before ==',
      respell(two, text => text.replace(/(.)==$/, next)),
    ),
    invalid(
      'envelope',
      'base64 with bits set that no byte holds, before =',
      respell(one, text => text.replace(/(.)=$/, next)),
    ),
    invalid(
      'envelope',
      'base64 in the URL-safe alphabet',
      seal(urlSafe, {
        signatures: [{ ...ours, sig: signature(urlSafe, executor).sig.replaceAll('+', '-').replaceAll('/', '_') }],
      }),
    ),
    invalid(
      'envelope',
      'base64 with a line break',
      respell(payload, text => `${text.slice(0, 76)}\n${text.slice(76)}`),
    ),
    invalid(
      'envelope',
      'base64 with a space before it',
      respell(payload, text => ` ${text}`),
    ),
    invalid(
      'envelope',
      'base64 with a letter of no alphabet',
      respell(payload, text => `${text.slice(0, 4)}*${text.slice(5)}`),
    ),
    invalid(
      'envelope',
      'base64 with a letter beyond ASCII',
      respell(payload, text => `${text.slice(0, 4)}\u0101${text.slice(5)}`),
    ),
    invalid('envelope', 'a signature in hex', seal(payload, { signatures: [{ ...ours, sig: 'ab'.repeat(64) }] })),
    invalid(
      'envelope',
      'a signature without its padding',
      seal(payload, { signatures: [{ ...ours, sig: ours.sig.replace(/=+$/, '') }] }),
    ),
    invalid(
      'envelope',
      'a second signature that is not base64',
      seal(payload, { signatures: [ours, { ...ours, sig: '?' }] }),
    ),
  ]
}

/** Same bytes signed, everything around them written otherwise. */
function reordered(): string {
  const { payloadType, payload: bytes, signatures } = JSON.parse(good) as Record<string, unknown>
  return ` ${JSON.stringify({ signatures, payload: bytes, payloadType }, null, '\t')}\r\n`
}

/** The last letter before the padding, one higher: another spelling of the same bytes. */
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const next = (text: string): string => (alphabet[alphabet.indexOf(text[0] as string) + 1] as string) + text.slice(1)
