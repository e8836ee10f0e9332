/** The licences of what is bundled: each of them asks that its text goes where the code goes. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

const isLicence = (file: string) => /^(licen[cs]e|copying|notice)/i.test(file)

interface Manifest {
  name: string
  version: string
  license?: string
}

/** One text with name, version and licence files of each of `directories`. @throws where a package says nothing of its licence. */
export async function licenceTexts(directories: readonly string[]): Promise<string> {
  const texts = await Promise.all(directories.map(directory => licenceText(directory)))
  return texts.join(`\n${'-'.repeat(80)}\n`)
}

async function licenceText(directory: string): Promise<string> {
  const { name, version, license } = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8')) as Manifest
  const files = (await readdir(directory)).filter(isLicence).sort()
  if (license === undefined && files.length === 0) throw new Error(`${directory} says nothing of its licence`)
  const texts = await Promise.all(files.map(file => readFile(join(directory, file), 'utf8')))
  return [
    `${name} ${version} (${license ?? 'see below'})`,
    ...texts.map(text => text.replaceAll('\r\n', '\n').trim()),
    '',
  ].join('\n\n')
}
