import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import server from '../server/package.json' with { type: 'json' }
import { Client, helloFile } from '../server/testing/client.ts'
import { type NodeProcess, startNodeProcess } from '../server/testing/process.ts'
import { bundle, programs, root } from './bundle.ts'

const run = promisify(execFile)
const directory = await mkdtemp(join(tmpdir(), 'plasm-bundle-'))
const dist = join(directory, 'dist')
before(() => bundle(dist))
after(() => rm(directory, { recursive: true, force: true }))

test('the same sources give the same bytes', async () => {
  const again = join(directory, 'again', 'elsewhere')
  await bundle(again)
  assert.deepEqual(await digests(again), await digests(dist))
})

test('no path of this machine is in a bundle', async () => {
  for (const file of (await readdir(dist)).filter(file => file.endsWith('.mjs'))) {
    assert.ok(!(await readFile(join(dist, file), 'utf8')).includes(root), file)
  }
})

test('every package that is inside has its licence beside it', async () => {
  const licences = `\n${await readFile(join(dist, 'THIRD-PARTY-LICENCES'), 'utf8')}`
  const inside = new Set<string>()
  for (const entry of Object.values(programs)) {
    // What the bundles say of themselves is not asked: in those of the command there is not even a comment left.
    const { metafile } = await build({
      entryPoints: [join(root, entry)],
      bundle: true,
      platform: 'node',
      format: 'esm',
      write: false,
      metafile: true,
      logLevel: 'error',
    })
    for (const path of Object.keys(metafile.inputs)) {
      const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]
      if (name !== undefined) inside.add(name)
    }
  }
  assert.ok(inside.has('commander') && inside.has('fastify'), 'packages are found at all')
  for (const name of inside) assert.ok(licences.includes(`\n${name} `), name)
})

describe('a node from the bundle', () => {
  let node: NodeProcess
  before(async () => {
    node = await startNodeProcess({
      dataDir: join(directory, 'data'),
      command: [process.execPath, join(dist, 'plasmd.mjs')],
      flags: ['--slots', '1'],
    })
  })
  after(() => node.stop())

  test('runs a job whose receipt is valid', async () => {
    const client = new Client(node.http)
    const module = await client.uploadHello()
    const job = await client.run({ module, stdin: { text: 'Hello, World' } })
    assert.equal(await client.output(job.id), 'dlroW ,olleH')
    const { verdict } = await client.verify(await client.receipt(job.id), { jobId: job.id, module })
    assert.equal(verdict, 'valid')
  })

  test('replays a job with its command, in a process that reads the bundle alone', async () => {
    const client = new Client(node.http)
    const { id } = await client.run({ module: await client.uploadHello(), stdin: { text: 'abc' } })
    const plasm = (...words: string[]) =>
      run(process.execPath, [join(dist, 'plasm.mjs'), ...words], { cwd: directory, env: { PLASM_URL: node.http } })
    await plasm('receipt', '-o', 'receipt.json', id)
    await plasm('receipt', '--request', '-o', 'request.json', id)
    await writeFile(join(directory, 'input'), 'abc')
    const files = ['--request', 'request.json', '--module', helloFile, '--stdin', 'input']
    const { stdout } = await plasm('verify', '--json', '--replay', 'receipt.json', ...files)
    assert.equal((JSON.parse(stdout) as { assurance: string }).assurance, 'replayed')
  })

  test('serves its page with all that the page asks for', async () => {
    const page = await fetch(`${node.http}/docs/`)
    assert.equal(page.status, 200)
    const files = [...(await page.text()).matchAll(/(?:href|src)="([^"]+)"/g)].map(([, path]) => path as string)
    assert.ok(files.length >= 5)
    for (const path of files) {
      const answer = await fetch(new URL(path, page.url))
      assert.equal(answer.status, 200, path)
      assert.ok((await answer.arrayBuffer()).byteLength > 0, path)
    }
  })

  test('runs jobs in an executor that is a process of its own', async t => {
    const socket = join(directory, 'executor.socket')
    const host = spawn(process.execPath, [join(dist, 'executor.mjs'), socket], { stdio: ['ignore', 'pipe', 'inherit'] })
    t.after(() => host.kill())
    await once(host.stdout, 'data')
    const other = await startNodeProcess({
      dataDir: join(directory, 'other'),
      command: [process.execPath, join(dist, 'plasmd.mjs')],
      flags: ['--slots', '1', '--executor', socket],
    })
    t.after(() => other.stop())
    const client = new Client(other.http)
    const job = await client.run({ module: await client.uploadHello(), stdin: { text: 'abc' } })
    assert.equal(await client.output(job.id), 'cba')
    const { sandbox } = await client.json<{ sandbox: string[] }>('/v1/node')
    assert.ok(sandbox.includes('ownService'), sandbox.join())
  })

  test('says the one version', async () => {
    const { version } = (await (await fetch(`${node.http}/v1/node`)).json()) as { version: string }
    assert.equal(version, server.version)
  })
})

async function digests(of: string): Promise<Record<string, string>> {
  const files = await readdir(of, { recursive: true, withFileTypes: true })
  const paths = files.filter(file => file.isFile()).map(file => join(file.parentPath, file.name))
  return Object.fromEntries(
    await Promise.all(paths.map(async path => [path.slice(of.length), hash('sha256', await readFile(path))] as const)),
  )
}
