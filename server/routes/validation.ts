/** Paths and queries are held against their schemas by phase's own validator. Headers and bodies are read by whoever knows what they mean. */
import type { TSchema } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import type { FastifyRouteSchemaDef } from 'fastify/types/schema.js'
import { PhaseError } from '../../phase/errors.ts'
import { JobStateSchema } from '../../phase/job.ts'

type Validator = (value: unknown) => { value: unknown } | { error: Error }

const references = [JobStateSchema]

/** Fastify's validator compiler. A path that names nothing that can exist is `notFound`, the rest `invalid` or `unknownField`. */
export function validatorFor({ schema, httpPart }: FastifyRouteSchemaDef<TSchema>): Validator {
  if (httpPart !== 'params' && httpPart !== 'querystring') return value => ({ value })
  const closed = httpPart === 'querystring' ? { ...schema, additionalProperties: false } : schema
  return input => {
    const value = httpPart === 'querystring' ? Value.Convert(closed, references, structuredClone(input)) : input
    if (Value.Check(closed, references, value)) return { value }
    return { error: wrong(closed, httpPart, value) }
  }
}

function wrong(schema: TSchema, httpPart: 'params' | 'querystring', value: unknown): PhaseError {
  const first = Value.Errors(schema, references, value).First()
  const name = (first?.path ?? '').slice(1)
  const found = (value as Record<string, unknown>)[name]
  const given = typeof found === 'string' ? found.slice(0, 80) : JSON.stringify(found)
  if (httpPart === 'params') return new PhaseError('notFound', `Cannot find "${given}": no ${name} of this API`)
  const unknown = !Object.hasOwn(schema['properties'] as object, name)
  return new PhaseError(
    unknown ? 'unknownField' : 'invalid',
    unknown
      ? `Cannot read the query: unknown parameter "${name.slice(0, 80)}"`
      : `Cannot read the query parameter "${name}": "${given}" is not what is expected there`,
  )
}
