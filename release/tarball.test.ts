/** The npm package as a stranger gets it: packed, installed into an empty project, started. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { Client } from '../server/testing/client.ts'
import { startNodeProcess } from '../server/testing/process.ts'
import { bundle } from './bundle.ts'
import { packTarball } from './tarball.ts'

const run = promisify(execFile)
const directory = await mkdtemp(join(tmpdir(), 'plasm-tarball-'))
const project = join(directory, 'project')
/** Without the Node that runs this test: the package must find its own. */
const path = (process.env['PATH'] ?? '').split(':').filter(part => !part.includes('node_modules'))
const env = { ...process.env, PATH: path.join(':') }

before(async () => {
  await bundle(join(directory, 'dist'))
  const tarball = await packTarball(join(directory, 'dist'), directory)
  await mkdir(project)
  await writeFile(join(project, 'package.json'), '{ "private": true }')
  const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts']
  await run('npm', ['install', tarball, ...flags], { cwd: project, env, timeout: 120_000 })
})
after(() => rm(directory, { recursive: true, force: true }))

test('nothing in it runs when it is installed', async () => {
  const manifest = join(project, 'node_modules', '@phasebased', 'plasm-node', 'package.json')
  const { scripts, dependencies } = JSON.parse(await readFile(manifest, 'utf8')) as Record<string, unknown>
  assert.deepEqual({ scripts, dependencies }, { scripts: undefined, dependencies: undefined })
})

test('npx finds its command', async () => {
  const { stdout } = await run('npx', ['@phasebased/plasm-node', 'serve', '--help'], { cwd: project, env })
  assert.match(stdout, /--data-dir DIR/)
})

test('it serves jobs, and stops on SIGTERM', async () => {
  const command = join(project, 'node_modules', '.bin', 'plasm')
  const node = await startNodeProcess({ dataDir: join(directory, 'data'), command: [command], env: { PATH: env.PATH } })
  try {
    const client = new Client(node.http)
    const job = await client.run({ module: await client.uploadHello(), stdin: { text: 'abc' } })
    assert.equal(await client.output(job.id), 'cba')
  } finally {
    assert.equal(await node.stop(), 0)
  }
})
