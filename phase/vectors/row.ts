/** One receipt vector, and short ways to write one down. */
import { concat, utf8 } from '../bytes.ts'
import { everything } from './material.ts'

export interface Row {
  name: string
  /** Text, or bytes where they are no text. */
  envelope: string | Uint8Array
  expected?: object
  verdict: 'valid' | 'invalid' | 'unverifiable'
  /** The first check that is not `passed`. */
  check?: string
}

export const valid = (name: string, envelope: string, expected?: object): Row => ({
  name,
  envelope,
  ...(expected ? { expected } : {}),
  verdict: 'valid',
})
export const invalid = (check: string, name: string, envelope: string | Uint8Array, expected?: object): Row => ({
  name,
  envelope,
  ...(expected ? { expected } : {}),
  verdict: 'invalid',
  check,
})
export const unverifiable = (check: string, name: string, envelope: string, expected?: object): Row => ({
  ...invalid(check, name, envelope, expected),
  verdict: 'unverifiable',
})

/** For rows that need no expectation, and for those that need all of them. */
export const pinned = { executor: everything.executor }
export const withByte = (text: string, at: number, byte: number): Uint8Array => {
  const bytes = utf8(text)
  return concat(bytes.subarray(0, at), Uint8Array.of(byte), bytes.subarray(at))
}
