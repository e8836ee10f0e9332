/** The node's own command: settings in, a node started, signals stop it. Exit codes: 0 stopped, 2 wrong settings, 1 the rest. */
import { isPhaseError } from '../phase/errors.ts'
import { type Config, ConfigError, helpText, readConfig } from './config.ts'
import { boundGarbage } from './executor/heap.ts'
import { createLog, lineWriter, neverBlock } from './log.ts'
import type { Ready } from './node.ts'
import { notifyReady } from './systemd.ts'
import { version } from './version.ts'

export interface Terminal {
  argv: readonly string[]
  env: Readonly<Record<string, string | undefined>>
  stdout: NodeJS.WriteStream
  stderr: NodeJS.WriteStream
}

/** Runs until a signal ends it. @returns the exit code. */
export async function serve({ argv, env, stdout, stderr }: Terminal): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    stdout.write(helpText('plasm serve'))
    return 0
  }
  try {
    const config = readConfig({ argv, env, isTerminal: stdout.isTTY })
    for (const stream of [stdout, stderr]) neverBlock(stream)
    const write = lineWriter(stdout, {
      lost: code => stderr.write(`plasm serve: ${lostLog(code)}\n`),
      skipped: lines => log.warn({ lines }, 'lines of the log are missing here: nobody read them in time'),
    })
    stderr.on('error', () => {})
    const log = createLog(config.log, write)
    const signalled = untilSignal()
    boundGarbage()
    // Loading the node takes most of a second: help and refusals need not wait for it.
    const { createNode } = await import('./node.ts')
    const node = createNode(config, log)
    const ready = await Promise.race([node.start(), signalled])
    if (typeof ready === 'object') {
      if (config.log === 'human') write(readyLine(config, ready))
      else log.info({ ...ready, version, pid: process.pid }, 'ready')
      await notifyReady(env, `Serves ${ready.http}`).catch((error: unknown) =>
        log.warn({ error }, 'systemd could not be told'),
      )
    }
    log.info({ signal: await signalled }, 'stopping')
    await node.stop()
    endSoon(stdout, stderr)
    return 0
  } catch (error) {
    stderr.write(`plasm serve: ${error instanceof Error ? error.message : String(error)}\n`)
    if (isPhaseError(error) && error.hint !== undefined) stderr.write(`${error.hint}\n`)
    return error instanceof ConfigError ? 2 : 1
  }
}

/** Nothing is left running after a stop; this only bounds what a library might have forgotten, and names it, and what nobody reads. */
function endSoon(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream): void {
  setTimeout(() => {
    const left = process.getActiveResourcesInfo().join(', ')
    stderr.write(
      `plasm serve: ${stdout.writableLength > 0 ? 'nobody reads the end of the log' : `ended although left running: ${left}`}\n`,
    )
    process.exit()
  }, 1_000).unref()
}

const readyLine = ({ dataDir }: Config, { http, p2p, sandbox }: Ready): string =>
  `Plasm ${version} serves ${http} (Swagger UI: ${http}/docs), peers reach it at ${p2p.join(', ')}, data in ${dataDir}. Modules run behind ${sandbox.join(', ')}. Stop with Ctrl-C.\n`

const lostLog = (code: string): string =>
  code === 'EPIPE'
    ? 'nobody reads the log any more (EPIPE): it is not written from here on'
    : `lines of the log are lost (${code}), until it can be written again`

/** The first SIGTERM or SIGINT. A second one ends the process at once. */
function untilSignal(): Promise<string> {
  return new Promise(resolve => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        resolve(signal)
        process.once(signal, () => process.exit(1))
      })
    }
  })
}

if (import.meta.main) {
  const [command, ...argv] = process.argv.slice(2)
  if (command === '--version') process.stdout.write(`${version}\n`)
  else if (command === '--help' || command === '-h') process.stdout.write(helpText('plasm serve'))
  else if (command === 'serve') {
    process.exitCode = await serve({ argv, env: process.env, stdout: process.stdout, stderr: process.stderr })
  } else {
    process.stderr.write(`plasm: unknown command "${command ?? ''}"\nTry: node server/main.ts serve --help\n`)
    process.exitCode = 2
  }
}
