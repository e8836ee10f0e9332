/**
 * The vocabulary that every named schema is written in. A shape is defined once, in the file of its concept, with `$id` = `title`;
 * from it come the TypeScript type, the validation, the OpenAPI document and the wire. Rules: no anyOf/oneOf/allOf/tuple, open string
 * enums, no defaults in shapes that are also answers (they would be added to them).
 */
import {
  FormatRegistry,
  Kind,
  type SchemaOptions,
  type Static,
  type TSchema,
  type TUnsafe,
  Type,
  TypeRegistry,
} from '@sinclair/typebox'
import { Errors, ValueErrorType } from '@sinclair/typebox/errors'
import { Check } from '@sinclair/typebox/value'
import { PhaseError } from './errors.ts'
import { integerMax } from './limits.ts'

FormatRegistry.Set('date-time', value => timestampPattern.test(value))
TypeRegistry.Set<{ enum: readonly string[] }>('StringEnum', (schema, value) => schema.enum.includes(value as string))

/** RFC 3339, UTC, with `Z`. */
export const timestampPattern =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?Z$/
export const digestPattern = '^sha256:[0-9a-f]{64}$'
export const peerIdPattern = '^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$'
export const didPattern = '^did:key:z6Mk[1-9A-HJ-NP-Za-km-z]{44}$'

/** A reference to a named schema, by its `$id`. */
export const ref = <T extends TSchema>(schema: T): TUnsafe<Static<T>> =>
  Type.Unsafe<Static<T>>(Type.Ref(schema.$id as string))

export const StringEnum = <const T extends readonly string[]>(values: T, options: SchemaOptions = {}) =>
  Type.Unsafe<T[number]>({ ...options, [Kind]: 'StringEnum', type: 'string', enum: [...values] })

/** A named object. Members that it does not know are refused unless `open`. */
export const named = <T extends Record<string, TSchema>>(
  name: string,
  description: string,
  members: T,
  options: { open?: boolean } = {},
) =>
  Type.Object(members, {
    $id: name,
    title: name,
    description,
    ...(options.open ? {} : { additionalProperties: false }),
  })

/** An integer from `minimum` (0) to `maximum` (2^53 - 1), never a float. */
export const Integer = (description: string, minimum = 0, maximum = integerMax) =>
  Type.Integer({ description, minimum, maximum })

export const Digest = (description: string) =>
  Type.String({ description, pattern: digestPattern, examples: [`sha256:${'0'.repeat(64)}`] })
export const Timestamp = (description: string) => Type.String({ description, format: 'date-time' })
export const PeerIdText = (description: string) => Type.String({ description, pattern: peerIdPattern })
export const Did = (description: string) => Type.String({ description, pattern: didPattern })
export const Text = (description: string, maxLength: number) => Type.String({ description, maxLength })
export const JobId = (description: string) =>
  Type.String({ description, pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$' })

/** Content by digest: what a receipt and a manifest say of bytes that travel elsewhere. */
export const ContentSchema = named('Content', 'Bytes, named by their digest', {
  digest: Digest('sha256 of the bytes'),
  size: Integer('How many bytes'),
})
export type Content = Static<typeof ContentSchema>

/**
 * `value` as the type of `schema`.
 * @throws {PhaseError} `unknownField` for a member that the schema does not know, else `invalid`; `pointer` says where.
 */
export function check<T extends TSchema>(schema: T, references: TSchema[], value: unknown, what: string): Static<T> {
  if (Check(schema, references, value)) return value
  const error = Errors(schema, references, value).First()
  const pointer = error?.path ?? ''
  const unknown = error?.type === ValueErrorType.ObjectAdditionalProperties
  const where = pointer === '' ? '' : ` at "${pointer}"`
  throw new PhaseError(
    unknown ? 'unknownField' : 'invalid',
    unknown
      ? `Cannot read ${what}: unknown member "${pointer}"`
      : `Cannot read ${what}${where}: ${lowerFirst(error?.message ?? 'not valid')}`,
    { pointer },
  )
}

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1)
