/**
 * What a program that works with one document cannot do with another: `released.json` is the document of the last release, and what would break
 * its users is caught before it is released again. `node openapi/compatibility.ts` lists it; `--release` makes today's document the baseline.
 *
 * Answers may gain members and values (clients read them openly), requests may gain members that need not be there; nothing else may change.
 */
import { readFile, writeFile } from 'node:fs/promises'

interface Document {
  info: { version: string }
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema> }
}
interface Operation {
  operationId: string
  parameters?: Parameter[]
  requestBody?: { required?: boolean } & Media
  responses: Record<string, Partial<Media>>
  'x-plasm-stream'?: string
  'x-plasm-idempotent'?: boolean
}
interface Parameter {
  name: string
  in: string
  required?: boolean
  schema: Schema
}
interface Media {
  content: Record<string, { schema: Schema }>
}
interface Schema {
  $ref?: string
  type?: string
  format?: string
  enum?: string[]
  pattern?: string
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  additionalProperties?: Schema | boolean
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  minItems?: number
  maxItems?: number
  maxProperties?: number
}

const documentFile = new URL('openapi.json', import.meta.url)
export const releasedFile = new URL('released.json', import.meta.url)

/** Each change from `before` to `after` that breaks a client of `before`, with its place. None: it is compatible. */
export function breakingChanges(before: Document, after: Document): string[] {
  const found: string[] = []
  const comparison = new Comparison(before, after, found)
  for (const [path, methods] of Object.entries(before.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const at = `${method.toUpperCase()} ${path}`
      const other = after.paths[path]?.[method]
      if (other === undefined) found.push(`${at} is gone`)
      else comparison.operation(at, operation, other)
    }
  }
  // Every refusal is one, by way of shared responses.
  comparison.answer('a refusal', 'Problem')
  return found
}

/** Whether `after` may break what `before` promised: another major version, or before 1.0 another minor one (https://semver.org). */
export function mayBreak(before: Document, after: Document): boolean {
  const series = ({ info: { version } }: Document) => /^(0\.\d+|[1-9]\d*)\./.exec(version)?.[1]
  return series(before) !== series(after)
}

class Comparison {
  private readonly before: Document
  private readonly after: Document
  private readonly found: string[]
  /** Schemas may refer to themselves, and are met in many places. */
  private readonly seen = new Set<string>()

  constructor(before: Document, after: Document, found: string[]) {
    this.before = before
    this.after = after
    this.found = found
  }

  operation(at: string, before: Operation, after: Operation): void {
    this.same(at, 'operationId', before.operationId, after.operationId)
    this.same(at, 'x-plasm-stream', before['x-plasm-stream'], after['x-plasm-stream'])
    if (before['x-plasm-idempotent'] === true) this.same(at, 'x-plasm-idempotent', true, after['x-plasm-idempotent'])
    if (before['x-plasm-stream'] !== undefined) this.answer(at, before['x-plasm-stream'])
    this.parameters(at, before.parameters ?? [], after.parameters ?? [])
    this.body(at, before, after)
    for (const [status, response] of Object.entries(before.responses).filter(([status]) => status < '300')) {
      const other = after.responses[status]
      if (other === undefined) this.found.push(`${at} no longer answers ${status}`)
      else this.media(`${at} ${status}`, response.content, other.content, 'answer')
    }
  }

  answer(at: string, name: string): void {
    const schema = { $ref: `#/components/schemas/${name}` }
    this.schema(at, schema, schema, 'answer')
  }

  private parameters(at: string, before: Parameter[], after: Parameter[]): void {
    const named = (all: Parameter[]) => new Map(all.map(one => [`${one.in} ${one.name}`, one]))
    const [old, now] = [named(before), named(after)]
    for (const [name, parameter] of old) {
      const other = now.get(name)
      if (other === undefined) this.found.push(`${at}: parameter ${name} is gone`)
      else this.schema(`${at}: parameter ${name}`, parameter.schema, other.schema, 'request')
    }
    for (const [name, { required }] of now) {
      if (required === true && old.get(name)?.required !== true)
        this.found.push(`${at}: parameter ${name} is needed now`)
    }
  }

  private body(at: string, { requestBody: before }: Operation, { requestBody: after }: Operation): void {
    if (before === undefined) {
      if (after?.required === true) this.found.push(`${at} needs a body now`)
    } else if (after === undefined) this.found.push(`${at} takes no body any more`)
    else this.media(`${at} body`, before.content, after.content, 'request')
  }

