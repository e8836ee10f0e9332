import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { access, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { publint } from 'publint'
import { languages, samples, samplesDirectory } from '../sdks/readme.ts'
import { version } from '../sdks/typescript/src/version.ts'
import server from '../server/package.json' with { type: 'json' }
import { helloFile } from '../server/testing/client.ts'
import { type NodeProcess, startNodeProcess } from '../server/testing/process.ts'
import { root } from './bundle.ts'
import { packSdk } from './sdk.ts'

const run = promisify(execFile)
const testingDirectory = join(root, 'sdks', 'typescript', 'testing')
const runtimesDirectory = join(testingDirectory, 'runtimes')
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
const [typescript] = languages.filter(({ name }) => name === 'typescript') as [(typeof languages)[number]]
const commandMs = 120_000
/** In CI what a test needs is there; elsewhere a test whose tool is missing says so. */
const missing = (what: string, reason: string | undefined) =>
  reason === undefined || process.env['CI'] === 'true' ? {} : { skip: `${what}: ${reason}` }

const noRuntimes = await installRuntimes()
const chromium = await firstOf('chromium', 'chromium-browser', 'google-chrome', 'chromium-headless-shell')

let directory: string
let tarball: string
let project: string
let node: NodeProcess
const page = createServer()

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'plasm-pack-'))
  page.listen(0, '127.0.0.1')
  await once(page, 'listening')
  tarball = await packSdk(directory)
  node = await startNodeProcess({ dataDir: join(directory, 'node'), flags: ['--allow-origin', originOf()] })
  project = join(directory, 'project')
  await mkdir(project)
  await writeFile(join(project, 'package.json'), '{ "private": true, "type": "module" }')
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], { cwd: project, timeout: commandMs })
  await cp(helloFile, join(project, 'hello.wasm'))
  await cp(join(testingDirectory, 'consumer.js'), join(project, 'consumer.js'))
})
after(async () => {
  page.close()
  await node.stop()
  await rm(directory, { recursive: true, force: true })
})

const installed = () => join(project, 'node_modules', '@phasebased', 'plasm')
const originOf = () => `http://127.0.0.1:${(page.address() as AddressInfo).port}`
const environment = () => ({ PATH: process.env['PATH'], PLASM_URL: node.http })

test('the package has one version, no dependency, and publint has nothing to say', async () => {
  const manifest = JSON.parse(await readFile(join(installed(), 'package.json'), 'utf8')) as Record<string, unknown>
  assert.deepEqual([manifest['version'], version], [server.version, server.version])
  for (const member of ['dependencies', 'peerDependencies', 'optionalDependencies', 'scripts', 'imports']) {
    assert.equal(manifest[member], undefined, member)
  }
  assert.deepEqual(
    (await publint({ pkgDir: installed(), level: 'suggestion', strict: true, pack: false })).messages,
    [],
  )
})

test('its types are what the code is, however it is resolved: it is ESM alone, on purpose', async () => {
  const checked = await checkPackage(createPackageFromTarballData(new Uint8Array(await readFile(tarball))))
  assert.ok(checked.types !== false)
  // The resolution of Node 10 knows no entries beside the main one, and TypeScript 6 was the last to have it.
  const problems = checked.problems.filter(
    ({ kind, ...place }) =>
      kind !== 'NoResolution' || !('resolutionKind' in place) || place.resolutionKind !== 'node10',
  )
  assert.deepEqual(new Set(problems.map(({ kind }) => kind)), new Set(['CJSResolvesToESM']))
})

test('every sample of the README compiles strictly and runs, in a project that has nothing else', async () => {
  const files = await readdir(samplesDirectory(typescript))
  const needsNode: string[] = []
  for (const file of files) {
    const code = await readFile(join(samplesDirectory(typescript), file), 'utf8')
    if (code.includes("'node:")) needsNode.push(file)
    await writeFile(
      join(project, file),
      typescript.asPublished(code).replace('process.env', '(globalThis as any).process.env'),
    )
  }
  const options = [
    '--strict',
    '--exactOptionalPropertyTypes',
    '--module',
    'nodenext',
    '--target',
    'esnext',
    '--lib',
    'esnext,dom',
  ]
  const compile = (names: string[], ...types: string[]) =>
    run(process.execPath, [compiler, '--noEmit', ...types, ...options, ...names], { cwd: project, timeout: commandMs })
  // The package's own types need none of Node's.
  await compile(
    files.filter(file => !needsNode.includes(file)),
    '--types',
    '',
  )
  await compile(needsNode, '--typeRoots', join(root, 'node_modules', '@types'), '--types', 'node')
  for (const file of files) {
    const { stdout } = await run(process.execPath, [file], { cwd: project, env: environment(), timeout: commandMs })
    assert.match(stdout, samples[file.replace('.ts', '')] ?? /^the same claim\n$/, file)
  }
})

