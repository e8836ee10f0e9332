/** The corpus and the one script that every engine runs, in a folder. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { buildCorpus } from './build.ts'
import type { Engine, Files } from './engines.ts'

/** @returns what the corpus has not, and why. */
export async function writeFiles(directory: string): Promise<{ files: Files; cases: number; missing: string[] }> {
  const files = {
    process: join(directory, 'process.mjs'),
    page: join(directory, 'page.js'),
    corpus: join(directory, 'corpus.json'),
  }
  const source = (name: string) => fileURLToPath(new URL(name, import.meta.url))
  const common = { bundle: true, target: 'es2023', logLevel: 'warning' } as const
  const [{ corpus, missing }] = await Promise.all([
    buildCorpus(),
    build({ ...common, entryPoints: [source('process.ts')], outfile: files.process, platform: 'node', format: 'esm' }),
    build({ ...common, entryPoints: [source('page.ts')], outfile: files.page, format: 'iife', globalName: 'matrix' }),
  ])
  await writeFile(files.corpus, JSON.stringify(corpus))
  return { files, cases: corpus.cases.length, missing }
}

export const isMissing = (engine: Engine): engine is Engine & { missing: string } => 'missing' in engine
