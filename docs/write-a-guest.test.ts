/** docs/write-a-guest.md: the commands of each language, where its compiler is. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Language, skipWithout } from '../machine/wasi/testing/toolchains.ts'
import { blocksOf, root, runPage } from './testing/page.ts'

const page = 'docs/write-a-guest.md'
const text = readFileSync(join(root, page), 'utf8')
const blocks = blocksOf(text)
const titles: Record<string, Language> = { C: 'c', Rust: 'rust', Go: 'go', AssemblyScript: 'assemblyscript' }

/** The heading that a block stands under. */
const sectionOf = (line: number): string =>
  text
    .split('\n')
    .slice(0, line)
    .findLast(row => row.startsWith('## '))
    ?.slice(3) ?? ''

test('every language has its section', () => {
  const sections = new Set(blocks.map(({ line }) => sectionOf(line)))
  for (const title of Object.keys(titles)) assert.ok(sections.has(title), title)
})

for (const [title, language] of Object.entries(titles)) {
  const skip = skipWithout(language)
  test(`${page}: ${title}`, { skip, timeout: 290_000 }, () =>
    runPage(
      async shell => {
        for (const block of blocks) {
          const section = sectionOf(block.line)
          if (titles[section] === undefined || section === title) await shell.run(block, page)
        }
      },
      { variables: compilerCaches(language) },
    ),
  )
}

/** A page runs with a home of its own; without its cache, Go compiles its whole library anew. */
function compilerCaches(language: Language): NodeJS.ProcessEnv {
  if (language !== 'go') return {}
  return { GOCACHE: execFileSync('go', ['env', 'GOCACHE'], { encoding: 'utf8' }).trim() }
}
