/**
 * The generated part of the TypeScript SDK, from `openapi.json` alone. The document holds few constructs (openapi.test.ts keeps it so), so
 * this emitter is shorter than templates for a generator would be, and needs no Java.
 */

/** The part of OpenAPI 3.0 that our document uses. */
export interface Document {
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema> }
}
interface Operation {
  operationId: string
  summary: string
  parameters?: { name: string; in: string; description?: string; schema: Schema }[]
  requestBody?: Media
  responses: Record<string, Partial<Media>>
  'x-plasm-stream'?: string
  'x-plasm-idempotent'?: boolean
}
interface Media {
  content: Record<string, { schema: Schema }>
}
interface Schema {
  $ref?: string
  type?: string
  enum?: string[]
  description?: string
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  additionalProperties?: Schema | boolean
}

const header = '// Generated from openapi/openapi.json by `make sdks`. Do not edit.\n'

/** Every file by its name. */
export function emitTypescript(document: Document): Record<string, string> {
  return { 'api.ts': api(document), 'models.ts': models(document) }
}

function models({ paths, components: { schemas } }: Document): string {
  const answers = reachable(
    Object.values(paths).flatMap(methods => Object.values(methods).flatMap(answersOf)),
    schemas,
  )
  const types = Object.entries(schemas).map(([name, schema]) => {
    // What is only sent may hold a member that is undefined: JSON leaves it out.
    const absent = answers.has(name) ? '' : ' | undefined'
    return `${comment(schema.description)}export ${schema.properties === undefined ? `type ${name} = ${typeOf(schema)}` : `interface ${name} ${members(schema, absent)}`}\n`
  })
  const objects = [...answers].filter(name => schemas[name]?.properties !== undefined).sort()
  return `${header}
${types.join('\n')}
/** The models that answers are made of. */
export interface Models {
${objects.map(name => `  ${name}: ${name}`).join('\n')}
}

/** What they look like. s: text, i: a whole number, else a name from this table; ?: may be absent, []: a list of them, {}: by name. */
export const shapes = {
${objects.map(name => `  ${name}: { ${shape(schemas[name] as Schema, schemas)} },`).join('\n')}
} as const
`
}

function members({ properties = {}, required = [] }: Schema, absent: string): string {
  const lines = Object.entries(properties).map(([name, schema]) => {
    const optional = !required.includes(name)
    return `${comment(schema.description, '  ')}  ${name}${optional ? '?' : ''}: ${typeOf(schema)}${optional ? absent : ''}\n`
  })
  return `{\n${lines.join('')}}`
}

/** An enum is open: a newer node may send a value that this client does not know. */
function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return nameOf(schema)
  if (schema.enum !== undefined) return [...schema.enum.map(value => `'${value}'`), '(string & {})'].join(' | ')
  if (schema.type === 'integer') return 'number'
  if (schema.type === 'array') return `${typeOf(schema.items as Schema)}[]`
  if (schema.type === 'object') return `Record<string, ${typeOf(schema.additionalProperties as Schema)}>`
  if (schema.type === 'string') return 'string'
  throw new Error(`Cannot emit a schema of type "${schema.type}"`)
}

const shape = ({ properties = {}, required = [] }: Schema, schemas: Document['components']['schemas']): string =>
  Object.entries(properties)
    .map(([name, schema]) => `${name}: '${code(schema, schemas)}${required.includes(name) ? '' : '?'}'`)
    .join(', ')

function code(schema: Schema, schemas: Document['components']['schemas']): string {
  if (schema.$ref !== undefined) {
    const name = nameOf(schema)
    return schemas[name]?.properties === undefined ? code(schemas[name] as Schema, schemas) : name
  }
  if (schema.type === 'array') return `${code(schema.items as Schema, schemas)}[]`
  if (schema.type === 'object') return `${code(schema.additionalProperties as Schema, schemas)}{}`
  return schema.type === 'integer' ? 'i' : 's'
}

function api({ paths }: Document): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  )
  operations.sort((a, b) => (a.operation.operationId < b.operation.operationId ? -1 : 1))
  return `${header}
import { type Body, type RequestOptions, segment, type Transport } from '../transport.ts'
import { read } from '../wire.ts'
import type * as models from './models.ts'

/** Every operation of a node, one method each. Everything throws PlasmError. */
export class Api {
  private readonly transport: Transport

  constructor(transport: Transport) {
    this.transport = transport
  }
${operations.map(method).join('')}}
`
}

