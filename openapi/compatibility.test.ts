import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { breakingChanges, mayBreak, releasedFile } from './compatibility.ts'

type Document = Parameters<typeof breakingChanges>[0]
type Schema = Document['components']['schemas'][string]

const read = async (file: URL): Promise<Document> => JSON.parse(await readFile(file, 'utf8')) as Document
const released = await read(releasedFile)
const current = await read(new URL('openapi.json', import.meta.url))

/** What is found after `change` was made to the released document. */
function after(change: (document: Document) => void): string[] {
  const document = structuredClone(released)
  change(document)
  return breakingChanges(released, document)
}

test('what is released next breaks nobody who uses what was released last', () => {
  const advice =
    'Keep the old member beside the new one, or raise the version and run `node openapi/compatibility.ts --release`.'
  if (!mayBreak(released, current)) assert.deepEqual(breakingChanges(released, current), [], advice)
})

test('a member that is removed is caught, whichever it is', () => {
  let removed = 0
  for (const name of Object.keys(released.components.schemas)) {
    for (const member of Object.keys(released.components.schemas[name]?.properties ?? {})) {
      removed++
      const found = after(({ components }) => {
        const schema = components.schemas[name] as Schema
        delete schema.properties?.[member]
        schema.required = (schema.required ?? []).filter(one => one !== member)
      })
      const isFound = found.some(text => text.endsWith(`: member ${member} is gone`))
      assert.ok(isFound, `${name}.${member}: ${found.join()}`)
    }
  }
  assert.ok(removed > 100)
})

test('an operation, a parameter, an answer or a media type that is gone is caught', () => {
  const caught: [string, (document: Document) => void][] = [
    ['GET /v1/node is gone', ({ paths }) => delete paths['/v1/node']],
    [
      'POST /v1/jobs: operationId is runJob, not createJob',
      ({ paths }) => ((paths['/v1/jobs']?.['post'] ?? never()).operationId = 'runJob'),
    ],
    [
      'GET /v1/jobs: parameter query state is gone',
      ({ paths }) => (paths['/v1/jobs']?.['get'] ?? never()).parameters?.splice(0, 1),
    ],
    ['POST /v1/jobs no longer answers 202', ({ paths }) => delete paths['/v1/jobs']?.['post']?.responses['202']],
    [
      'GET /v1/node 200 is no longer application/json',
      ({ paths }) => ((paths['/v1/node']?.['get']?.responses['200'] ?? never()).content = {}),
    ],
    [
      'GET /v1/node: x-plasm-idempotent is undefined, not true',
      ({ paths }) => delete paths['/v1/node']?.['get']?.['x-plasm-idempotent'],
    ],
  ]
  for (const [wanted, change] of caught) assert.deepEqual(after(change), [wanted])
})

test('a request that was taken and would be refused is caught, an answer that says less too', () => {
  const schema = (name: string, member: string) => (document: Document) =>
    document.components.schemas[name]?.properties?.[member] ?? never()
  const caught: [RegExp, (document: Document) => void][] = [
    [/timeoutMs: maximum is 1000 now/, document => (schema('JobManifest', 'timeoutMs')(document).maximum = 1000)],
    [/cpu: minimum is 2 now/, document => (schema('Resources', 'cpu')(document).minimum = 2)],
    [/nonce: pattern is/, document => (schema('JobManifest', 'nonce')(document).pattern = '^x$')],
    [/placement: only some values/, document => (schema('JobManifest', 'placement')(document).enum = ['any'])],
    [/nonce is needed now/, ({ components }) => components.schemas['JobManifest']?.required?.push('nonce')],
    [/type is string, not integer/, document => (schema('Job', 'attempt')(document).type = 'string')],
    [
      /createdAt may be absent now/,
      ({ components }) => {
        const job = components.schemas['Job'] ?? never()
        job.required = (job.required ?? []).filter(name => name !== 'createdAt')
      },
    ],
    [
      /parameter query limit is needed now/,
      ({ paths }) => {
        const limit = paths['/v1/jobs']?.['get']?.parameters?.find(({ name }) => name === 'limit') ?? never()
        limit.required = true
      },
    ],
  ]
  for (const [wanted, change] of caught) {
    const found = after(change)
    assert.ok(found.length >= 1 && found.every(text => wanted.test(text)), `${wanted}: ${found.join()}`)
  }
})

test('what only adds is fine', () => {
  assert.deepEqual(
    after(({ paths, components: { schemas } }) => {
      paths['/v2/jobs'] = paths['/v1/jobs'] ?? never()
      Object.assign(schemas['Job']?.properties ?? never(), { mood: { type: 'string' } })
      Object.assign(schemas['JobManifest']?.properties ?? never(), { price: { type: 'integer' } })
      schemas['JobState']?.enum?.push('paused')
      const timeout = schemas['JobManifest']?.properties?.['timeoutMs'] ?? never()
      timeout.maximum = Number.MAX_SAFE_INTEGER
      paths['/v1/jobs']?.['get']?.parameters?.push({ name: 'tag', in: 'query', schema: { type: 'string' } })
    }),
    [],
  )
})

test('another minor version may break before 1.0, another major one after it', () => {
  const may = (before: string, after: string) =>
    mayBreak({ ...released, info: { version: before } }, { ...released, info: { version: after } })
  assert.deepEqual(
    [may('0.1.0', '0.1.9'), may('0.1.0', '0.2.0'), may('1.1.0', '1.2.0'), may('1.1.0', '2.0.0')],
    [false, true, false, true],
  )
})

function never(): never {
  throw new Error('the released document has changed: choose another member')
}
