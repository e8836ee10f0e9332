/** The compilers that guests are built with, where they are: a test of what is not there skips by name, and fails where CI is to have installed it. */
import { type ExecFileOptions, execFile, execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

export type Language = 'c' | 'cpp' | 'rust' | 'go' | 'assemblyscript'

/** Where an example of the language lies, with its Makefile. */
export const exampleOf = (language: Language): string =>
  fileURLToPath(new URL(`../../../examples/${language}/`, import.meta.url))

/** What `skip` of a test wants: a reason, or `false`. @throws in CI. */
export function skipWithout(language: Language): string | false {
  const missing = `no ${language} compiler for WASI here (docs/write-a-guest.md)`
  if (isThere[language]()) return false
  if (process.env['CI'] === 'true') throw new Error(missing)
  return missing
}

const isThere: Record<Language, () => boolean> = {
  c: () => answers('clang', '--version') && answers('wasm-ld', '--version') && existsSync('/usr/include/wasm32-wasi'),
  cpp: () =>
    isThere.c() && existsSync('/usr/include/wasm32-wasi/c++') && existsSync('/usr/lib/wasm32-wasi/libc++abi.a'),
  rust: () => existsSync('/usr/bin/rustc') && existsSync(`/usr/lib/rustlib/${rustTarget()}`),
  go: () =>
    answers('go', 'version') && /go1\.(2[1-9]|[3-9]\d)/.test(execFileSync('go', ['version'], { encoding: 'utf8' })),
  assemblyscript: () => existsSync(`${exampleOf('assemblyscript')}node_modules/.bin/asc`),
}

/** Rust called it wasm32-wasi until 1.83. */
export function rustTarget(): string {
  const targets = execFileSync('/usr/bin/rustc', ['--print', 'target-list'], { encoding: 'utf8' }).split('\n')
  return targets.find(target => /^wasm32-wasi(p1)?$/.test(target)) ?? 'wasm32-wasip1'
}

/** Compiles one file as a command. */
export async function compile(language: 'c' | 'cpp' | 'rust' | 'go', source: string, output: string): Promise<void> {
  const options: ExecFileOptions = { timeout: 240_000 }
  const run = promisify(execFile)
  if (language === 'c') await run('clang', ['--target=wasm32-wasi', '-O1', '-Wall', '-o', output, source], options)
  if (language === 'cpp') {
    const flags = ['-O1', '-Wall', '-std=c++17', '-fno-exceptions']
    await run('clang++', ['--target=wasm32-wasi', ...flags, '-o', output, source], options)
  }
  if (language === 'rust')
    await run(
      '/usr/bin/rustc',
      ['--edition', '2021', '--target', rustTarget(), '-C', 'opt-level=1', '-o', output, source],
      options,
    )
  if (language === 'go')
    await run('go', ['build', '-o', output, source], {
      ...options,
      env: { ...process.env, GOOS: 'wasip1', GOARCH: 'wasm' },
    })
}

function answers(file: string, argument: string): boolean {
  try {
    execFileSync(file, [argument], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