function method({ path, method, operation }: { path: string; method: string; operation: Operation }): string {
  const { operationId, summary, parameters = [], requestBody } = operation
  const required = parameters.filter(parameter => parameter.in === 'path')
  const optional = parameters.filter(parameter => parameter.in !== 'path')
  const body = requestBody === undefined ? undefined : Object.entries(requestBody.content)[0]
  const answer = answerOf(operation)
  const own = optional.map(
    ({ name, description, schema }) =>
      `${comment(description, '      ')}      ${camel(name)}?: ${qualified(schema)} | undefined\n`,
  )
  const options = own.length === 0 ? 'RequestOptions' : `RequestOptions & {\n${own.join('')}    }`
  const bodyType = body?.[0] === 'application/json' ? qualified(body[1].schema) : 'Body'
  const call = [
    `method: '${method}'`,
    `path: ${path.includes('{') ? `\`${path.replaceAll('{', '${segment(').replaceAll('}', ')}')}\`` : `'${path}'`}`,
    `accept: '${answer.mediaType}'`,
    ...(operation['x-plasm-idempotent'] === true ? ['idempotent: true'] : []),
    ...inputs('query', 'query', optional, name => name),
    ...inputs('header', 'headers', optional, name => name.toLowerCase()),
    ...(body === undefined ? [] : ['body', `contentType: '${body[0]}'`]),
  ]
  const sends = operation['x-plasm-stream'] === undefined ? 'send' : 'stream'
  const parameterList = [
    ...required.map(({ name }) => `${name}: string`),
    ...(body === undefined ? [] : [`body: ${bodyType}`]),
    `options: ${options} = {}`,
  ].join(', ')
  const result = answer.stream ? `AsyncGenerator<${answer.type}, void, void>` : `Promise<${answer.type}>`
  const sent = `this.transport.${sends}({\n${call.map(line => `      ${line},\n`).join('')}    }, options)`
  return `
  /** ${summary}. */
  async ${answer.stream ? '*' : ''}${operationId}(${parameterList}): ${result} {
${answer.lines(sent)}
  }
`
}

function inputs(
  where: string,
  member: string,
  parameters: Required<Operation>['parameters'],
  name: (name: string) => string,
) {
  const rows = parameters.filter(parameter => parameter.in === where)
  if (rows.length === 0) return []
  return [
    `${member}: { ${rows.map(row => `${name(row.name).includes('-') ? `'${name(row.name)}'` : name(row.name)}: options.${camel(row.name)}`).join(', ')} }`,
  ]
}

interface Answer {
  mediaType: string
  stream: boolean
  type: string
  lines: (sent: string) => string
}

function answerOf(operation: Operation): Answer {
  const [status] = Object.keys(operation.responses)
  const [mediaType, { schema }] = Object.entries(operation.responses[status as string]?.content ?? {})[0] as [
    string,
    { schema: Schema },
  ]
  const streamed = operation['x-plasm-stream']
  if (streamed !== undefined) {
    const lines = (sent: string) =>
      `    const events = ${sent}\n    for await (const data of events) yield read('${streamed}', data)`
    return { mediaType, stream: true, type: `models.${streamed}`, lines }
  }
  if (mediaType !== 'application/json') {
    return {
      mediaType,
      stream: false,
      type: 'Uint8Array<ArrayBuffer>',
      lines: sent => `    const reply = await ${sent}\n    return reply.bytes`,
    }
  }
  const type = qualified(schema)
  const lines = (sent: string) => `    const reply = await ${sent}\n    return read('${nameOf(schema)}', reply.json())`
  return { mediaType, stream: false, type, lines }
}

const answersOf = (operation: Operation): string[] => {
  const streamed = operation['x-plasm-stream']
  const named = Object.entries(operation.responses).flatMap(([status, { content = {} }]) =>
    status < '300'
      ? Object.values(content).flatMap(({ schema }) => (schema.$ref === undefined ? [] : nameOf(schema)))
      : [],
  )
  return streamed === undefined ? named : [streamed, ...named]
}

/** The names, and all that they refer to. */
function reachable(names: string[], schemas: Document['components']['schemas']): Set<string> {
  const found = new Set<string>()
  const visit = (name: string): void => {
    if (found.has(name)) return
    found.add(name)
    for (const schema of Object.values(schemas[name]?.properties ?? {})) {
      for (const inner of [schema, schema.items]) if (inner?.$ref !== undefined) visit(nameOf(inner))
    }
  }
  names.forEach(visit)
  return found
}

const nameOf = ({ $ref = '' }: Schema): string => $ref.slice($ref.lastIndexOf('/') + 1)
const qualified = (schema: Schema): string => (schema.$ref === undefined ? typeOf(schema) : `models.${nameOf(schema)}`)
/** `Last-Event-ID` is `lastEventId`. */
const camel = (name: string): string =>
  name.toLowerCase().replaceAll(/-([a-z])/g, (_all, letter: string) => letter.toUpperCase())
const comment = (text: string | undefined, indent = ''): string =>
  text === undefined ? '' : `${indent}/** ${text} */\n`
