/**
 * Values as they are held at run time. Floats are held as their bits, so that no NaN of the engine below ever gets in:
 * i32 a number and i64 a bigint, both signed; f32 the bits as i32, f64 the bits as i64; v128 sixteen bytes that nobody changes.
 */
export type ValueType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128' | 'funcref' | 'externref'

/** What a reference refers to, told apart by identity; the null reference is `null`. */
export type Reference = object | null

export type Value = number | bigint | Uint8Array | Reference

export interface FunctionType {
  readonly parameters: readonly ValueType[]
  readonly results: readonly ValueType[]
}

export interface Limits {
  readonly minimum: number
  readonly maximum: number | undefined
}

export interface TableType {
  readonly element: 'funcref' | 'externref'
  readonly limits: Limits
}

export interface GlobalType {
  readonly value: ValueType
  readonly mutable: boolean
}

const typeBytes = new Map<number, ValueType>([
  [0x7f, 'i32'],
  [0x7e, 'i64'],
  [0x7d, 'f32'],
  [0x7c, 'f64'],
  [0x7b, 'v128'],
  [0x70, 'funcref'],
  [0x6f, 'externref'],
])

export const typeOfByte = (byte: number): ValueType | undefined => typeBytes.get(byte)

export const isReferenceType = (type: ValueType): type is 'funcref' | 'externref' =>
  type === 'funcref' || type === 'externref'

/** Function types are equal by structure: this is it, as a text. */
export const structureOf = ({ parameters, results }: FunctionType): string => `${parameters.join()}>${results.join()}`

export const sameType = (a: FunctionType, b: FunctionType): boolean => structureOf(a) === structureOf(b)

/** What a local, a global or a table entry holds before anything is stored there. */
export function zeroOf(type: ValueType): Value {
  if (type === 'i64' || type === 'f64') return 0n
  if (type === 'v128') return new Uint8Array(16)
  return isReferenceType(type) ? null : 0
}
