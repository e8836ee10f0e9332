/**
 * JSON as the protocol reads and writes it (RFC 8259, narrowed). Reading refuses what two languages could read differently: a byte
 * order mark, a member twice, a lone surrogate, a float where integers are asked for. Writing is the canonical form of SPEC.md: RFC 8785 made trivial.
 */
import { utf8Text } from './bytes.ts'
import { PhaseError } from './errors.ts'
import { jsonDepthMax } from './limits.ts'

export type JsonValue = null | boolean | number | string | JsonValue[] | { [member: string]: JsonValue }
export type JsonObject = { [member: string]: JsonValue }

export interface JsonOptions {
  /** Nesting of objects and arrays. */
  depthMax?: number
  /** Numbers are `0|[1-9][0-9]*` up to 2^53 - 1: no sign, no fraction, no exponent. */
  integersOnly?: boolean
}

/** @throws {PhaseError} `invalid`, with the offset, for anything that is not one such JSON value. */
export function parseJson(input: Uint8Array | string, options: JsonOptions = {}): JsonValue {
  const text = typeof input === 'string' ? input : utf8Text(input)
  const reader = new Reader(text, options.depthMax ?? jsonDepthMax, options.integersOnly ?? false)
  return reader.document()
}

/**
 * The canonical form: members sorted, no white space, one spelling of each value. Only what needs no rule beyond that is admitted:
 * non-empty objects with ASCII names, arrays, booleans, printable ASCII strings without `"` and `\`, integers from 0 to 2^53 - 1.
 * @throws {PhaseError} `invalid` for anything else.
 */
export function canonical(value: JsonValue): string {
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value) || value < 0 || Object.is(value, -0)) throw notCanonical(`number ${value}`)
    return String(value)
  }
  if (typeof value === 'string') return canonicalString(value)
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (value === null) throw notCanonical('null')
  const members = Object.keys(value).sort()
  if (members.length === 0) throw notCanonical('an empty object')
  return `{${members.map(name => `${canonicalString(name)}:${canonical(value[name] as JsonValue)}`).join(',')}}`
}

function canonicalString(text: string): string {
  if (!/^[ !#-[\]-~]*$/.test(text)) throw notCanonical(`string ${JSON.stringify(text.slice(0, 40))}`)
  return `"${text}"`
}

const notCanonical = (what: string) =>
  new PhaseError('invalid', `Cannot write canonical JSON: ${what} has no canonical form`)

const whiteSpace = /[ \t\n\r]*/y
const plain = /[^"\\\u0000-\u001f]*/y
const number = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
const escapes: Record<string, string> = { '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

class Reader {
  private at = 0
  private depth = 0
  private readonly text: string
  private readonly depthMax: number
  private readonly integersOnly: boolean

  constructor(text: string, depthMax: number, integersOnly: boolean) {
    this.text = text
    this.depthMax = depthMax
    this.integersOnly = integersOnly
  }

  document(): JsonValue {
    if (!this.text.isWellFormed()) throw this.wrong('lone surrogate')
    const value = this.value()
    this.match(whiteSpace)
    if (this.at !== this.text.length) throw this.wrong('more after the end of the value')
    return value
  }

  private value(): JsonValue {
    this.match(whiteSpace)
    switch (this.text[this.at]) {
      case '{':
        return this.nested(() => this.object())
      case '[':
        return this.nested(() => this.array())
      case '"':
        return this.string()
      case 't':
        return this.word('true', true)
      case 'f':
        return this.word('false', false)
      case 'n':
        return this.word('null', null)
      default:
        return this.number()
    }
  }

  private nested<T>(read: () => T): T {
    if (++this.depth > this.depthMax) throw this.wrong(`nested deeper than ${this.depthMax}`)
    this.at++
    const value = read()
    this.depth--
    return value
  }

  private object(): JsonObject {
    const object: JsonObject = {}
    if (this.closed('}')) return object
    for (;;) {
      this.match(whiteSpace)
      if (this.text[this.at] !== '"') throw this.wrong('a member name was expected')
      const name = this.string()
      if (Object.hasOwn(object, name)) throw this.wrong(`member ${JSON.stringify(name.slice(0, 64))} stands twice`)
      this.expect(':')
      // A plain assignment of "__proto__" would set the prototype instead of a member.
      Object.defineProperty(object, name, { value: this.value(), enumerable: true, configurable: true, writable: true })
      if (this.closed('}')) return object
      this.expect(',')
    }
  }

  private array(): JsonValue[] {
    const array: JsonValue[] = []
    if (this.closed(']')) return array
    for (;;) {
      array.push(this.value())
      if (this.closed(']')) return array
      this.expect(',')
    }
  }

  private string(): string {
    let result = ''
    this.at++
    for (;;) {
      result += this.match(plain)
      const character = this.text[this.at++]
      if (character === '"') break
      if (character !== '\\') throw this.wrong('a string is not closed or holds a control character')
      result += this.escape()
    }
    if (!result.isWellFormed()) throw this.wrong('lone surrogate')
    return result
  }

  private escape(): string {
    const character = this.text[this.at++] ?? ''
    if (character !== 'u') {
      const plainCharacter = Object.hasOwn(escapes, character) ? escapes[character] : undefined
      if (plainCharacter === undefined) throw this.wrong('unknown escape')
      return plainCharacter
    }
    const digits = this.text.slice(this.at, this.at + 4)
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw this.wrong('unknown escape')
    this.at += 4
    return String.fromCharCode(Number.parseInt(digits, 16))
  }

  private number(): number {
    const start = this.at
    number.lastIndex = this.at
    const found = number.exec(this.text)
    if (found === null) throw this.wrong('a value was expected')
    this.at += found[0].length
    const value = Number(found[0])
    if (this.integersOnly && (!/^[0-9]+$/.test(found[0]) || !Number.isSafeInteger(value))) {
      this.at = start
      throw this.wrong('a number is not an integer from 0 to 2^53 - 1')
    }
    return value
  }

  private word<T>(word: string, value: T): T {
    if (!this.text.startsWith(word, this.at)) throw this.wrong('a value was expected')
    this.at += word.length
    return value
  }

  private closed(character: string): boolean {
    this.match(whiteSpace)
    if (this.text[this.at] !== character) return false
    this.at++
    return true
  }

  private expect(character: string): void {
    this.match(whiteSpace)
    if (this.text[this.at] !== character) throw this.wrong(`"${character}" was expected`)
    this.at++
  }

  private match(pattern: RegExp): string {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)?.[0] ?? ''
    this.at += found.length
    return found
  }

  private wrong(what: string): PhaseError {
    return new PhaseError('invalid', `Cannot read JSON at offset ${this.at}: ${what}`)
  }
}
