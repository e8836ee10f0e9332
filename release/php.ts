/**
 * The PHP SDK as Composer gets it: `node release/php.ts --push REPOSITORY` writes a release into a repository of its own, which is what Packagist
 * and `"type": "vcs"` read; `make dist` writes it as a static Composer repository to build/composer.
 *
 * Not `git subtree split`, and no export-ignore in this repository's root: Composer wants composer.json in the root of what it clones, users want
 * neither this history nor its tests, and examples and licence lie outside of sdks/php. So a release is a commit whose tree is put together
 * from the files that are shipped, on top of the release before. The same source gives the same commit.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import server from '../server/package.json' with { type: 'json' }
import { root } from './bundle.ts'

export const packageName = 'phasebased/plasm-php'
/** What is shipped, and where it lies in the package. */
const shipped: [RegExp, (path: string) => string][] = [
  [/^sdks\/php\/(src\/.+|composer\.json|autoload\.php|README\.md)$/, path => path.slice('sdks/php/'.length)],
  [/^(LICENSE|examples\/remote_test\.php|examples\/hello\/hello\.wasm)$/, path => path],
]
const run = promisify(execFile)
const commandMs = 120_000

export interface PhpRelease {
  version: string
  /** In this repository's store of objects, on no branch. */
  commit: string
}

/** Makes the release of HEAD, on top of `parent` where there is one. */
export async function makeRelease(parent?: string): Promise<PhpRelease> {
  const scratch = await mkdtemp(join(tmpdir(), 'plasm-release-'))
  try {
    const env = { GIT_INDEX_FILE: join(scratch, 'index') }
    const entries = (await git(['ls-tree', '-r', '-z', 'HEAD'])).split('\0').flatMap(shippedEntry)
    await git(['update-index', '--add', ...entries.flatMap(entry => ['--cacheinfo', entry])], env)
    const tree = await git(['write-tree'], env)
    const [name, email, date] = (await git(['log', '-1', '--format=%an%n%ae%n%aI'])).split('\n') as [
      string,
      string,
      string,
    ]
    const who = { NAME: name, EMAIL: email, DATE: date }
    const author = Object.entries(who).flatMap(([part, value]) => [
      [`GIT_AUTHOR_${part}`, value],
      [`GIT_COMMITTER_${part}`, value],
    ])
    const onTop = parent === undefined ? [] : ['-p', parent]
    const commit = await git(
      ['commit-tree', tree, ...onTop, '-m', `plasm-php ${server.version}`],
      Object.fromEntries(author),
    )
    return { version: server.version, commit }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** Writes the release of HEAD into `repository`: branch main, and the tag that is its version. @throws where that tag is there already. */
export async function pushRelease(repository: string): Promise<PhpRelease> {
  const tip = (await git(['ls-remote', repository, 'refs/heads/main'])).split('\t')[0] as string
  if (tip !== '') await git(['fetch', '--no-tags', repository, 'refs/heads/main'])
  const release = await makeRelease(tip === '' ? undefined : tip)
  const { commit, version } = release
  await git(['push', '--atomic', repository, `${commit}:refs/heads/main`, `${commit}:refs/tags/v${version}`])
  return release
}

/** Writes a Composer repository of static files (protocol 2), to be served at `url`. */
export async function writeComposerRepository(directory: string, url: string): Promise<void> {
  const { version, commit } = await makeRelease()
  const zip = `${packageName.replace('/', '-')}-${version}.zip`
  await mkdir(join(directory, 'p2', packageName, '..'), { recursive: true })
  await git(['archive', '--format=zip', '-o', join(directory, zip), commit])
  const shasum = createHash('sha1')
    .update(await readFile(join(directory, zip)))
    .digest('hex')
  const described = JSON.parse(await git(['show', `${commit}:composer.json`])) as object
  const time = await git(['log', '-1', '--format=%aI', commit])
  const dist = { type: 'zip', url: `${url}/${zip}`, reference: commit, shasum }
  const write = (file: string, value: object) => writeFile(join(directory, file), `${JSON.stringify(value, null, 2)}\n`)
  await write('packages.json', {
    packages: [],
    'metadata-url': `/p2/%package%.json`,
    'available-packages': [packageName],
  })
  await write(`p2/${packageName}.json`, { packages: { [packageName]: [{ ...described, version, time, dist }] } })
  await write(`p2/${packageName}~dev.json`, { packages: { [packageName]: [] } })
}

/** `mode,object,path` of a file that is shipped. */
function shippedEntry(line: string): string[] {
  const [, mode, object, path = ''] = /^(\d+) blob ([0-9a-f]+)\t(.+)$/s.exec(line) ?? []
  const row = shipped.find(([pattern]) => pattern.test(path))
  return row === undefined ? [] : [`${mode},${object},${row[1](path)}`]
}

async function git(args: string[], env: Record<string, string> = {}): Promise<string> {
  const options = { cwd: root, env: { ...process.env, ...env }, timeout: commandMs, maxBuffer: 16 * 1024 * 1024 }
  return (await run('git', args, options)).stdout.trimEnd()
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { push: { type: 'string' }, url: { type: 'string' } } })
  if (values.push !== undefined) {
    const { version, commit } = await pushRelease(values.push)
    console.log(`plasm-php ${version} is ${commit} in ${values.push}`)
  } else {
    const directory = join(root, 'build', 'composer')
    await rm(directory, { recursive: true, force: true })
    await writeComposerRepository(directory, values.url ?? 'http://127.0.0.1:8000')
    console.log(`${directory}: serve it, and name it in "repositories" of a composer.json`)
  }
}
