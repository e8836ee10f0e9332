import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { utf8 } from '../phase/bytes.ts'
import { digestOf } from '../phase/digest.ts'
import { type PhaseError } from '../phase/errors.ts'
import { type CompleteManifest, completeManifest, type JobManifest } from '../phase/manifest.ts'
import { compareClaims } from './claims.ts'
import { compileFixture } from './fixtures/compile.ts'
import { replay } from './replay.ts'

const hello = new Uint8Array(await readFile(new URL('../examples/hello/hello.wasm', import.meta.url)))
const input = utf8('Hello, World')

const manifestOf = (module: Uint8Array, stdin: Uint8Array, asked: Partial<JobManifest> = {}): CompleteManifest =>
  completeManifest(
    { module: digestOf(module), ...asked },
    { stdin: { digest: digestOf(stdin), size: stdin.length }, nonce: '00'.repeat(16) },
  )

const failsWith = (code: string, pattern: RegExp, work: () => unknown) =>
  assert.throws(work, (error: PhaseError) => error.code === code && pattern.test(error.message))

test('a replay gives the claim: what came out, by digest, and what it took', () => {
  const claim = replay(hello, manifestOf(hello, input), { stdin: input })
  assert.deepEqual(claim.outcome, { reason: 'exited', exitCode: 0 })
  assert.deepEqual(claim.stdout, { digest: digestOf(utf8('dlroW ,olleH')), size: 12 })
  assert.deepEqual(compareClaims(claim, replay(hello, manifestOf(hello, input), { stdin: input })), [])
  const other = replay(hello, manifestOf(hello, utf8('x')), { stdin: utf8('x') })
  const members = compareClaims(claim, other).map(({ member }) => member)
  assert.deepEqual(members.sort(), ['fuel', 'seed', 'stdin.digest', 'stdin.size', 'stdout.digest', 'stdout.size'])
})

test('other bytes than those that the manifest names are not run', () => {
  failsWith('digestMismatch', /module "sha256:/, () => replay(input, manifestOf(hello, input), { stdin: input }))
  failsWith('digestMismatch', /stdin "sha256:/, () => replay(hello, manifestOf(hello, input), { stdin: hello }))
})

test('what no claim can be made of is an error that says so', async () => {
  const clock = await compileFixture('clock-and-random')
  const granted = manifestOf(clock, input, { capabilities: ['clock'] })
  failsWith('unsupported', /it was granted clock/, () => replay(clock, granted, { stdin: input }))
  failsWith('unsupported', /profile/, () =>
    replay(hello, { ...manifestOf(hello, input), profile: 'phase-wasm32-v9' }, { stdin: input }),
  )
  failsWith('moduleRejected', /./, () => replay(input, manifestOf(input, input), { stdin: input }))
  const large = await compileFixture('memory-initial-big')
  const little = manifestOf(large, input, { resources: { memoryBytes: 65_536 } })
  failsWith('moduleRejected', /initial memory/, () => replay(large, little, { stdin: input }))
})