for (const [name, skip] of [
  ['22', noRuntimes],
  ['24', noRuntimes],
  ['26', undefined],
] as const) {
  test(
    `it submits, verifies and replays in Node ${name}, without a warning`,
    missing(`Node ${name}`, skip),
    async () => {
      const binary =
        name === '26' ? process.execPath : join(runtimesDirectory, 'node_modules', `node-${name}`, 'bin', 'node')
      const { stdout, stderr } = await run(binary, ['consumer.js'], {
        cwd: project,
        env: environment(),
        timeout: commandMs,
      })
      const { runtime, ...said } = JSON.parse(stdout) as Record<string, string>
      assert.match(runtime as string, new RegExp(`^v${name}\\.`))
      assert.deepEqual(said, {
        output: 'dlroW ,olleH',
        verdict: 'valid',
        assurance: 'pinned',
        replayed: true,
        required: 'function',
      })
      assert.equal(stderr, '')
    },
  )
}

test(
  'it submits, verifies and replays in a page of an allowed origin',
  missing('Chromium', chromium === undefined ? 'not installed' : undefined),
  async () => {
    const browser = join(directory, 'browser')
    const answered = new Promise<string>(resolve => {
      page.on('request', (request, response) => {
        if (request.method === 'POST') resolve(text(request))
        const files: Record<string, [string, string]> = {
          '/': ['text/html', join(testingDirectory, 'page.html')],
          '/browser.js': ['text/javascript', join(installed(), 'dist', 'browser.js')],
          '/replay.browser.js': ['text/javascript', join(installed(), 'dist', 'replay.browser.js')],
          '/hello.wasm': ['application/wasm', helloFile],
        }
        const [type, file] = files[request.url?.split('?')[0] ?? ''] ?? []
        if (type === undefined || file === undefined) return response.writeHead(404).end()
        createReadStream(file).pipe(response.writeHead(200, { 'content-type': type }))
      })
    })
    const flags = [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--remote-debugging-port=0',
      `--user-data-dir=${browser}`,
    ]
    const url = `${originOf()}/?node=${encodeURIComponent(node.http)}`
    const child = spawn(chromium as string, ['--headless', ...flags, url], { stdio: 'ignore' })
    try {
      const late = setTimeout(() => child.kill('SIGKILL'), commandMs)
      const said = await Promise.race([
        answered,
        once(child, 'exit').then(() => 'Chromium ended before the page answered'),
      ])
      clearTimeout(late)
      assert.deepEqual(JSON.parse(said), {
        output: 'dlroW ,olleH',
        verdict: 'valid',
        assurance: 'pinned',
        replayed: { same: true, differences: [] },
        large: 300_000,
        file: 'ArgumentError',
      })
    } finally {
      const gone = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined
      child.kill('SIGKILL')
      await gone
    }
  },
)

/** Why the older Nodes cannot be had here; `undefined` where they are. */
async function installRuntimes(): Promise<string | undefined> {
  const there = join(runtimesDirectory, 'node_modules', 'node-22', 'bin', 'node')
  try {
    await access(there).catch(() =>
      run('npm', ['ci', '--loglevel=error'], { cwd: runtimesDirectory, timeout: commandMs }),
    )
    await run(there, ['--version'])
  } catch (error) {
    return (error as Error).message.split('\n')[0]
  }
}

async function firstOf(...commands: string[]): Promise<string | undefined> {
  for (const command of commands) {
    const { stdout } = await run('sh', ['-c', `command -v ${command}`]).catch(() => ({ stdout: '' }))
    if (stdout !== '') return stdout.trim()
  }
}
