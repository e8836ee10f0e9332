/**
 * The node as plain JavaScript, for machines without this repository: `make dist` writes build/dist. Node does not strip types under
 * `node_modules`, and one file starts twice as fast as a thousand. The same sources give the same bytes, wherever they lie.
 */
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { build, type Metafile, type Plugin } from 'esbuild'
import { licenceTexts } from './licences.ts'

export const root = join(import.meta.dirname, '..')
export const distDirectory = join(root, 'build', 'dist')

/** The sources, by the names of their programs. What runs in a thread or process of its own is a program of its own. */
export const programs: Readonly<Record<string, string>> = {
  plasm: 'cli/plasm.ts',
  'plasm-main': 'cli/main.ts',
  plasmd: 'server/main.ts',
  store: 'server/store/worker.ts',
  executor: 'server/executor/host.ts',
  'executor-child': 'server/executor/child.ts',
  'executor-rewriting-child': 'server/executor/rewriting-child.ts',
  replay: 'cli/replay/child.ts',
}

/** The command starts in a moment because it reads and loads no more than it must. */
const ofTheCommand = ['plasm', 'plasm-main']

/** What packages from the time before modules expect to be there. Children could use none of it, and the command needs none. */
const banner =
  "import { createRequire as createRequireOf } from 'node:module'; const require = createRequireOf(import.meta.url); const __dirname = import.meta.dirname;"
const withoutBanner = [...ofTheCommand, 'executor-child', 'executor-rewriting-child', 'replay']

/** Swagger UI as the node serves it; its other files are for those who build it. */
const webSource = 'node_modules/@fastify/swagger-ui/static'
const webUnused = ['csp.json', 'index.html', 'swagger-ui.js']
const ofSwaggerUi = `
${'-'.repeat(80)}
web/swagger-ui*: Swagger UI, copyright SmartBear Software, Apache-2.0 (the text is in LICENSE), with what it contains.
`

/** Writes all that runs: `*.mjs`, `web/`, and the licences of what is inside. An old `directory` is gone first. */
export async function bundle(directory: string): Promise<void> {
  await rm(directory, { recursive: true, force: true })
  await mkdir(directory, { recursive: true })
  const metafiles = await Promise.all(Object.keys(programs).map(name => bundleProgram(name, directory)))
  await copyWeb(join(directory, 'web'))
  const packages = new Set(metafiles.flatMap(({ inputs }) => Object.keys(inputs).flatMap(packageOf)))
  await writeFile(join(directory, 'THIRD-PARTY-LICENCES'), (await licenceTexts([...packages].sort())) + ofSwaggerUi)
}

async function bundleProgram(name: string, directory: string): Promise<Metafile> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { [name]: programs[name] as string },
    outdir: directory,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    minifyWhitespace: ofTheCommand.includes(name),
    minifySyntax: ofTheCommand.includes(name),
    format: 'esm',
    platform: 'node',
    target: 'node26',
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'warning',
    metafile: true,
    banner: withoutBanner.includes(name) ? {} : { js: banner },
    plugins: [otherPrograms, ownAssets, ...(ofTheCommand.includes(name) ? [builtinsWhenUsed] : [])],
  })
  return metafile
}

/** What starts or imports another program finds it beside itself. */
const otherPrograms: Plugin = {
  name: 'other programs',
  setup(build) {
    build.onResolve({ filter: /^\.\.?\/.*\.ts$/ }, ({ path, resolveDir, kind }) => {
      const program = programOf(join(resolveDir, path))
      return kind === 'entry-point' || program === undefined ? undefined : { path: `./${program}.mjs`, external: true }
    })
    build.onLoad({ filter: /\/(server|cli)\/.*\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8')
      const contents = source.replace(/new URL\('(\.[^']*\.ts)', import\.meta\.url\)/g, (_, other: string) => {
        const program = programOf(join(dirname(path), other))
        if (program === undefined) throw new Error(`${relative(root, path)} starts ${other}, which is no program yet`)
        return `new URL('./${program}.mjs', import.meta.url)`
      })
      return { contents, loader: 'ts' }
    })
  },
}

/**
 * An import of one of Node's own modules loads it and reads all its members, many of which load more. The command starts faster where each is
 * loaded when something of it is used: the importer sees an object that has every member by inheritance.
 */
const builtinsWhenUsed: Plugin = {
  name: 'builtins when used',
  setup(build) {
    build.onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: 'builtin' }))
    build.onLoad({ filter: /./, namespace: 'builtin' }, ({ path }) => ({
      contents:
        path === 'node:process'
          ? 'export default process'
          : `module.exports = Object.create(new Proxy({}, { get: (_, name) => process.getBuiltinModule('${path}')[name] }))`,
    }))
  },
}

/** Swagger UI looks for its files beside its own sources; here they are in `web`. */
const ownAssets: Plugin = {
  name: 'own assets',
  setup(build) {
    build.onLoad({ filter: /@fastify\/swagger-ui\/(index|lib\/routes)\.js$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8')
      const contents = source
        .replace("path.join(__dirname, '..', 'static')", "path.join(__dirname, 'web')")
        .replace("path.join(__dirname, './static/logo.svg')", "path.join(__dirname, 'web/logo.svg')")
      if (contents === source) throw new Error(`${path} looks for its files in another way than before`)
      return { contents, loader: 'js' }
    })
  },
}

function programOf(path: string): string | undefined {
  const source = relative(root, path)
  return Object.keys(programs).find(name => programs[name] === source)
}

async function copyWeb(directory: string): Promise<void> {
  const files = (await readdir(join(root, webSource))).filter(file => !webUnused.includes(file))
  for (const file of files) await cp(join(root, webSource, file), join(directory, file))
}

/** `node_modules/NAME` of an input, nested or not. */
function packageOf(input: string): string[] {
  const found = /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)
  return found === null ? [] : [found[0]]
}

if (import.meta.main) await bundle(distDirectory)
