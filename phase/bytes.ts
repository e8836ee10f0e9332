/** Bytes as text and back: UTF-8, hexadecimal, standard padded base64 (RFC 4648 section 4). Strict in one direction, plain in the other. */
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { PhaseError } from './errors.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export const utf8 = (text: string): Uint8Array<ArrayBuffer> => encoder.encode(text)
/** @throws {PhaseError} `invalid` where `bytes` are not UTF-8. A byte order mark stays in the text. */
export function utf8Text(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw new PhaseError('invalid', 'Cannot read text: the bytes are not UTF-8', { cause })
  }
}

export const hex = (bytes: Uint8Array): string => bytesToHex(bytes)
export const fromHex = (text: string): Uint8Array => hexToBytes(text)

export function base64(bytes: Uint8Array): string {
  let binary = ''
  for (let at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode(...bytes.subarray(at, at + 8192))
  return btoa(binary)
}

/** @throws {PhaseError} `invalid` for anything but the one padded spelling of some bytes. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const bytes = decodeBase64(text)
  if (base64(bytes) !== text) throw new PhaseError('invalid', 'Cannot read base64: not standard padded base64')
  return bytes
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  try {
    const binary = atob(text)
    const bytes = new Uint8Array(binary.length)
    for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i)
    return bytes
  } catch (cause) {
    throw new PhaseError('invalid', 'Cannot read base64: not standard padded base64', { cause })
  }
}

export function concat(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

export const equal = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, index) => byte === b[index])
