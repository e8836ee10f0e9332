/** The documentation's commands for a server and the laptop beside it, typed there. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { blocksOf, root, runPage } from '../../docs/testing/page.ts'
import type { Machine } from './machine.ts'

/**
 * Runs the `server` blocks of `page` as root on `machine`, in /root, and its `laptop` blocks in a checkout on the machine's neighbour.
 * @param laptop The neighbour's network namespace.
 * @throws where one of them fails.
 */
export async function typePage(page: string, machine: Machine, laptop: string): Promise<void> {
  const blocks = blocksOf(await readFile(join(root, page), 'utf8'))
  const composerHome = await mkdtemp(join(tmpdir(), 'plasm-composer-'))
  try {
    // It has no way to packagist.org, which is asked only for what the repositories before it do not have.
    await writeFile(join(composerHome, 'config.json'), JSON.stringify({ repositories: [{ 'packagist.org': false }] }))
    const variables = { COMPOSER_HOME: composerHome, COMPOSER_ALLOW_SUPERUSER: '1', COMPOSER_NO_INTERACTION: '1' }
    await runPage(
      async shell => {
        for (const block of blocks) {
          if (block.where === 'server') await machine.must(`set -eu; cd /root; ${block.text}`)
          if (block.where === 'laptop') await shell.run(block, page)
        }
      },
      { variables, within: ['ip', 'netns', 'exec', laptop] },
    )
  } finally {
    await rm(composerHome, { recursive: true, force: true })
  }
}
