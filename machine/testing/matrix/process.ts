/** The matrix in a process: `process.js CORPUS [--stack]`; the report on stdout. For Node of any version, and for Bun. */
import { readFileSync } from 'node:fs'
import type { Corpus } from './corpus.ts'
import { perform } from './perform.ts'

const [, , file = '', ...flags] = process.argv
const corpus = JSON.parse(readFileSync(file, 'utf8')) as Corpus
process.stdout.write(JSON.stringify(perform(corpus, { stack: flags.includes('--stack') })))
