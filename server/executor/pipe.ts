/** The child's end of its one pipe, without an event loop: it waits in the read, and what it writes is gone when the call returns. */
import { readSync, writeSync } from 'node:fs'
import { decodePrefix, encodeHeader, type Frame, type FromChild, prefixBytes, type ToChild } from './messages.ts'

const pipe = 3
/** Below this one copy is cheaper than one more system call. */
const joinBytesMax = 65_536

/** The next frame, `undefined` when the parent is gone. */
export function readFrame(): Frame<ToChild> | undefined {
  const prefix = readExactly(prefixBytes)
  if (prefix === undefined) return undefined
  const { headerBytes, bodyBytes } = decodePrefix(prefix)
  const header = readExactly(headerBytes)
  const body = readExactly(bodyBytes)
  if (header === undefined || body === undefined) return undefined
  return { header: JSON.parse(header.toString()) as ToChild, body }
}

export function writeFrame(header: FromChild, bodies: readonly Uint8Array[] = []): void {
  const parts = [encodeHeader(header, bodies), ...bodies]
  const joined = parts.reduce((size, { length }) => size + length, 0) <= joinBytesMax ? [Buffer.concat(parts)] : parts
  for (const part of joined) for (let at = 0; at < part.length; ) at += writeSync(pipe, part, at)
}

function readExactly(size: number): Buffer<ArrayBuffer> | undefined {
  const bytes = Buffer.allocUnsafeSlow(size)
  for (let at = 0; at < size; ) {
    const count = readSync(pipe, bytes, at, size - at, null)
    if (count === 0) return undefined
    at += count
  }
  return bytes
}
