#!/usr/bin/env node
/** The plasm command. One subcommand so far: `serve`. */
import { serve } from '../server/main.ts'

const [command, ...argv] = process.argv.slice(2)
if (command === 'serve') {
  process.exitCode = await serve({ argv, env: process.env, stdout: process.stdout, stderr: process.stderr })
} else {
  process.stderr.write(`plasm: unknown command "${command ?? ''}"\nTry: plasm serve --help\n`)
  process.exitCode = 2
}
