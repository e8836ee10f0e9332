/** `make dist`: the bundle, and the npm package made of it, in build/. The package is all there is to install: no script runs for it. */
import { execFile } from 'node:child_process'
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import server from '../server/package.json' with { type: 'json' }
import { bundle, distDirectory, root } from './bundle.ts'

/** Makes the package in `directory`. @returns the tarball's path. */
export async function packTarball(dist: string, directory: string): Promise<string> {
  const staging = join(directory, 'npm')
  await rm(staging, { recursive: true, force: true })
  await mkdir(staging, { recursive: true })
  await cp(dist, staging, { recursive: true })
  await cp(join(root, 'release', 'launch.mjs'), join(staging, 'launch.mjs'))
  await cp(join(root, 'release', 'npm-readme.md'), join(staging, 'README.md'))
  await cp(join(root, 'LICENSE'), join(staging, 'LICENSE'))
  await writeFile(join(staging, 'package.json'), `${JSON.stringify(await manifest(), null, 2)}\n`)
  const { stdout } = await promisify(execFile)('npm', ['pack', staging, '--pack-destination', directory, '--json'])
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }]
  return join(directory, filename)
}

/** Two names for one command: npx starts it by either package or command name. */
async function manifest(): Promise<object> {
  const { optionalDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Record<
    string,
    object
  >
  const { name, version, type, license, description } = server
  const bin = { 'plasm-node': 'launch.mjs', plasm: 'launch.mjs' }
  return { name, version, type, license, description, bin, engines: { node: '>=20' }, optionalDependencies }
}

if (import.meta.main) {
  await bundle(distDirectory)
  console.log(await packTarball(distDirectory, join(root, 'build')))
}
