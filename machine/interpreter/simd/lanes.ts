/** A vector taken apart into lanes and put together again, the lowest lane first (https://webassembly.github.io/spec/core/syntax/values.html). */
import { bitsOfF32, bitsOfF64, numberOfF32, numberOfF64 } from '../numeric/floats.ts'

export type LaneBits = 8 | 16 | 32 | 64
export type FloatBits = 32 | 64

/** Integer lanes are bigints whatever their width, so that one rule serves all. */
export function signedLanes(vector: Uint8Array, bits: LaneBits): bigint[] {
  const view = viewOf(vector)
  return placesOf(bits).map(at => {
    if (bits === 8) return BigInt(view.getInt8(at))
    if (bits === 16) return BigInt(view.getInt16(at, true))
    return bits === 32 ? BigInt(view.getInt32(at, true)) : view.getBigInt64(at, true)
  })
}

export const unsignedLanes = (vector: Uint8Array, bits: LaneBits): bigint[] =>
  signedLanes(vector, bits).map(lane => BigInt.asUintN(bits, lane))

/** Each lane modulo 2^bits. */
export function fromLanes(lanes: readonly bigint[], bits: LaneBits): Uint8Array {
  const view = new DataView(new ArrayBuffer(16))
  for (const [lane, at] of placesOf(bits).entries()) {
    const value = BigInt.asIntN(bits, lanes[lane] as bigint)
    if (bits === 8) view.setInt8(at, Number(value))
    else if (bits === 16) view.setInt16(at, Number(value), true)
    else if (bits === 32) view.setInt32(at, Number(value), true)
    else view.setBigInt64(at, value, true)
  }
  return new Uint8Array(view.buffer)
}

export const floatLanes = (vector: Uint8Array, bits: FloatBits): number[] =>
  signedLanes(vector, bits).map(lane => (bits === 32 ? numberOfF32(Number(lane)) : numberOfF64(lane)))

/** A NaN becomes the canonical one. */
export const fromFloats = (lanes: readonly number[], bits: FloatBits): Uint8Array =>
  fromLanes(
    lanes.map(lane => (bits === 32 ? BigInt(bitsOfF32(lane)) : bitsOfF64(lane))),
    bits,
  )

const viewOf = (vector: Uint8Array) => new DataView(vector.buffer, vector.byteOffset, 16)
const places = new Map(([8, 16, 32, 64] as const).map(bits => [bits, placesFor(bits)]))
const placesOf = (bits: LaneBits): readonly number[] => places.get(bits) as readonly number[]

function placesFor(bits: LaneBits): number[] {
  return Array.from({ length: 128 / bits }, (_, lane) => (lane * bits) / 8)
}
