/**
 * The child's own program, handed over its pipe, so that the child needs no right to read files, not even its own. TypeScript is
 * stripped here, once: in each child it would cost three times its start.
 */
import { readFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'

export interface Program {
  /** URL of the module to begin with. */
  entry: string
  /** JavaScript by URL. */
  sources: Record<string, string>
}

/** `entry` and all that it imports by relative names. */
export async function readProgram(entry: URL): Promise<Program> {
  const sources: Record<string, string> = {}
  const waiting = [entry.href]
  for (let url = waiting.pop(); url !== undefined; url = waiting.pop()) {
    if (sources[url] !== undefined) continue
    const source = javaScript(url, await readFile(new URL(url), 'utf8'))
    sources[url] = source
    for (const [, name] of source.matchAll(/^(?:import|export)\b(?:[^'"]*?\bfrom)?\s*['"]([^'"]+)['"]/gm)) {
      if (name === undefined || name.startsWith('node:')) continue
      if (!name.startsWith('.')) throw new Error(`${url} imports ${name}: a child loads its own program and no package`)
      waiting.push(new URL(name, url).href)
    }
  }
  return { entry: entry.href, sources }
}

function javaScript(url: string, source: string): string {
  if (!url.endsWith('.ts')) return source
  // Stripping is what runs this very file; that its function is called experimental need not be said at every start.
  const emitWarning = process.emitWarning.bind(process)
  process.emitWarning = () => {}
  try {
    return stripTypeScriptTypes(source)
  } finally {
    process.emitWarning = emitWarning
  }
}

/** What a child runs first: reads the program (u32-BE length, JSON) from its pipe and imports it. */
export const bootstrap = `
import { readSync } from 'node:fs'
import { registerHooks } from 'node:module'
const read = size => {
  const bytes = Buffer.alloc(size)
  for (let at = 0; at < size; ) {
    const count = readSync(3, bytes, at, size - at, null)
    if (count === 0) process.exit(0)
    at += count
  }
  return bytes
}
const { entry, sources } = JSON.parse(read(read(4).readUInt32BE()).toString())
const own = url => Object.hasOwn(sources, url)
registerHooks({
  resolve(name, context, next) {
    if (name.startsWith('node:')) return next(name, context)
    const url = own(name) ? name : new URL(name, context.parentURL).href
    if (!own(url)) throw new Error('not part of the program: ' + name)
    return { url, format: 'module', shortCircuit: true }
  },
  load: (url, context, next) =>
    own(url) ? { format: 'module', source: sources[url], shortCircuit: true } : next(url, context),
})
delete process.env.PWD
await import(entry)
`

export function encodeProgram(program: Program): Uint8Array {
  const text = Buffer.from(JSON.stringify(program))
  const size = Buffer.alloc(4)
  size.writeUInt32BE(text.length)
  return Buffer.concat([size, text])
}
