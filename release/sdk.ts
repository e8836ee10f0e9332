/**
 * The TypeScript SDK as it is published: JavaScript with the protocol's code bundled in (Node does not strip types under node_modules), its
 * declarations, nothing else. `make dist` writes the tarball to build/.
 */
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { type BuildOptions, build, type Plugin } from 'esbuild'
import { root } from './bundle.ts'
import { licenceTexts } from './licences.ts'

const sdkDirectory = join(root, 'sdks', 'typescript')
const sources = join(sdkDirectory, 'src')
const run = promisify(execFile)
const commandMs = 120_000

/** Packs the SDK into `directory`. @returns the tarball's path. */
export async function packSdk(directory: string): Promise<string> {
  const stage = await mkdtemp(join(tmpdir(), 'plasm-npm-'))
  try {
    await stageSdk(stage)
    await mkdir(directory, { recursive: true })
    const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', directory], {
      cwd: stage,
      timeout: commandMs,
    })
    const [{ filename }] = JSON.parse(stdout) as [{ filename: string }]
    return join(directory, filename)
  } finally {
    await rm(stage, { recursive: true, force: true })
  }
}

/** Every file of the package. */
async function stageSdk(stage: string): Promise<void> {
  const dist = join(stage, 'dist')
  const bundled = new Set<string>([
    ...(await bundle('index', { outfile: join(dist, 'index.js'), platform: 'node', target: 'node22' })),
    ...(await bundle('index', { outfile: join(dist, 'browser.js'), platform: 'browser', target: 'es2023' })),
    ...(await bundle('replay', { outfile: join(dist, 'replay.js'), platform: 'node', target: 'node22' })),
    ...(await bundle('replay', { outfile: join(dist, 'replay.browser.js'), platform: 'browser', target: 'es2023' })),
  ])
  await declarations(dist)
  const { imports: _imports, ...manifest } = JSON.parse(await readFile(join(sdkDirectory, 'package.json'), 'utf8')) as {
    imports: object
  }
  await writeFile(join(stage, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
  await cp(join(sdkDirectory, 'README.md'), join(stage, 'README.md'))
  await cp(join(root, 'LICENSE'), join(stage, 'LICENSE'))
  await writeFile(join(dist, 'THIRD-PARTY-LICENCES'), await licenceTexts([...bundled].sort()))
}

/** @returns the folders of the packages whose code is inside. */
async function bundle(
  entry: 'index' | 'replay',
  options: Pick<BuildOptions, 'platform' | 'target'> & { outfile: string },
): Promise<string[]> {
  const { metafile } = await build({
    ...options,
    entryPoints: [join(sources, `${entry}.ts`)],
    plugins: [mainEntry(options.platform === 'browser' ? './browser.js' : './index.js')],
    absWorkingDir: root,
    bundle: true,
    format: 'esm',
    charset: 'utf8',
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  })
  return Object.keys(metafile.inputs).flatMap(
    input => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? [],
  )
}

/** What another entry uses of the main one it imports from there: an error must be of one class, whoever throws it. */
const mainEntry = (path: string): Plugin => ({
  name: 'main entry',
  setup(build) {
    build.onResolve({ filter: /^\.\/index\.ts$/ }, ({ kind }) =>
      kind === 'entry-point' ? undefined : { path, external: true },
    )
  },
})

/** The declarations that the entries reach. @throws when one of them would need a package that is not there. */
async function declarations(dist: string): Promise<void> {
  const emitted = await mkdtemp(join(tmpdir(), 'plasm-types-'))
  try {
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    const options = ['--noEmit', 'false', '--declaration', '--emitDeclarationOnly', '--outDir', emitted]
    await run(process.execPath, [compiler, '-p', sdkDirectory, ...options, '--rootDir', root], {
      cwd: root,
      timeout: commandMs,
    })
    const from = join(emitted, relative(root, sources))
    const seen = new Set<string>()
    for (const wanted = ['index.d.ts', 'replay.d.ts']; wanted.length > 0; ) {
      const file = wanted.pop() as string
      if (seen.has(file)) continue
      seen.add(file)
      const text = await readFile(join(from, file), 'utf8')
      const imports = [...text.matchAll(/(?:from |import\()'([^']+)'/g)].map(([, name]) => name as string)
      for (const name of imports) {
        const other = join(dirname(file), name.replace(/\.ts$/, '.d.ts'))
        if (!name.startsWith('.') || other.startsWith('..')) {
          throw new Error(`Cannot publish ${file}: its types need "${name}". Spell the type out in the SDK.`)
        }
        wanted.push(other)
      }
      await mkdir(dirname(join(dist, file)), { recursive: true })
      await writeFile(join(dist, file), text.replaceAll(/((?:from |import\()'\.[^']+)\.ts'/g, "$1.js'"))
    }
  } finally {
    await rm(emitted, { recursive: true, force: true })
  }
}

if (import.meta.main) console.log(await packSdk(join(root, 'build')))
