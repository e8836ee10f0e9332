/**
 * Writes the generated part of the SDKs from `openapi.json` and our templates, and `sdks.stamp`: what it was made from. The generator is a
 * Java program that its npm wrapper fetches from Maven Central; the wrapper checks nothing, so its sha256 is checked here before it runs.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { type Document, emitTypescript } from './typescript.ts'

const root = join(import.meta.dirname, '..')
const documentFile = join(root, 'openapi', 'openapi.json')
const templatesDirectory = join(root, 'openapi', 'templates')
const emitterFile = join(root, 'openapi', 'typescript.ts')
const configFile = join(root, 'openapitools.json')
const checksumFile = join(root, 'openapi', 'jar.sha256')
const wrapperFile = join(root, 'node_modules', '@openapitools', 'openapi-generator-cli', 'main.js')

export const stampFile = join(root, 'openapi', 'sdks.stamp')
/** One row for each SDK: where its generated part is kept, and whether the Java generator makes it or our own emitter. */
export const sdks = [
  { name: 'php', directory: join(root, 'sdks', 'php', 'src', 'Generated'), needsJava: true },
  { name: 'typescript', directory: join(root, 'sdks', 'typescript', 'src', 'generated'), needsJava: false },
] as const

const generator: Record<'php', { written: string; options: string[] }> = {
  php: {
    written: join('src', 'Generated'),
    options: [
      '--generator-name=php',
      '--global-property=models,apis,modelDocs=false,apiDocs=false,modelTests=false,apiTests=false',
      '--additional-properties=invokerPackage=Plasm\\\\Generated,srcBasePath=src/Generated,variableNamingConvention=camelCase',
    ],
  },
}

const run = promisify(execFile)

/** A first start of Java on a busy machine, and 31 MB from Maven Central. */
const fetchMs = 120_000
const generateMs = 120_000

/** Why the generator cannot run here; `undefined` where it can. Fetches it when it is not there. @throws when it is not the pinned one. */
export async function whyNoGenerator(): Promise<string | undefined> {
  const java = await run('java', ['-version'], { timeout: fetchMs }).catch(() => undefined)
  if (java === undefined) return 'java is missing'
  const [wanted, path] = (await readFile(checksumFile, 'utf8')).trim().split(/\s+/) as [string, string]
  const jar = join(root, path)
  if ((await sha256(jar)) === undefined) await fetchJar()
  const found = await sha256(jar)
  if (found === undefined) return `${path} could not be fetched`
  if (found === wanted) return undefined
  await rm(jar)
  throw new Error(`Cannot use ${path}: its sha256 is ${found}, not ${wanted}. It has been removed.`)
}

/** Generates `name` into `directory`, which is replaced. */
export async function generateSdk(name: (typeof sdks)[number]['name'], directory: string): Promise<void> {
  if (name === 'typescript') return await emitInto(directory)
  const { written, options } = generator[name]
  const output = await mkdtemp(join(tmpdir(), 'plasm-sdk-'))
  try {
    const where = ['-i', documentFile, '-o', output, '-t', join(templatesDirectory, name)]
    await wrapper(['generate', ...where, ...options], generateMs)
    await rm(directory, { recursive: true, force: true })
    await cp(join(output, written), directory, { recursive: true })
  } finally {
    await rm(output, { recursive: true, force: true })
  }
}

async function emitInto(directory: string): Promise<void> {
  const files = emitTypescript(JSON.parse(await readFile(documentFile, 'utf8')) as Document)
  await rm(directory, { recursive: true, force: true })
  await mkdir(directory, { recursive: true })
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text)
}

/** sha256 over what the SDKs are made from, and over what was made: each file's path and bytes. */
export async function stamp(): Promise<string> {
  const inputs = createHash('sha256').update(JSON.stringify(generator))
  await addFiles(inputs, [documentFile, emitterFile, configFile, checksumFile, ...(await filesIn(templatesDirectory))])
  const outputs = createHash('sha256')
  for (const { directory } of sdks) await addFiles(outputs, await filesIn(directory))
  return `from ${inputs.digest('hex')}\nmade ${outputs.digest('hex')}\n`
}

/** Every file below `directory`, in a fixed order. */
export async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  return entries
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name))
    .sort()
}

async function addFiles(hash: ReturnType<typeof createHash>, files: readonly string[]): Promise<void> {
  for (const file of files) {
    const bytes = await readFile(file)
    hash.update(`${relative(root, file)}\0${bytes.length}\0`).update(bytes)
  }
}

/** The wrapper's way to download: it also asks which versions exist, and goes on when nobody answers that. */
async function fetchJar(): Promise<void> {
  const { 'generator-cli': config } = JSON.parse(await readFile(configFile, 'utf8')) as {
    'generator-cli': { version: string }
  }
  await wrapper(['version-manager', 'set', config.version], fetchMs).catch(() => undefined)
}

async function wrapper(args: string[], timeout: number): Promise<void> {
  await run(process.execPath, [wrapperFile, ...args], { cwd: root, timeout, maxBuffer: 16 * 1024 * 1024 })
}

const sha256 = async (file: string): Promise<string | undefined> => {
  const bytes = await readFile(file).catch(() => undefined)
  return bytes === undefined ? undefined : createHash('sha256').update(bytes).digest('hex')
}

if (import.meta.main) {
  const reason = await whyNoGenerator()
  if (reason !== undefined) throw new Error(`Cannot generate the SDKs: ${reason}`)
  for (const { name, directory } of sdks) await generateSdk(name, directory)
  await writeFile(stampFile, await stamp())
}
