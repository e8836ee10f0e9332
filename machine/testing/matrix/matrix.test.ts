/** One corpus, three ways in which V8 compiles: the same claims, and the same host calls on the way. `make determinism` has the other engines. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { base64 } from '../../../phase/bytes.ts'
import { digestOf, emptyContent } from '../../../phase/digest.ts'
import { completeManifest } from '../../../phase/manifest.ts'
import { compileText } from '../../fixtures/compile.ts'
import { deepest, differencesFrom } from './compare.ts'
import type { Case, Corpus, Report } from './corpus.ts'
import { type Files, tiers } from './engines.ts'
import { isMissing, writeFiles } from './files.ts'

const run = promisify(execFile)
const directory = await mkdtemp(join(tmpdir(), 'plasm-matrix-'))
after(() => rm(directory, { recursive: true, force: true }))
let files: Files
let missing: string[]
const reports: Report[] = []

before(async () => {
  ;({ files, missing } = await writeFiles(directory))
  for (const tier of tiers) if (!isMissing(tier)) reports.push(await tier.perform(files))
})

test('every tier makes the same claims and has made the same host calls, whole, stopped or refused', t => {
  for (const what of missing) t.diagnostic(`not in the corpus: ${what}`)
  const [reference, ...others] = reports as [Report, ...Report[]]
  assert.equal(others.length, 2)
  for (const [index, other] of others.entries()) {
    assert.deepEqual(differencesFrom(reference, other), [], tiers[index + 1]?.name ?? '')
  }
  const { performed } = reference
  const claims = new Set(performed.map(({ claim }) => claim).filter(claim => claim.startsWith('sha256:')))
  const traces = new Set(performed.filter(({ calls }) => calls > 1).map(({ trace }) => trace))
  t.diagnostic(`${performed.length} cases, ${claims.size} claims, ${traces.size} traces of more than one call`)
  assert.ok(claims.size > 300 && traces.size > 50)
  assert.deepEqual(
    performed.filter(({ claim }) => !/^(sha256:|moduleRejected$)/.test(claim)),
    [],
  )
  const changed = { ...reference, performed: performed.with(7, { ...performed[7], claim: 'another' } as never) }
  assert.equal(differencesFrom(reference, changed).length, 1)
})

test('what the depth allows fits the stack that Node gives, in every tier, in the worst of frames', t => {
  for (const [index, report] of reports.entries()) {
    const { shape, used } = deepest(report) ?? { shape: 'nothing', used: 1 }
    t.diagnostic(`${tiers[index]?.name}: ${(used * 100).toFixed(0)} % by ${shape}`)
    assert.ok(used < 0.9, `${shape} uses ${used} of the stack`)
  }
})

test('memory that the limit allows and the host has not is no claim; beyond the limit it is one', async () => {
  const grow = await compileText(`(module
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))) (memory (export "memory") 1)
    (func (export "_start") (call $exit (i32.eq (memory.grow (i32.const 62000)) (i32.const -1)))))`)
  const caseOf = (name: string, memoryBytes: number): Case => ({
    name,
    module: 'grow',
    manifest: completeManifest(
      { module: digestOf(grow), resources: { memoryBytes } },
      { stdin: emptyContent, nonce: '00'.repeat(16) },
    ),
    stdin: '',
  })
  const cases = [caseOf('allowed', 4_294_967_296), caseOf('refused', 65_536 * 62_000)]
  const corpus: Corpus = { modules: { grow: base64(grow) }, cases, stack: { shapes: [], ballast: '' } }
  const file = join(directory, 'grow.json')
  await writeFile(file, JSON.stringify(corpus))
  // 4 GiB of address space: Node itself needs 2.
  const claims = async (limit: string): Promise<string[]> => {
    const script = `${limit} exec "$0" "$@"`
    const { stdout } = await run('sh', ['-c', script, process.execPath, files.process, file])
    return (JSON.parse(stdout) as Report).performed.map(({ claim }) => claim)
  }
  const [roomy, tight] = [await claims(''), await claims('ulimit -v 4194304;')]
  assert.match(roomy[0] as string, /^sha256:/)
  assert.match(tight[0] as string, /^no claim: .*the host refused memory/)
  assert.equal(tight[1], roomy[1])
  assert.notEqual(roomy[1], roomy[0])
})
