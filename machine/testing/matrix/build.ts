/** The corpus: every fixture, the examples, floats, and each of them again with less fuel than it needs. Built in Node, run anywhere. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { base64, fromHex, utf8 } from '../../../phase/bytes.ts'
import { digestOf } from '../../../phase/digest.ts'
import { completeManifest, type JobManifest, runOf } from '../../../phase/manifest.ts'
import { compileFixture, compileText } from '../../fixtures/compile.ts'
import { Interpreter } from '../../interpreter.ts'
import { replayPrepared } from '../../replay.ts'
import { PreparedModule } from '../../run.ts'
import { instructionWeights } from '../../weights.ts'
import type { Case, Corpus } from './corpus.ts'
import { edges } from './edges.ts'
import { floats } from './floats.ts'
import { ballast, shapes } from './shapes.ts'

/** Enough for every guest that ends, little enough for those that do not. */
const fuelMax = 40_000_000
const memoryBytes = 160 * 65_536
const callWeight = instructionWeights.find(({ prefix, first }) => prefix === 0 && first === 0x10)?.weight ?? 0

const words = utf8('The quick brown fox; the LAZY dog.\nThe end, the-end -- dog\u00e9!\n')
const inputs: Record<string, { stdin?: Uint8Array; asked?: Partial<JobManifest> }> = {
  echo: { stdin: new Uint8Array(20_000).map((_, index) => index * 7) },
  hello: { stdin: utf8('Hello, World') },
  c: { stdin: words, asked: { args: ['3'] } },
  rust: { stdin: words },
  assemblyscript: { stdin: words, asked: { args: ['2'] } },
  go: { stdin: words, asked: { resources: { fuel: 2_000_000_000, memoryBytes: 67_108_864 } } },
  'args-and-environ': { asked: { args: ['\u00e9', ''], env: { B: '1', A: '' } } },
  'edges grow': { asked: { resources: { fuel: 1_000_000_000, memoryBytes } } },
  'memory-big': { asked: { resources: { memoryBytes: 134_217_728 } } },
  'memory-initial-big': { asked: { resources: { memoryBytes: 134_217_728 } } },
  'bulk-memory-loop': { asked: { resources: { memoryBytes: 268_435_456, fuel: 1_000_000_000 } } },
}

export interface Built {
  corpus: Corpus
  /** What is not in it, and why. */
  missing: string[]
}

export async function buildCorpus(): Promise<Built> {
  const { modules, missing } = await modulesOf()
  const corpus: Corpus = {
    modules: Object.fromEntries([...modules].map(([name, bytes]) => [name, base64(bytes)])),
    cases: [...modules].flatMap(([name, bytes]) => casesOf(name, bytes)),
    stack: {
      shapes: Object.keys(shapes).map(name => `stack ${name}`),
      ballast: base64(await compileText(ballast)),
    },
  }
  return { corpus, missing }
}

async function modulesOf(): Promise<{ modules: Map<string, Uint8Array>; missing: string[] }> {
  const modules = new Map<string, Uint8Array>()
  const missing: string[] = []
  for (const file of readdirSync(new URL('../../fixtures/', import.meta.url))) {
    const name = /^(.*)\.wat$/.exec(file)?.[1]
    if (name !== undefined) modules.set(name, await compileFixture(name))
  }
  for (const [name, text] of Object.entries(floats)) modules.set(`floats ${name}`, await compileText(text))
  for (const [name, text] of Object.entries(edges)) modules.set(`edges ${name}`, await compileText(text))
  for (const [name, text] of Object.entries(shapes)) modules.set(`stack ${name}`, await compileText(text))
  const example = (path: string) => new URL(`../../../examples/${path}`, import.meta.url)
  modules.set('hello', readFileSync(example('hello/hello.wasm')))
  for (const language of ['c', 'rust', 'assemblyscript'])
    modules.set(language, readFileSync(example(`${language}/words.wasm`)))
  const go = goExample()
  if (go === undefined) missing.push('go: no compiler for WASI here (examples/go/README.md)')
  else modules.set('go', go)
  return { modules, missing }
}

/** It brings its whole runtime, so it is not checked in. */
function goExample(): Uint8Array | undefined {
  const directory = new URL('../../../examples/go/', import.meta.url)
  const output = new URL('words.wasm', directory)
  try {
    if (!existsSync(output)) execFileSync('make', ['words.wasm'], { cwd: directory, stdio: 'ignore' })
    return readFileSync(output)
  } catch {
    return undefined
  }
}

/** With a whole budget, and with parts of what it used: an odd one, half, one less than it needs, exactly that, none. */
function casesOf(name: string, bytes: Uint8Array): Case[] {
  const { stdin = new Uint8Array(0), asked = {} } = inputs[name] ?? {}
  const resources = { fuel: fuelMax, memoryBytes, outputBytes: 1_048_576, ...asked.resources }
  const caseOf = (what: string, fuel: number, more: Partial<JobManifest> = {}): Case => {
    const manifest = completeManifest(
      { module: digestOf(bytes), ...asked, ...more, resources: { ...resources, ...more.resources, fuel } },
      { stdin: { digest: digestOf(stdin), size: stdin.length }, nonce: '00'.repeat(16) },
    )
    return { name: `${name}, ${what}`, module: name, manifest, stdin: base64(stdin) }
  }
  const whole = caseOf('whole', resources.fuel)
  const used = usedBy(bytes, whole, stdin)
  if (used === undefined) return [whole]
  const usual = [0, 1, Math.floor(used / 7) + 3, Math.floor(used / 2), used - 1, used]
  const atCalls = name.startsWith('edges') ? fuelAtCalls(bytes, whole, stdin) : []
  const budgets = new Set([...usual, ...atCalls].filter(fuel => fuel >= 0))
  budgets.delete(resources.fuel)
  return [
    whole,
    ...[...budgets].map(fuel => caseOf(`${fuel} fuel`, fuel)),
    caseOf('2 bytes of output', resources.fuel, { resources: { outputBytes: 2 } }),
    ...(name.startsWith('memory')
      ? [0, 65_536, 196_608].map(size => caseOf(`${size} bytes`, resources.fuel, { resources: { memoryBytes: size } }))
      : []),
  ]
}

/** What was used before, at and behind each of the first host calls, and one less of each: the call is made, or it is not. */
function fuelAtCalls(bytes: Uint8Array, { manifest }: Case, stdin: Uint8Array): number[] {
  const { seed, capabilities: _none, ...limits } = runOf(manifest)
  const imported = WebAssembly.Module.imports(new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>)).length
  const found: number[] = []
  let called = false
  const interpreter = new Interpreter(bytes, {
    ...limits,
    seed: fromHex(seed),
    stdin,
    observe: ({ operation: { name }, index }) => {
      const calls = name === 'call' && index < imported
      if (called || calls) found.push(interpreter.fuelUsed - 1, interpreter.fuelUsed)
      if (calls) found.push(interpreter.fuelUsed + callWeight - 1, interpreter.fuelUsed + callWeight)
      called = calls
    },
  })
  interpreter.run(50_000)
  return found.slice(0, 48)
}

/** `undefined`: it is not admitted. */
function usedBy(bytes: Uint8Array, { manifest }: Case, stdin: Uint8Array): number | undefined {
  try {
    return replayPrepared(new PreparedModule(bytes), manifest, { stdin }).fuel
  } catch {
    return undefined
  }
}
