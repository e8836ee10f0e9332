#!/usr/bin/env node
/**
 * The `plasm` command of the npm package, on whatever Node the machine has: Plasm needs Node 26, which comes as an optional dependency for
 * the usual platforms. Written for Node 20, which is the oldest that npm still installs with.
 */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const neededMajor = 26
const here = dirname(fileURLToPath(import.meta.url))
const program = join(here, 'plasm.mjs')

if (Number(process.versions.node.split('.')[0]) >= neededMajor) await import('./plasm.mjs')
else start(packagedNode())

/** The Node that was installed with this package. */
function packagedNode() {
  const { optionalDependencies } = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'))
  const platform = `-${process.platform}-${process.arch}`
  const name = Object.keys(optionalDependencies).find(name => name.endsWith(platform))
  try {
    return join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), 'bin', 'node')
  } catch {
    return undefined
  }
}

function start(node) {
  if (node === undefined) {
    console.error(`plasm: Cannot start: Node ${neededMajor} or later is needed, this is ${process.versions.node}`)
    console.error(`Install Node ${neededMajor} (nodejs.org), or install this package without --omit=optional.`)
    process.exitCode = 1
    return
  }
  const child = spawn(node, [program, ...process.argv.slice(2)], { stdio: 'inherit' })
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  // Ctrl-C reaches the child from the terminal; a second one would end it at once.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'))
  child.once('error', error => {
    console.error(`plasm: Cannot start ${node}: ${error.message}`)
    process.exitCode = 1
  })
  child.once('exit', (code, signal) => {
    if (signal === null) process.exitCode = code ?? 1
    else process.kill(process.pid, signal)
  })
}
