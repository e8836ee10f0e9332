/**
 * The guest's linear memory as the host functions see it. What a call must read or write and cannot, because it lies beyond the memory or not
 * at a multiple of its size, traps, as preview 1 wants it (https://github.com/WebAssembly/WASI/blob/main/legacy/tools/witx-docs.md#pointers).
 * Nothing is followed that is empty.
 */

import { ioVectorsMax } from '../limits.ts'
import { errno, fail, HostTrap } from './errno.ts'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()
/** A power of two well above `pathBytesMax`. */
const partBytes = 65_536

const none = new Uint8Array(0)
const noView = new DataView(none.buffer)

export class GuestMemory {
  private memory: Pick<WebAssembly.Memory, 'buffer'> | undefined
  private bytes = none
  private view = noView

  bind(memory: Pick<WebAssembly.Memory, 'buffer'> | undefined): void {
    this.memory = memory
  }

  /** The `size` bytes at `at`, in place: the view holds until the guest runs again. */
  range(at: number, size: number, alignment = 1): Uint8Array {
    // Not a part of what is cached: the guest may have grown since, and that buffer be gone.
    if (size === 0) return new Uint8Array(0)
    this.check(at, size, alignment)
    return this.bytes.subarray(at, at + size)
  }

  /**
   * What is longer than any path may be comes short, but too long still, and with a NUL if it has one: no engine needs to have strings of that size.
   * @throws {Failure} `illegalBytes` where they are not UTF-8.
   */
  text(at: number, size: number): string {
    const bytes = this.range(at, size)
    try {
      return size <= partBytes ? decode(bytes) : decodeInParts(bytes)
    } catch (error) {
      if (error instanceof TypeError) return fail(errno.illegalBytes)
      throw error
    }
  }

  u8(at: number): number {
    this.check(at, 1, 1)
    return this.view.getUint8(at)
  }

  u16(at: number): number {
    this.check(at, 2, 2)
    return this.view.getUint16(at, true)
  }

  u32(at: number): number {
    this.check(at, 4, 4)
    return this.view.getUint32(at, true)
  }

  u64(at: number): bigint {
    this.check(at, 8, 8)
    return this.view.getBigUint64(at, true)
  }

  setU8(at: number, value: number): void {
    this.check(at, 1, 1)
    this.view.setUint8(at, value)
  }

  setU16(at: number, value: number): void {
    this.check(at, 2, 2)
    this.view.setUint16(at, value, true)
  }

  setU32(at: number, value: number): void {
    this.check(at, 4, 4)
    this.view.setUint32(at, value, true)
  }

  setU64(at: number, value: bigint): void {
    this.check(at, 8, 8)
    this.view.setBigUint64(at, value, true)
  }

  /** The buffers of a scattered read or write, all of them checked before any is touched. @throws {Failure} `invalid`: more than 1,024. */
  buffers(at: number, count: number): Uint8Array[] {
    if (count > ioVectorsMax) return fail(errno.invalid)
    this.range(at, count * 8, 4)
    const buffers: Uint8Array[] = []
    for (let next = at; next < at + count * 8; next += 8) buffers.push(this.range(this.u32(next), this.u32(next + 4)))
    return buffers
  }

  /** Of the buffers of a scattered read or write: none unless all of their vectors lie in memory. */
  lengths(at: number, count: number): number[] {
    this.refresh()
    if (at + count * 8 > this.bytes.length) return []
    return Array.from({ length: count }, (_, index) => this.view.getUint32(at + index * 8 + 4, true))
  }

  /** Strings as preview 1 hands them over: pointers at `pointers`, NUL-terminated bytes one after the other at `bytes`. */
  writeStrings(strings: readonly Uint8Array[], pointers: number, bytes: number): void {
    this.range(pointers, strings.length * 4, 4)
    this.range(bytes, sizeOf(strings))
    let at = bytes
    for (const [index, string] of strings.entries()) {
      this.setU32(pointers + index * 4, at)
      this.range(at, string.length).set(string)
      this.setU8(at + string.length, 0)
      at += string.length + 1
    }
  }

  private check(at: number, size: number, alignment: number): void {
    this.refresh()
    if (at + size > this.bytes.length) throw new HostTrap('memoryOutOfBounds')
    if (at % alignment !== 0) throw new HostTrap('misalignedPointer')
  }

  private refresh(): void {
    // Growing detaches the old buffer, so what is cached must be told apart from what is there.
    const buffer = this.memory?.buffer
    if (buffer !== undefined && buffer !== this.bytes.buffer) {
      this.bytes = new Uint8Array(buffer)
      this.view = new DataView(buffer)
    }
  }
}

/** Of a copy: decoders in pages refuse what may be resized, which a memory's buffer may be. */
const decode = (bytes: Uint8Array): string => decoder.decode(bytes.slice())

function decodeInParts(bytes: Uint8Array): string {
  const parts = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let first = ''
  let nul = ''
  for (let at = 0; at < bytes.length; at += partBytes) {
    const part = parts.decode(bytes.slice(at, at + partBytes), { stream: true })
    if (at === 0) first = part
    if (part.includes('\0')) nul = '\0'
  }
  parts.decode()
  return first + nul
}

export const encodeStrings = (strings: readonly string[]): Uint8Array[] => strings.map(text => encoder.encode(text))
/** Bytes that the strings take with their terminators. */
export const sizeOf = (strings: readonly Uint8Array[]): number =>
  strings.reduce((sum, { length }) => sum + length + 1, 0)
export const totalOf = (buffers: readonly Uint8Array[]): number => buffers.reduce((sum, { length }) => sum + length, 0)
