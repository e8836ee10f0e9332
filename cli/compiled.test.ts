import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'

const directory = await mkdtemp(join(tmpdir(), 'plasm-compiled-'))
after(() => rm(directory, { recursive: true, force: true }))
const run = promisify(execFile)

/** What a start leaves in its cache folder; `undefined` where it makes none. */
async function keptIn(cacheHome: string, env: Record<string, string> = {}): Promise<string[] | undefined> {
  const command = [join(import.meta.dirname, 'plasm.ts'), '--version']
  const { stdout } = await run(process.execPath, command, {
    cwd: directory,
    env: { PATH: process.env['PATH'], XDG_CACHE_HOME: cacheHome, ...env },
  })
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/)
  return await readdir(join(directory, 'cache', 'plasm'), { recursive: true }).catch(() => undefined)
}

test('what was compiled is kept in a folder of the user alone', async () => {
  const cacheHome = join(directory, 'cache')
  await mkdir(cacheHome, { mode: 0o700 })
  assert.equal(await keptIn(cacheHome, { NODE_DISABLE_COMPILE_CACHE: '1' }).then(kept => kept?.length), 0)
  assert.ok((await keptIn(cacheHome))?.length)
  assert.equal((await stat(join(cacheHome, 'plasm'))).mode & 0o777, 0o700)
  await rm(cacheHome, { recursive: true })
})

test('nothing is kept where others may write, nor where a path is relative or no folder', async () => {
  const cacheHome = join(directory, 'cache')
  await mkdir(cacheHome)
  await chmod(cacheHome, 0o777)
  assert.equal(await keptIn(cacheHome), undefined)
  await chmod(cacheHome, 0o700)
  // A relative one does not count: the home's is taken.
  assert.equal(await keptIn('cache', { HOME: join(directory, 'nowhere') }), undefined)
  assert.equal(await keptIn(process.execPath), undefined)
  await mkdir(join(cacheHome, 'plasm'))
  await chmod(join(cacheHome, 'plasm'), 0o777)
  assert.deepEqual(await keptIn(cacheHome), [])
})
