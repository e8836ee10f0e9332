import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { documentFile, generate } from './generate.ts'

type Json = null | boolean | number | string | Json[] | { [member: string]: Json }
type Schema = { [member: string]: Json }
interface Media {
  content?: Record<string, { schema: Schema }>
}
interface Operation {
  operationId: string
  summary?: string
  tags?: string[]
  parameters?: { name: string; in: string; schema: Schema; description?: string }[]
  requestBody?: Required<Media>
  responses: Record<string, { $ref?: string; description: string } & Media>
  'x-plasm-stream'?: string
  'x-plasm-idempotent'?: boolean
}
interface Document {
  openapi: string
  tags: { name: string }[]
  security: object[]
  paths: Record<string, Record<string, Operation>>
  components: { schemas: Record<string, Schema>; responses: Record<string, Media> }
}

const text = await generate()
const document = JSON.parse(text) as Document
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
)

test('the document in the repository is what the routes say', async () => {
  const kept = await readFile(documentFile, 'utf8').catch(() => '')
  if (kept !== text) await writeFile(documentFile, text)
  assert.ok(kept === text, 'openapi/openapi.json was stale. It has been written again: commit it, and run `make sdks`.')
})

test('making it twice gives the same bytes', async () => {
  assert.equal(await generate(), text)
})

test('every operation has its name, one known tag, a summary, and says which errors it has', () => {
  assert.equal(document.openapi, '3.0.3')
  assert.deepEqual(operations.map(({ operation }) => operation.operationId).sort(), operationIds)
  const tags = document.tags.map(({ name }) => name)
  for (const { path, operation } of operations) {
    assert.match(operation.operationId, /^[a-z][a-zA-Z]+$/)
    assert.equal(operation.tags?.length, 1, path)
    assert.ok(tags.includes(operation.tags?.[0] ?? ''), path)
    assert.ok((operation.summary ?? '').length > 5, path)
    for (const status of Object.keys(operation.responses)) assert.match(status, /^[2-5]\d\d$/, 'no ranges, no default')
    for (const status of ['401', '403', '421', '429', '500', '503'])
      assert.ok(operation.responses[status], `${path} ${status}`)
    if (path.includes('{')) assert.ok(operation.responses['404'], `${path} has a parameter, so it can be not found`)
  }
})

test('every error is a Problem', () => {
  for (const { path, operation } of operations) {
    for (const [status, response] of Object.entries(operation.responses)) {
      if (status < '400') continue
      const said = document.components.responses[(response.$ref ?? '').split('/').at(-1) ?? '']
      assert.deepEqual(
        said?.content,
        { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
        `${path} ${status}`,
      )
    }
  }
})

test('every body has one media type, and a name unless it is bytes or a stream', () => {
  for (const { path, operation } of operations) {
    const good = Object.entries(operation.responses).filter(([status]) => status < '400')
    for (const body of [operation.requestBody, ...good.map(([, response]) => response)]) {
      if (body?.content === undefined) continue
      const media = Object.entries(body.content)
      assert.equal(media.length, 1, path)
      const [type, { schema }] = media[0] as [string, { schema: Schema }]
      if (type === 'application/json') assert.deepEqual(Object.keys(schema), ['$ref'], path)
      else if (type === 'text/event-stream') assert.equal(operation['x-plasm-stream'], 'JobEvent')
      else assert.deepEqual([schema['type'], schema['format']], ['string', 'binary'], path)
    }
  }
})

test('what may be sent again is marked, and nothing else', () => {
  for (const { path, method, operation } of operations) {
    const safe =
      method === 'get' || method === 'put' || ['verifyReceipt', 'discoverPeers'].includes(operation.operationId)
    assert.equal(operation['x-plasm-idempotent'], safe ? true : undefined, `${method} ${path}`)
  }
})

test('schemas hold only what generators understand', () => {
  for (const [name, schema] of Object.entries(document.components.schemas)) {
    assert.match(name, /^[A-Z][A-Za-z]+$/)
    assert.equal(schema['title'], name)
    assert.ok((schema['description'] as string).length > 5, name)
  }
  for (const { schema, at } of schemasIn(document as unknown as Schema)) {
    for (const keyword of ['anyOf', 'oneOf', 'allOf', 'not', '$id', 'const', 'default', 'patternProperties']) {
      assert.equal(schema[keyword], undefined, `${at} has ${keyword}`)
    }
    assert.notEqual(schema['additionalProperties'], true, at)
    assert.ok(!Array.isArray(schema['type']), `${at} has several types`)
    assert.ok(!Array.isArray(schema['items']), `${at} is a tuple`)
    if (schema['$ref'] !== undefined) {
      assert.deepEqual(Object.keys(schema), ['$ref'], `${at}: what stands beside $ref is lost`)
      const [, group, name] = /^#\/components\/(schemas|responses)\/(\w+)$/.exec(schema['$ref'] as string) ?? []
      assert.ok(document.components[group as 'schemas' | 'responses']?.[name ?? ''], `${at} refers to nothing`)
    }
    if (schema['enum'] !== undefined) assert.equal(schema['type'], 'string', `${at}: enums are strings`)
    if (schema['type'] === 'integer') assert.ok(Number(schema['maximum'] ?? 0) <= Number.MAX_SAFE_INTEGER, at)
    assert.notEqual(schema['type'], 'number', `${at}: integers only`)
    if (schema['type'] === 'object' && !/^#\/components\/schemas\/\w+$/.test(at)) {
      assert.equal(schema['properties'], undefined, `${at}: an object with members wants a name`)
    }
  }
})

test('answers may get members, what is sent may not', () => {
  const { schemas } = document.components
  for (const open of ['Job', 'JobEvent', 'NodeStatus', 'Peer', 'Problem', 'ModuleInfo', 'JobPage', 'Verification']) {
    assert.equal(schemas[open]?.['additionalProperties'], undefined, open)
  }
  for (const closed of ['JobManifest', 'Stdin', 'Resources', 'VerifyRequest', 'ReceiptExpected']) {
    assert.equal(schemas[closed]?.['additionalProperties'], false, closed)
  }
})

/** Everything that stands where a schema stands, and every reference, with its place. */
function* schemasIn(value: Json, at = '#'): Generator<{ schema: Schema; at: string }> {
  if (value === null || typeof value !== 'object') return
  if (Array.isArray(value)) {
    for (const [index, one] of value.entries()) yield* schemasIn(one, `${at}/${index}`)
    return
  }
  if ('type' in value || '$ref' in value) {
    if (typeof value['type'] !== 'object') yield { schema: value, at }
  }
  for (const [name, one] of Object.entries(value)) if (name !== 'example') yield* schemasIn(one, `${at}/${name}`)
}

const operationIds = [
  'cancelJob',
  'createJob',
  'discoverPeers',
  'getBlob',
  'getJob',
  'getJobOutput',
  'getJobReceipt',
  'getJobRequest',
  'getJobStderr',
  'getModule',
  'getModuleContent',
  'getNode',
  'listJobReceipts',
  'listJobs',
  'listModules',
  'listPeers',
  'putBlob',
  'putModule',
  'streamJobEvents',
  'verifyReceipt',
]
