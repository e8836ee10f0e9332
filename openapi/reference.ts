/** Writes docs/api.md from the OpenAPI document: the API as a page that can be read without a node. It is never edited by hand. */
import { readFile, writeFile } from 'node:fs/promises'
import { documentFile } from './generate.ts'

export const referenceFile = new URL('../docs/api.md', import.meta.url)

interface Schema {
  $ref?: string
  type?: string
  title?: string
  description?: string
  enum?: string[]
  items?: Schema
  required?: string[]
  properties?: Record<string, Schema>
  additionalProperties?: boolean | Schema
  minimum?: number
  maximum?: number
  maxLength?: number
  format?: string
}

interface Operation {
  operationId: string
  summary: string
  description?: string
  tags: string[]
  parameters?: { name: string; in: string; description?: string; required?: boolean }[]
  requestBody?: { content: Record<string, { schema?: Schema }> }
  responses: Record<string, { description?: string; content?: Record<string, { schema?: Schema }> }>
}

export interface Document {
  info: { title: string; version: string; description: string }
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema> }
}

/** The page. `document` is what /openapi.json answers. */
export function reference({ info, paths, components }: Document): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )
  const byTag = Map.groupBy(operations, ({ operation }) => operation.tags[0] ?? 'other')
  return [
    '<!-- Generated from openapi/openapi.json by openapi/reference.ts. Do not edit. -->',
    '# What does the REST API offer?',
    '',
    `Version ${info.version}. A running node has this page to try out, at \`/docs\` (Swagger UI), and as a document for generators, at \`/openapi.json\`.`,
    '',
    'Beside these paths: `/livez`, `/readyz` (with reasons), `/metrics` (Prometheus). Errors are `application/problem+json`; [troubleshooting](troubleshooting.md) lists their codes.',
    '',
    ...[...byTag].flatMap(([tag, rows]) => [`## ${tag}`, '', ...rows.flatMap(operationText)]),
    '## Shapes',
    '',
    ...Object.entries(components.schemas).flatMap(([name, schema]) => schemaText(name, schema)),
  ].join('\n')
}

function operationText({ path, method, operation }: { path: string; method: string; operation: Operation }): string[] {
  const { summary, description, parameters = [], requestBody, responses, operationId } = operation
  const answers = Object.entries(responses).filter(([status]) => status < '300')
  const problems = Object.keys(responses).filter(status => status >= '300')
  return [
    `### ${method.toUpperCase()} ${path}`,
    '',
    `${summary}. \`${operationId}\``,
    '',
    ...(description === undefined ? [] : [description, '']),
    ...parameters.map(({ name, in: place, description: text = '' }) => `- ${place} \`${name}\`: ${text}`),
    ...Object.entries(requestBody?.content ?? {}).map(
      ([type, { schema }]) => `- body \`${type}\`: ${typeText(schema)}`,
    ),
    ...answers.map(([status, { description: text = '', content = {} }]) => {
      const bodies = Object.entries(content).map(([type, { schema }]) => `\`${type}\` ${typeText(schema)}`)
      return `- ${status}: ${text}${bodies.length === 0 ? '' : ` (${bodies.join(', ')})`}`
    }),
    `- problems: ${problems.join(', ')}`,
    '',
  ]
}

function schemaText(name: string, { description = '', properties, required = [], enum: values }: Schema): string[] {
  if (values !== undefined) return [`### ${name}`, '', `${description}: ${values.map(code).join(', ')}.`, '']
  return [
    `### ${name}`,
    '',
    `${description}.`,
    '',
    ...(properties === undefined
      ? []
      : [
          '| member | type | |',
          '|---|---|---|',
          ...Object.entries(properties).map(([member, schema]) => {
            const mark = required.includes(member) ? '' : ' (optional)'
            return `| \`${member}\`${mark} | ${typeText(schema)} | ${cell(schema.description ?? '')}${boundsText(schema)} |`
          }),
          '',
        ]),
  ]
}

/** A shape in one phrase, with a link where it has a name. */
function typeText(schema: Schema | undefined): string {
  if (schema?.$ref !== undefined) {
    const name = schema.$ref.split('/').at(-1) as string
    return `[${name}](#${name.toLowerCase()})`
  }
  if (schema === undefined) return 'anything'
  if (schema.type === 'array') return `array of ${typeText(schema.items)}`
  if (schema.type === 'object' && typeof schema.additionalProperties === 'object') {
    return `object of ${typeText(schema.additionalProperties)}`
  }
  return schema.format === 'binary' ? 'bytes' : (schema.type ?? 'anything')
}

function boundsText({ minimum, maximum, maxLength }: Schema): string {
  if (maxLength !== undefined) return `; at most ${maxLength} characters`
  if (maximum !== undefined && maximum !== Number.MAX_SAFE_INTEGER) return `; ${minimum ?? 0} to ${maximum}`
  return ''
}

const code = (text: string): string => `\`${text}\``
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

if (import.meta.main) {
  await writeFile(referenceFile, reference(JSON.parse(await readFile(documentFile, 'utf8')) as Document))
}
