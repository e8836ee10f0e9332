/**
 * Mutated modules in processes of their own for so many seconds: what they were, and what failed. A process that ends or falls silent is a
 * failure of the module that it had begun.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { Random } from '../generate/random.ts'
import type { Line } from './child.ts'
import { Pool } from './pool.ts'

export interface Failure {
  seed: number
  /** `crash`, `hang`, or what a check says. */
  what: string
  bytes: Uint8Array
}

export interface Report {
  modules: number
  bytes: number
  /** By what they were (check.ts). */
  kinds: Record<string, number>
  raw: number
  failures: Failure[]
}

/** A check takes a second at most, of the largest programs; minimising ten. */
const silentMs = 60_000
const failuresMax = 20

export async function fuzz(options: { seconds: number; seed: number; log?: (line: string) => void }): Promise<Report> {
  const report: Report = { modules: 0, bytes: 0, kinds: {}, raw: 0, failures: [] }
  const until = Date.now() + options.seconds * 1000
  let next = options.seed
  while (Date.now() < until && report.failures.length < failuresMax) {
    const ended = await run(next, until, report)
    next = ended.next
    if (ended.why === undefined) break
    const bytes = (await new Pool().load()).make(new Random(next - 1))
    report.failures.push({ seed: next - 1, what: ended.why, bytes })
    options.log?.(`seed ${next - 1}: ${ended.why}`)
  }
  return report
}

/** One process, until time is over or it ends. `why`: it was not ended by us for the time. */
async function run(first: number, until: number, report: Report): Promise<{ next: number; why?: string }> {
  const child = spawn(process.execPath, [new URL('child.ts', import.meta.url).pathname, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let [begun, why]: [number, string | undefined] = [first, 'crash']
  const end = (reason: string | undefined) => {
    why = reason
    child.kill('SIGKILL')
  }
  const over = setTimeout(() => end(undefined), Math.max(0, until - Date.now()))
  let silent = setTimeout(() => end('hang'), silentMs)
  for await (const text of createInterface({ input: child.stdout })) {
    clearTimeout(silent)
    silent = setTimeout(() => end('hang'), silentMs)
    const line = JSON.parse(text) as Line
    if ('begun' in line) begun = line.begun
    if ('kind' in line) count(line, report)
    if (report.failures.length >= failuresMax) end(undefined)
  }
  clearTimeout(over)
  clearTimeout(silent)
  await gone(child)
  return { next: begun + 1, ...(why !== undefined && { why }) }
}

function count(line: Extract<Line, { kind: string }>, report: Report): void {
  report.modules++
  report.bytes += line.bytes
  report.kinds[line.kind] = (report.kinds[line.kind] ?? 0) + 1
  if (line.raw) report.raw++
  if (line.failures.length === 0) return
  const bytes = Buffer.from(line.minimised ?? '', 'base64')
  report.failures.push({ seed: line.seed, what: line.failures.join('; '), bytes })
}

const gone = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}
