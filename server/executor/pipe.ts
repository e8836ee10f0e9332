/** The child's end of its one pipe, without an event loop: it waits in the read, and what it writes is gone when the call returns. */
import { readSync, writeSync } from 'node:fs'
import { isPhaseError } from '../../phase/errors.ts'
import {
  decodePrefix,
  encodeFrame,
  type FaultedMessage,
  type Frame,
  type FromChild,
  prefixBytes,
  type ToChild,
} from './messages.ts'

const pipe = 3
/** Most frames come whole in one read, and with the next one when that is already there. */
const first = Buffer.allocUnsafeSlow(65_536)
/** What was read beyond the last frame. */
let aheadFrom = 0
let aheadTo = 0

/**
 * The next frame, `undefined` when the parent is gone. What it is, is the parent's affair. The body of a small one holds until the next is read.
 */
export function readFrame<Header extends ToChild = ToChild>(): Frame<Header> | undefined {
  first.copyWithin(0, aheadFrom, aheadTo)
  let size = readUpTo(first, aheadTo - aheadFrom, prefixBytes)
  if (size < prefixBytes) return undefined
  const { headerBytes, bodyBytes } = decodePrefix(first)
  const wanted = prefixBytes + headerBytes + bodyBytes
  let frame = first
  if (wanted > first.length) {
    frame = Buffer.allocUnsafeSlow(wanted)
    first.copy(frame, 0, 0, size)
  }
  size = readUpTo(frame, size, wanted)
  if (size < wanted) return undefined
  aheadFrom = frame === first ? wanted : 0
  aheadTo = frame === first ? size : 0
  const bodyAt = prefixBytes + headerBytes
  const header = JSON.parse(frame.toString('utf8', prefixBytes, bodyAt)) as Header
  return { header, body: frame.subarray(bodyAt, wanted) }
}

export function writeFrame(header: FromChild, bodies: readonly Uint8Array[] = []): void {
  for (const part of encodeFrame(header, bodies)) for (let at = 0; at < part.length; ) at += writeSync(pipe, part, at)
}

export function faulted(error: unknown): FaultedMessage {
  const detail = error instanceof Error ? error.message.slice(0, 1000) : 'something that is no error was thrown'
  return { type: 'faulted', reason: reasonOf(error), detail }
}

function reasonOf(error: unknown): FaultedMessage['reason'] {
  if (isPhaseError(error, 'moduleRejected')) return 'moduleRejected'
  return error instanceof RangeError && /allocat|memory/.test(error.message) ? 'memoryExhausted' : 'internal'
}

/** All threads of this process, by the operating system. */
export function cpuTotalUs(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

/** Reads behind the `have` bytes that are there, until there are `wanted`. @returns how many there are; fewer at the end. */
function readUpTo(bytes: Buffer, have: number, wanted: number): number {
  let size = have
  while (size < wanted) {
    const count = readSync(pipe, bytes, size, bytes.length - size, null)
    if (count === 0) break
    size += count
  }
  return size
}
