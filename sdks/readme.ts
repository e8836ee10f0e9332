/**
 * Writes the SDKs' READMEs from one template, the samples (the same in every language; tests run them) and what the exceptions say of
 * themselves. `{{php}}` to `{{/php}}`, each alone on its line, is for one language.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What each sample prints, in whatever language. */
export const samples: Readonly<Record<string, RegExp>> = {
  'first-job': /^dlroW ,olleH\s*$/,
  options: /^12 bytes\n$/,
  receipts: /^signed\npinned\nran for \d+\.\d ms, id sha256:[0-9a-f]{64}\n$/,
  offline: /^It ran hello\.wasm\.\n$/,
  events: /^1 created queued\n2 assigned assigned\n3 started running\n4 finished succeeded\n$/,
  progress: /^succeeded\n$/,
  'low-level': /^1[23] bytes\n([0-9a-f-]{36} [a-z]+\n){1,10}$/,
  errors: /^tooLarge at \/resources\/memoryBytes\. Raise resources\.memoryBytes\. \(request [0-9a-f-]{36}\)\n$/,
}

interface Language {
  name: string
  /** Of its files, and of the code blocks in Markdown. */
  extension: string
  /** The sources that hold the exceptions, each with a comment; the root of them is left out. */
  exceptions: () => Promise<string[]>
  exceptionRoot: string
  /** Samples lie beside the sources; a reader has the package. */
  asPublished: (sample: string) => string
}

const directory = import.meta.dirname
const sources = (...path: string[]) => join(directory, ...path)
const phpExceptions = sources('php', 'src', 'Exception')

export const languages: readonly Language[] = [
  {
    name: 'php',
    extension: 'php',
    exceptions: async () => {
      const files = (await readdir(phpExceptions)).filter(file => file !== 'PlasmException.php').sort()
      return await Promise.all(files.map(file => readFile(join(phpExceptions, file), 'utf8')))
    },
    exceptionRoot: '',
    asPublished: sample => sample,
  },
  {
    name: 'typescript',
    extension: 'ts',
    exceptions: async () => [await readFile(sources('typescript', 'src', 'errors.ts'), 'utf8')],
    exceptionRoot: 'PlasmError',
    asPublished: sample =>
      sample
        .replaceAll("'../src/index.ts'", "'@phasebased/plasm'")
        .replaceAll("'../src/replay.ts'", "'@phasebased/plasm/replay'"),
  },
]

export const readmeFile = ({ name }: Language): string => sources(name, 'README.md')
export const samplesDirectory = ({ name }: Language): string => sources(name, 'samples')

/** What stands behind this line of a sample is shown. */
const shownFrom = /^\/\/ readme\n/m

export async function readme(language: Language): Promise<string> {
  let text = await readFile(sources('README.template.md'), 'utf8')
  for (const { name } of languages) {
    const part = new RegExp(`^\\{\\{${name}\\}\\}\\n([\\s\\S]*?)^\\{\\{/${name}\\}\\}\\n`, 'gm')
    text = text.replace(part, (_, inner: string) => (name === language.name ? inner : ''))
  }
  for (const [placeholder, name] of text.matchAll(/^\{\{(?:sample )?([\w-]+)\}\}$/gm)) {
    const filled = name === 'exceptions' ? await exceptions(language) : await sample(language, name as string)
    text = text.replace(placeholder, () => filled)
  }
  return `<!-- From sdks/README.template.md and samples/ by \`make sdks\`. Do not edit. -->\n\n${text}`
}

async function sample(language: Language, name: string): Promise<string> {
  const file = join(samplesDirectory(language), `${name}.${language.extension}`)
  const shown = (await readFile(file, 'utf8')).split(shownFrom)[1]
  if (shown === undefined) throw new Error(`${file} does not say what of it is shown`)
  return `\`\`\`${language.extension}\n${language.asPublished(shown).trimEnd()}\n\`\`\``
}

/** A table of the exceptions, parents first. */
async function exceptions(language: Language): Promise<string> {
  const classes = (await language.exceptions()).flatMap(readClasses)
  const below = (parent: string, depth: number): string[] =>
    classes
      .filter(one => one.parent === parent)
      .flatMap(one => [`| ${'… '.repeat(depth)}\`${one.name}\` | ${one.says} |`, ...below(one.name, depth + 1)])
  const rows = below(language.exceptionRoot, 0)
  if (rows.length < 10) throw new Error(`the exceptions of ${language.name} are written in another way than before`)
  return ['| class | means |', '|---|---|', ...rows].join('\n')
}

function readClasses(text: string): { name: string; parent: string; says: string }[] {
  const found = text.matchAll(
    /\/\*\*\s*((?:(?!\*\/)[\s\S])*?)\s*\*\/\n(?:export )?(?:final )?(?:class|interface) (\w+)(?: extends (\\?\w+))?/g,
  )
  return [...found].map(([, comment = '', name = '', parent = '']) => {
    const says = comment.replace(/^\* |\n\s*\*/g, '').trim()
    return { name, parent: parent.startsWith('\\') ? '' : parent, says }
  })
}

if (import.meta.main) {
  for (const language of languages) await writeFile(readmeFile(language), await readme(language))
}
