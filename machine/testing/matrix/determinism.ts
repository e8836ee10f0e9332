/** `make determinism`: the corpus on every engine that can be had here, a table on stdout; `--json` for programs. Fails where claims differ. */
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { deepest, differencesFrom } from './compare.ts'
import type { Report } from './corpus.ts'
import { type Engine, enginePackages, otherEngines, tiers } from './engines.ts'
import { isMissing, writeFiles } from './files.ts'

interface Row {
  engine: string
  /** Why it was not asked. */
  missing?: string
  cases?: number
  differences?: string[]
  stack?: Report['stack']
}

const json = process.argv.includes('--json')
const directory = fileURLToPath(new URL('../../../build/determinism/', import.meta.url))
mkdirSync(directory, { recursive: true })
installEngines()
const { files, missing } = await writeFiles(directory)
const rows: Row[] = missing.map(what => ({ engine: `corpus: ${what.split(':')[0]}`, missing: what }))
let reference: Report | undefined
for (const engine of [...tiers, ...otherEngines(directory)]) {
  const { row, report } = await ask(engine)
  reference ??= report
  rows.push(row)
  if (!json) process.stdout.write(line(row))
}
if (json) process.stdout.write(`${JSON.stringify({ cases: reference?.performed.length, engines: rows }, null, 2)}\n`)
const differ = rows.some(({ differences = [] }) => differences.length > 0)
const incomplete = process.env['CI'] === 'true' && rows.some(row => row.missing !== undefined)
process.exitCode = differ || incomplete ? 1 : 0

async function ask(engine: Engine): Promise<{ row: Row; report?: Report }> {
  if (isMissing(engine)) return { row: { engine: engine.name, missing: engine.missing } }
  try {
    const report = await engine.perform(files)
    const { performed, stack } = report
    const differences = differencesFrom(reference ?? report, report)
    return { row: { engine: engine.name, cases: performed.length, differences, ...(stack && { stack }) }, report }
  } catch (error) {
    // It was there, and did not come to its end: no skip.
    return {
      row: { engine: engine.name, differences: [`nothing came back: ${(error as Error).message.slice(0, 300)}`] },
    }
  }
}

/** Not with the workspace: they are large, and one of them is for another processor. */
function installEngines(): void {
  const wanted = Object.values(enginePackages)
  const flags = ['--no-save', '--no-audit', '--no-fund', '--force', '--ignore-scripts', '--loglevel=error']
  try {
    execFileSync('npm', ['install', '--prefix', directory, ...flags, ...wanted], { stdio: 'ignore', timeout: 240_000 })
  } catch {
    // Each that is not there is named as missing.
  }
}

function line({ engine, missing, cases = 0, differences = [], stack }: Row): string {
  const name = engine.padEnd(34)
  if (missing !== undefined) return `${name}  missing: ${missing}\n`
  const said = differences.length === 0 ? `${cases} cases, the same` : `${differences.length} of ${cases} cases differ`
  const most = deepest({ performed: [], ...(stack && { stack }) })
  const taken = most === undefined ? 'not measured' : `${percent(most.used)} of ${stack?.kib} KiB, by ${most.shape}`
  const shown = differences.slice(0, 10).map(difference => `    ${difference}\n`)
  return `${name}  ${said.padEnd(22)}  stack: ${taken}\n${shown.join('')}`
}

function percent(part: number): string {
  return Number.isFinite(part) ? `${(part * 100).toFixed(0)} %` : 'more than all'
}
