import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import type { ReceiptExpected, Verification } from '../../sdks/typescript/src/index.ts'
import type { CommandFile } from '../command-file.ts'
import type { Context } from '../context.ts'
import { collect } from '../job-options.ts'
import { plain } from '../text.ts'

interface Flags {
  executor?: string[]
  module?: string
  stdin?: string
  stdout?: string
  stderr?: string
  arg?: string[]
  env?: string[]
  submitter?: string
  job?: string
  nonce?: string
  request?: string
  checks?: true
}

const exitNotValid = 1

export const verify: CommandFile = {
  needsNode: false,
  define(command) {
    command
      .argument('<receipt>', 'a file with the receipt, or - for stdin')
      .option('--executor <key>', 'did:key or peer id that must have signed; repeatable, one of them', collect)
      .option('--module <file>', 'the module that should have run: a file, or sha256:…')
      .option('--stdin <file>', 'what it should have read')
      .option('--stdout <file>', 'what it should have written')
      .option('--stderr <file>', 'what it should have written there')
      .option('--arg <text>', 'one of its arguments, in order; repeatable', collect)
      .option('--env <name=value>', 'one of its environment; repeatable', collect)
      .option('--job <id>', 'the job that it should be of')
      .option('--nonce <hex>', 'the nonce that was sent')
      .option('--request <digest>', 'sha256:… of the request that it should answer')
      .option('--submitter <did>', 'who should have asked')
      .option('--checks', 'each thing that was looked at')
  },
  after: `Needs no node and no network. What is not given is not held against it; without --executor it shows that some key signed this.
Exit code: 0 valid, ${exitNotValid} invalid or unverifiable.

  plasm receipt $JOB > receipt.json
  plasm verify receipt.json --executor did:key:z6Mk… --module prog.wasm --stdin input --stdout output`,
  async run(context, [file]: [string], flags: Flags) {
    const { Plasm, Receipt, ReceiptError } = await import('../../sdks/typescript/src/index.ts')
    const envelope = file === '-' ? await buffer(context.terminal.stdin) : await readFile(file)
    const expected = await expectedOf(flags)
    const verification = await new Plasm({ executors: flags.executor ?? [] })
      .verify(envelope.toString('utf8'), { expected })
      .catch((error: unknown) => {
        if (error instanceof ReceiptError && error.verification !== undefined) return error.verification
        throw error
      })
    const isValid = verification.verdict === 'valid'
    const said = isValid ? new Receipt(envelope) : undefined
    context.print({ ...verification, claim: said?.claim, binding: said?.binding }, () =>
      explain(verification, flags, context),
    )
    if (isValid && !context.json && flags.checks !== true && said !== undefined) {
      const { outcome, stdout } = said.claim
      const how = outcome.reason === 'exited' ? `exited with ${outcome.exitCode}` : outcome.reason
      context.terminal.stdout.write(
        `It claims that module ${said.claim.module} ${how}, with ${stdout.size} bytes of stdout.\n`,
      )
    }
    return isValid ? 0 : exitNotValid
  },
}

async function expectedOf(flags: Flags): Promise<ReceiptExpected> {
  const env = flags.env?.map(pair => [pair.split('=', 1)[0], pair.slice(pair.indexOf('=') + 1)])
  const digests = await Promise.all(
    (['module', 'stdin', 'stdout', 'stderr'] as const).map(async name => {
      const given = flags[name]
      return given === undefined ? [] : [[name, await digestOf(given)]]
    }),
  )
  const texts = {
    jobId: flags.job,
    nonce: flags.nonce,
    request: flags.request,
    submitter: flags.submitter,
    args: flags.arg,
  }
  const given = Object.entries(texts).filter(([, value]) => value !== undefined)
  return Object.fromEntries([
    ...given,
    ...digests.flat(),
    ...(env === undefined ? [] : [['env', Object.fromEntries(env)]]),
  ]) as ReceiptExpected
}

/** Of a file's bytes, never all of them in memory; a digest is one already. */
async function digestOf(file: string): Promise<string> {
  if (/^sha256:[0-9a-f]{64}$/.test(file)) return file
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return `sha256:${hash.digest('hex')}`
}

function explain(
  { verdict, assurance, executor, checks }: Verification,
  { checks: all }: Flags,
  context: Context,
): string {
  const shown = all === true ? checks : checks.filter(({ result }) => result !== 'passed')
  const color = { passed: 'green', failed: 'red', skipped: 'yellow' } as const
  const lines = shown.map(({ name, result, detail }) => {
    return `  ${context.style(color[result as 'passed'] ?? 'yellow', plain(result).padEnd(7))}  ${plain(name).padEnd(13)}  ${plain(detail)}\n`
  })
  if (verdict !== 'valid') return `${context.style('red', plain(verdict))}\n${lines.join('')}`
  const who =
    assurance === 'pinned'
      ? 'It is signed by the key that was expected'
      : 'It is signed by the key below; whose that is, this does not show: pin one with --executor'
  return `${context.style('green', 'valid')}, ${assurance}. ${who}.\n${executor}\n${lines.join('')}`
}
