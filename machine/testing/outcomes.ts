/** What an engine makes of one directive of a script, so that engines can be compared. */
import type { Constant, Expected } from './wast.ts'

export type Outcome =
  | { kind: 'values'; values: Constant[] }
  | { kind: 'trap'; trap: string }
  /** Of depth or fuel: the engine's stack, for an engine that counts neither. */
  | { kind: 'exhausted' }
  | { kind: 'rejected'; detail: string }
  | { kind: 'unlinkable'; detail: string }

export const describeOutcome = (outcome: Outcome): string =>
  outcome.kind === 'values'
    ? outcome.values.map(({ type, value }) => `${type} ${describeValue(value)}`).join(', ') || 'nothing'
    : outcome.kind === 'trap'
      ? `trap ${outcome.trap}`
      : 'detail' in outcome
        ? `${outcome.kind} (${outcome.detail})`
        : outcome.kind

const describeValue = (value: Constant['value']): string =>
  value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value)

/** Whether two engines agree: bits of a NaN may differ, which of several causes made a module fail to link, too. */
export function agree(a: Outcome, b: Outcome): boolean {
  if (a.kind === 'values' && b.kind === 'values') {
    return a.values.length === b.values.length && a.values.every((value, index) => same(value, b.values[index]))
  }
  if (a.kind === 'trap' && b.kind === 'trap') return a.trap === b.trap
  return a.kind === b.kind
}

function same(a: Constant, b: Constant | undefined): boolean {
  if (b === undefined || a.type !== b.type) return false
  if (a.value instanceof Uint8Array && b.value instanceof Uint8Array) return sameLanes(a.value, b.value)
  if (a.type === 'f32' && isNan32(a.value as number) && isNan32(b.value as number)) return true
  if (a.type === 'f64' && isNan64(a.value as bigint) && isNan64(b.value as bigint)) return true
  return a.value === b.value
}

/** Nothing says what the lanes are: NaNs of f32 or of f64 are taken for what they may be, but only where nothing else differs. */
function sameLanes(a: Uint8Array, b: Uint8Array): boolean {
  const [left, right] = [a, b].map(bytes => new DataView(bytes.buffer, bytes.byteOffset, 16)) as [DataView, DataView]
  const words = [0, 4, 8, 12].every(at => {
    const [x, y] = [left.getInt32(at, true), right.getInt32(at, true)]
    return x === y || (isNan32(x) && isNan32(y))
  })
  const longs = [0, 8].every(at => {
    const [x, y] = [left.getBigInt64(at, true), right.getBigInt64(at, true)]
    return x === y || (isNan64(x) && isNan64(y))
  })
  return words || longs
}

/** Whether the outcome is what the script expects. */
export function meets(outcome: Outcome, expected: readonly Expected[]): boolean {
  if (outcome.kind !== 'values' || outcome.values.length !== expected.length) return false
  return expected.every((one, index) => meetsOne(outcome.values[index] as Constant, one))
}

function meetsOne({ type, value }: Constant, { constant, nan, anyReference }: Expected): boolean {
  if (anyReference) return type === constant.type && value !== null
  if (nan === undefined) {
    return value instanceof Uint8Array && constant.value instanceof Uint8Array
      ? Buffer.compare(value, constant.value) === 0
      : value === constant.value
  }
  const lanes = nan.bits === 32 ? lanes32(value) : lanes64(value)
  const wanted = nan.bits === 32 ? lanes32(constant.value) : lanes64(constant.value)
  return nan.lanes.every((kind, index) => {
    const lane = lanes[index] as never
    if (kind === undefined) return lane === wanted[index]
    return nan.bits === 32 ? isQuietNan32(lane, kind) : isQuietNan64(lane, kind)
  })
}

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, 16)
const lanes32 = (value: Constant['value']): number[] =>
  value instanceof Uint8Array ? [0, 4, 8, 12].map(at => viewOf(value).getInt32(at, true)) : [value as number]
const lanes64 = (value: Constant['value']): bigint[] =>
  value instanceof Uint8Array ? [0, 8].map(at => viewOf(value).getBigInt64(at, true)) : [value as bigint]

const isNan32 = (bits: number) => (bits & 0x7fff_ffff) > 0x7f80_0000
const isNan64 = (bits: bigint) => BigInt.asUintN(63, bits) > 0x7ff0_0000_0000_0000n
const isQuietNan32 = (bits: number, kind: string) =>
  isNan32(bits) && (kind === 'canonical' ? (bits & 0x007f_ffff) === 0x0040_0000 : (bits & 0x0040_0000) !== 0)
const isQuietNan64 = (bits: bigint, kind: string) =>
  isNan64(bits) &&
  (kind === 'canonical' ? BigInt.asUintN(52, bits) === 0x8_0000_0000_0000n : (bits & 0x8_0000_0000_0000n) !== 0n)