  private media(at: string, before: Media['content'] = {}, after: Media['content'] = {}, role: Role): void {
    for (const [type, { schema }] of Object.entries(before)) {
      const other = after[type]
      if (other === undefined) this.found.push(`${at} is no longer ${type}`)
      else this.schema(at, schema, other.schema, role)
    }
  }

  private schema(at: string, before: Schema, after: Schema, role: Role): void {
    if (before.$ref !== undefined) {
      const key = `${role} ${before.$ref} ${after.$ref}`
      if (this.seen.has(key)) return
      this.seen.add(key)
    }
    const [old, now] = [resolved(before, this.before), resolved(after, this.after)]
    const place = before.$ref === undefined ? at : `${at} (${before.$ref.split('/').at(-1)})`
    this.same(place, 'type', old.type, now.type)
    this.same(place, 'format', old.format, now.format)
    if (role === 'request') this.narrowed(place, old, now)
    this.members(place, old, now, role)
    if (old.items !== undefined && now.items !== undefined) this.schema(`${place}[]`, old.items, now.items, role)
    if (typeof old.additionalProperties === 'object' && typeof now.additionalProperties === 'object') {
      this.schema(`${place}{}`, old.additionalProperties, now.additionalProperties, role)
    }
  }

  private members(at: string, before: Schema, after: Schema, role: Role): void {
    for (const [name, schema] of Object.entries(before.properties ?? {})) {
      const other = after.properties?.[name]
      if (other === undefined) {
        this.found.push(`${at}: member ${name} is gone`)
        continue
      }
      const [was, is] = [before, after].map(({ required = [] }) => required.includes(name)) as [boolean, boolean]
      if (role === 'answer' && was && !is) this.found.push(`${at}: member ${name} may be absent now`)
      if (role === 'request' && !was && is) this.found.push(`${at}: member ${name} is needed now`)
      this.schema(`${at}.${name}`, schema, other, role)
    }
    if (role === 'answer') return
    for (const name of after.required ?? []) {
      if (before.properties?.[name] === undefined) this.found.push(`${at}: member ${name} is new and needed`)
    }
  }

  /** What was taken and would be refused. */
  private narrowed(at: string, before: Schema, after: Schema): void {
    for (const value of after.enum === undefined ? [] : (before.enum ?? [])) {
      if (!after.enum?.includes(value)) this.found.push(`${at}: value "${value}" is gone`)
    }
    if (after.enum !== undefined && before.enum === undefined) this.found.push(`${at}: only some values are taken now`)
    if (after.pattern !== undefined) this.same(at, 'pattern', before.pattern, after.pattern)
    for (const limit of ['maximum', 'maxLength', 'maxItems', 'maxProperties'] as const) {
      const value = after[limit]
      if (value !== undefined && value < (before[limit] ?? Number.POSITIVE_INFINITY))
        this.found.push(`${at}: ${limit} is ${value} now`)
    }
    for (const limit of ['minimum', 'minLength', 'minItems'] as const) {
      const value = after[limit]
      if (value !== undefined && value > (before[limit] ?? Number.NEGATIVE_INFINITY))
        this.found.push(`${at}: ${limit} is ${value} now`)
    }
    if (
      after.additionalProperties === false &&
      before.additionalProperties !== false &&
      after.properties !== undefined
    ) {
      this.found.push(`${at}: members that it does not know are refused now`)
    }
  }

  private same(at: string, what: string, before: unknown, after: unknown): void {
    if (before !== after) this.found.push(`${at}: ${what} is ${String(after)}, not ${String(before)}`)
  }
}

type Role = 'request' | 'answer'

function resolved(schema: Schema, { components }: Document): Schema {
  const name = schema.$ref?.split('/').at(-1)
  return name === undefined ? schema : (components.schemas[name] ?? {})
}

if (import.meta.main) {
  const [before, after] = (await Promise.all([releasedFile, documentFile].map(file => readFile(file, 'utf8')))) as [
    string,
    string,
  ]
  if (process.argv.includes('--release')) await writeFile(releasedFile, after)
  else
    for (const change of breakingChanges(JSON.parse(before) as Document, JSON.parse(after) as Document))
      console.log(change)
}
