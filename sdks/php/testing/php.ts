/** PHP as the tests run it: bounded in time, its output kept. */
import { execFile, execFileSync } from 'node:child_process'
import { join } from 'node:path'

export const sdkDirectory = join(import.meta.dirname, '..')
export const rootDirectory = join(sdkDirectory, '..', '..')
/** What `Plasm\` classes are loaded by without Composer. */
export const autoloadFile = join(sdkDirectory, 'autoload.php')

/** A whole PHPUnit run on a busy machine. */
const runMs = 180_000

export interface Run {
  code: number | null
  stdout: string
  stderr: string
}

/** Runs `command` to its end, whatever its exit code. */
export function run(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string>; timeoutMs?: number } = {},
): Promise<Run> {
  return new Promise(resolve => {
    const child = execFile(
      command,
      args,
      {
        cwd: options.cwd ?? rootDirectory,
        env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...options.env },
        timeout: options.timeoutMs ?? runMs,
        killSignal: 'SIGKILL',
        maxBuffer: 64 * 1024 * 1024,
      },
      (_error, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
    )
    child.stdin?.end()
  })
}

/** Why a test that needs `tools` is skipped; `false` where all are here. @throws in CI, where `.ci/install` should have brought them. */
export function without(...tools: string[]): string | false {
  const missing = tools.filter(tool => !isHere(tool))
  if (missing.length === 0) return false
  const reason = `${missing.join(', ')} cannot be had here`
  if (process.env['CI'] === 'true') throw new Error(reason)
  return reason
}

function isHere(tool: string): boolean {
  try {
    execFileSync(tool, ['--version'], { stdio: 'ignore', timeout: 30_000 })
    return true
  } catch {
    return false
  }
}
