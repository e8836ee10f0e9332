/**
 * The documentation, held to what it says: every `sh` block of README.md and docs/*.md runs, page by page, from top to bottom, as a reader would
 * type it. `sh background` blocks keep a terminal: they run until the page is over, and the next block waits until they serve. `sh server` and
 * `sh laptop` blocks take machines of their own, with systemd and root: `make deb-test` has those.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { errorCodes } from '../phase/errors.ts'
import { claimedReasons, unclaimedReasons } from '../phase/job.ts'
import { blocksOf, pageMs, pagesOfMachines, root, runPage } from './testing/page.ts'

const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'))
    .filter(name => name.endsWith('.md'))
    .map(name => `docs/${name}`),
]
/** Pages that install packages or build guests have tests of their own, with the tools that they need. */
const testedElsewhere = new Set(['docs/write-a-guest.md'])

describe('every command in the documentation works', () => {
  for (const page of pages.filter(page => !testedElsewhere.has(page))) {
    const blocks = blocksOf(readFileSync(join(root, page), 'utf8')).filter(({ where }) => where === 'here')
    if (blocks.length === 0) continue
    test(page, { timeout: pageMs + 20_000 }, () =>
      runPage(async shell => {
        for (const block of blocks) await shell.run(block, page)
      }),
    )
  }
})

test('what takes a server and a laptop stands in the pages that make deb-test runs', () => {
  const found = pages.filter(page =>
    blocksOf(readFileSync(join(root, page), 'utf8')).some(({ where }) => where !== 'here'),
  )
  assert.deepEqual(found, pagesOfMachines)
})

test('links between pages lead somewhere', () => {
  for (const page of pages) {
    const text = readFileSync(join(root, page), 'utf8')
    const headings = (file: string) =>
      [...readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)].map(([, title]) => anchorOf(title as string))
    for (const [, target] of text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
      const [path = '', anchor] = (target as string).split('#')
      const file = path === '' ? join(root, page) : join(root, page, '..', path)
      const text = path.endsWith('/') || (!path.includes('.') && path !== '') ? '' : readFileSync(file, 'utf8')
      if (anchor !== undefined && text !== '')
        assert.ok(headings(file).includes(anchor), `${page}: no heading for ${target}`)
    }
  }
})

test('troubleshooting has a section for every error code and every reason a job may end with', () => {
  const text = readFileSync(join(root, 'docs', 'troubleshooting.md'), 'utf8')
  for (const code of [...errorCodes, ...claimedReasons, ...unclaimedReasons]) {
    assert.match(text, new RegExp(`^### .*\`${code}\``, 'm'), `no section for ${code}`)
  }
})

const anchorOf = (title: string): string =>
  title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-')
