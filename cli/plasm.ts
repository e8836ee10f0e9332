#!/usr/bin/env node
/** The plasm command, as a process: everything else takes its surroundings as arguments. */
import { fstatSync } from 'node:fs'
import { keepCompiled } from './compiled.ts'

const isNode = process.argv[2] === 'serve'
// A node starts once in weeks, and nobody's cache is its business.
if (!isNode) keepCompiled(process.env)
// Loaded only now: what is loaded before is not kept.
const { main } = await import('./main.ts')

// A reader that goes away (`plasm result … | head`) ends the command as it ends every other one; a node lives on.
if (!isNode)
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 141 : 125))

let stdin: typeof process.stdin | undefined

process.exitCode = await main({
  argv: process.argv.slice(2),
  env: process.env,
  get stdin() {
    stdin ??= process.stdin
    return stdin
  },
  get isPiped() {
    return isPiped()
  },
  stdout: process.stdout,
  stderr: process.stderr,
  interrupted: listener => void process.on('SIGINT', listener),
})
// An input that nobody reads any more must not keep the process; an output that is still being read must.
stdin?.destroy()

function isPiped(): boolean {
  try {
    const found = fstatSync(0)
    return found.isFIFO() || found.isFile() || found.isSocket()
  } catch {
    return false
  }
}
