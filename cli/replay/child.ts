/**
 * The process in which `plasm verify --replay` runs a stranger's module: it reads one task from its stdin, writes what came of it to its
 * stdout, and ends. Whoever started it ends it when it is late.
 */
import { readFileSync, writeSync } from 'node:fs'
import { replay } from '../../machine/replay.ts'
import { isPhaseError } from '../../phase/errors.ts'
import type { CompleteManifest } from '../../phase/manifest.ts'
import type { Answer } from './replay.ts'

// All code is loaded: from here on it may open nothing.
process.permission?.drop('fs.read')

const task = readFileSync(0)
const manifestBytes = task.readUInt32BE(0)
const moduleBytes = task.readUInt32BE(4)
const manifest = JSON.parse(task.toString('utf8', 8, 8 + manifestBytes)) as CompleteManifest
const inputs = task.subarray(8 + manifestBytes)
const answer = Buffer.from(JSON.stringify(perform()))
for (let at = 0; at < answer.length; ) at += writeSync(1, answer, at)

function perform(): Answer {
  try {
    return { claim: replay(inputs.subarray(0, moduleBytes), manifest, { stdin: inputs.subarray(moduleBytes) }) }
  } catch (error) {
    if (!isPhaseError(error)) throw error
    const { code, message, hint } = error
    return { error: { code, message, ...(hint === undefined ? {} : { hint }) } }
  }
}
