/** Writes README.md from its template, the samples (which are programs that a test runs) and what the exceptions say of themselves. */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const directory = import.meta.dirname
export const readmeFile = join(directory, 'README.md')
export const samplesDirectory = join(directory, 'samples')

/** What stands behind this line of a sample is shown. */
const shownFrom = '\n// readme\n'

export async function readme(): Promise<string> {
  let text = await readFile(join(directory, 'README.template.md'), 'utf8')
  for (const [placeholder, name] of [...text.matchAll(/^\{\{([\w-]+)\}\}$/gm)] as unknown as [string, string][]) {
    const filled = name === 'exceptions' ? await exceptions() : await sample(name)
    text = text.replace(placeholder, () => filled)
  }
  return `<!-- From README.template.md and samples/ by \`make sdks\`. Do not edit. -->\n\n${text}`
}

async function sample(name: string): Promise<string> {
  const text = await readFile(join(samplesDirectory, `${name}.php`), 'utf8')
  const at = text.indexOf(shownFrom)
  if (at < 0) throw new Error(`samples/${name}.php does not say what of it is shown`)
  return `\`\`\`php\n${text.slice(at + shownFrom.length).trimEnd()}\n\`\`\``
}

/** A table of the classes in src/Exception, parents first. */
async function exceptions(): Promise<string> {
  const files = (await readdir(join(directory, 'src', 'Exception')))
    .sort()
    .filter(file => file !== 'PlasmException.php')
  const classes = await Promise.all(
    files.map(async file => readClass(await readFile(join(directory, 'src', 'Exception', file), 'utf8'))),
  )
  const below = (parent: string, depth: number): string[] =>
    classes
      .filter(one => one.parent === parent)
      .flatMap(one => [`| ${'… '.repeat(depth)}\`${one.name}\` | ${one.says} |`, ...below(one.name, depth + 1)])
  return ['| class | means |', '|---|---|', ...below('', 0)].join('\n')
}

function readClass(text: string): { name: string; parent: string; says: string } {
  const found = /\/\*\*\s*(.*?)\s*\*\/\n(?:final )?(?:class|interface) (\w+)(?: extends (\\?\w+))?/s.exec(text)
  if (found === null) throw new Error(`no class with a comment in ${text.slice(0, 100)}`)
  const [, comment = '', name = '', parent = ''] = found
  const says = comment.replace(/^\* |\n\s*\*/g, '').trim()
  return { name, parent: parent.startsWith('\\') ? '' : parent, says }
}

if (import.meta.main) await writeFile(readmeFile, await readme())
