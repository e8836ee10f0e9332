/** What was compiled once is kept for the next start: half of the time in which a command starts is spent on compiling. */
import { mkdirSync, statSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'

/**
 * From here on, in the user's cache folder. What is kept there is run, so only where nobody else may write: a root that still has the HOME of
 * another user (sudo) keeps nothing. Where nothing can be kept, it just starts slower. NODE_DISABLE_COMPILE_CACHE turns it off.
 */
export function keepCompiled(env: Readonly<Record<string, string | undefined>>): void {
  try {
    const parent = cacheHome(env['XDG_CACHE_HOME'])
    if (parent === undefined) return
    const directory = join(parent, 'plasm')
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    if (isOwn(directory)) enableCompileCache(directory)
  } catch {
    // No home, no space, no permission: nothing that a command must fail for.
  }
}

/** Where the XDG base directories want it: what is not an absolute path there does not count. */
function cacheHome(given: string | undefined): string | undefined {
  if (given !== undefined && isAbsolute(given)) return isOwn(given) ? given : undefined
  const home = homedir()
  return isOwn(home) ? join(home, '.cache') : undefined
}

function isOwn(directory: string): boolean {
  const { uid, mode } = statSync(directory)
  return uid === process.getuid?.() && (mode & 0o022) === 0
}
