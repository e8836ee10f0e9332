/**
 * The matrix in a process: `process.js CORPUS [--stack] [--from N] [--cases N]`; the report on stdout. For Node of any version, and for Bun.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { Corpus } from './corpus.ts'
import { perform } from './perform.ts'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { stack: { type: 'boolean', default: false }, from: { type: 'string' }, cases: { type: 'string' } },
})
const corpus = JSON.parse(readFileSync(positionals[0] ?? '', 'utf8')) as Corpus
const from = Number(values.from ?? 0)
const cases = corpus.cases.slice(from, from + Number(values.cases ?? corpus.cases.length))
process.stdout.write(JSON.stringify(perform({ ...corpus, cases }, { stack: values.stack })))
