/**
 * How long whole processes take, in turns: `node_modules/.bin/node bench/processes.ts` reads {runs, warmUpRuns, env, commands} from stdin and writes
 * an array of milliseconds for each command. A process of its own: one with a large memory takes 20 ms to start another, and no shell does.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

export interface Processes {
  runs: number
  warmUpRuns: number
  env: Record<string, string>
  /** Arguments of this Node. */
  commands: string[][]
}

/** Runs them from a small process. */
export function timeProcesses(wanted: Processes): number[][] {
  const { stdout } = checked(
    spawnSync(process.execPath, [import.meta.filename], {
      input: JSON.stringify(wanted),
      stdio: ['pipe', 'pipe', 'inherit'],
    }),
  )
  return JSON.parse(stdout.toString()) as number[][]
}

function measure({ runs, warmUpRuns, env, commands }: Processes): number[][] {
  const times: number[][] = commands.map(() => [])
  for (let run = 0; run < runs + warmUpRuns; run++) {
    for (const [index, command] of commands.entries()) {
      const begun = performance.now()
      checked(spawnSync(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'], env }))
      if (run >= warmUpRuns) times[index]?.push(performance.now() - begun)
    }
  }
  return times
}

function checked<Result extends { status: number | null }>(result: Result): Result {
  if (result.status !== 0) throw new Error(`a process ended with ${result.status}`)
  return result
}

if (import.meta.main) console.log(JSON.stringify(measure(JSON.parse(readFileSync(0, 'utf8')) as Processes)))
