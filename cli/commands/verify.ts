import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import type { SignedRequest } from '../../phase/request.ts'
import type { Claim, ReceiptExpected, Verification } from '../../sdks/typescript/src/index.ts'
import type { CommandFile } from '../command-file.ts'
import type { Context } from '../context.ts'
import { collect } from '../job-options.ts'
import { nextStep } from '../replay/next-step.ts'
import { duration, isDigest, plain } from '../text.ts'

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
  replay?: true
  timeout?: string
}

/** What a replay shows beside the receipt's own checks. */
interface Replayed {
  tookMs: number
  /** None: whoever runs the job gets what was claimed. */
  differences: { member: string; claimed: unknown; found: unknown }[]
}

/** Of what the job itself was given: this machine may be slower, and has nothing ready. */
const timeFactor = 4
const timeMsMin = 60_000

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
      .option('--request <file>', 'the signed request that it should answer: a file, or sha256:…')
      .option('--submitter <did>', 'who should have asked')
      .option('--checks', 'each thing that was looked at')
      .option(
        '--replay',
        'run the job again, here, and compare: takes --request, --module and, if it read any, --stdin as files',
      )
      .option(
        '--timeout <time>',
        `end the replay after this long [${timeFactor} times what the job had, at least 1 min]`,
      )
  },
  after: `Needs no node and no network. What is not given is not held against it; without --executor it shows that some key signed this.
A replay runs the module in a process that may open nothing, and is ended when late: it shows that the claim is what this module gives.
Exit code: 0 valid, ${exitNotValid} invalid or unverifiable, or a replay found something else; 124 the replay was late, 125 this machine could not run it,
126 a file is missing or another one, or the job cannot be run again (it was granted clock or random); 2 wrong usage.

  plasm receipt $JOB > receipt.json
  plasm verify receipt.json --executor did:key:z6Mk… --module prog.wasm --stdin input --stdout output
  plasm receipt --request $JOB > request.json
  plasm verify receipt.json --replay --request request.json --module prog.wasm --stdin input`,
  async run(context, [file]: [string], flags: Flags) {
    const { Plasm, Receipt, ReceiptError } = await import('../../sdks/typescript/src/index.ts')
    const { readInput } = await import('../replay/task.ts')
    const envelope =
      file === '-'
        ? await buffer(context.terminal.stdin)
        : await readInput(file, 'receipt', 'plasm receipt -o FILE JOB fetches it from the node.')
    const request = await requestOf(flags)
    const plasm = new Plasm({ executors: flags.executor ?? [] })
    const judge = (expected: ReceiptExpected) =>
      plasm.verify(envelope.toString('utf8'), { expected, request: request?.envelope }).catch((error: unknown) => {
        if (error instanceof ReceiptError && error.verification !== undefined) return error.verification
        throw error
      })
    // A receipt that does not hold, or answers another request, is not run again: no other file is looked for.
    const job = flags.replay === true && (await judge({})).verdict === 'valid' ? await jobOf(request, flags) : undefined
    const verification = await judge(await expectedOf(flags))
    const said = verification.verdict === 'valid' ? new Receipt(envelope) : undefined
    const replayed = job === undefined || said === undefined ? undefined : await replayOf(job, said.claim, context)
    const judged = replayed === undefined ? verification : withReplay(verification, replayed)
    const hint = nextStep(judged.checks, { isPinned: (flags.executor ?? []).length > 0 })
    context.print({ ...judged, hint, claim: said?.claim, binding: said?.binding, replay: replayed }, () =>
      explain(judged, flags, context),
    )
    if (!context.json) {
      if (said !== undefined) context.terminal.stdout.write(sayMore(said.claim, replayed, flags))
      if (hint !== undefined) context.terminal.stdout.write(`${hint}\n`)
    }
    return judged.verdict === 'valid' ? 0 : exitNotValid
  },
}

async function requestOf({ request, replay }: Flags): Promise<SignedRequest | undefined> {
  const { readRequestFile } = await import('../replay/task.ts')
  if (request !== undefined && !isDigest(request)) return await readRequestFile(request)
  if (replay !== true) return undefined
  const { ArgumentError } = await import('../../sdks/typescript/src/index.ts')
  throw new ArgumentError('Cannot replay the job without its signed request: give its file with --request', {
    hint: 'plasm receipt --request -o request.json JOB fetches it from the node.',
  })
}

async function jobOf(request: SignedRequest | undefined, { module, stdin, timeout }: Flags) {
  const { readTask } = await import('../replay/task.ts')
  const { millisecondsOf } = await import('../../sdks/typescript/src/options.ts')
  const { manifest } = (request as SignedRequest).request
  const usualMs = Math.max(timeMsMin, manifest.timeoutMs * timeFactor)
  const timeoutMs = timeout === undefined ? usualMs : millisecondsOf('timeout', timeout)
  return { task: await readTask(request as SignedRequest, { module, stdin }), timeoutMs }
}

async function replayOf(
  { task, timeoutMs }: Awaited<ReturnType<typeof jobOf>>,
  claim: Claim,
  context: Context,
): Promise<Replayed> {
  const { replayApart } = await import('../replay/replay.ts')
  const { compareClaims } = await import('../../machine/claims.ts')
  context.catchInterrupt()
  const beganMs = performance.now()
  const found = await replayApart(task, { timeoutMs, signal: context.signal })
  const tookMs = Math.round(performance.now() - beganMs)
  return { tookMs, differences: compareClaims(claim as typeof found, found) }
}

/** A receipt whose claim nobody else arrives at is invalid, whoever signed it; members that are unknown here nobody here can judge. */
function withReplay(verification: Verification, { differences }: Replayed): Verification {
  const check = replayCheck(differences)
  const checks = [...verification.checks, check]
  if (check.result === 'passed') return { ...verification, assurance: 'replayed', checks }
  const { assurance: _, ...rest } = verification
  return { ...rest, verdict: check.result === 'failed' ? 'invalid' : 'unverifiable', checks }
}

function replayCheck(differences: Replayed['differences']): Verification['checks'][number] {
  const name = 'replay'
  const members = (of: Replayed['differences']) => of.map(({ member }) => member).join(', ')
  const other = differences.filter(({ found }) => found !== undefined)
  if (other.length > 0)
    return { name, result: 'failed', detail: `running the job again gives another ${members(other)}` }
  if (differences.length > 0)
    return { name, result: 'skipped', detail: `what it claims of ${members(differences)} is unknown here` }
  return { name, result: 'passed', detail: 'running the job again gives the same claim' }
}

function sayMore(claim: Claim, replayed: Replayed | undefined, { checks }: Flags): string {
  if (replayed !== undefined && replayed.differences.length > 0) {
    const lines = replayed.differences.map(({ member, claimed, found }) => {
      return `  ${plain(member)}: claimed ${shown(claimed)}, found ${shown(found)}\n`
    })
    return lines.join('')
  }
  if (checks === true) return ''
  const { module, outcome, fuel, limits, stdout } = claim
  const how =
    outcome.reason === 'exited' ? `exited with ${outcome.exitCode}` : (endings[outcome.reason] ?? outcome.reason)
  const what = `It claims that module ${module} ${how}, with ${stdout.size} bytes of stdout and ${fuel} of ${limits.fuel} fuel used.\n`
  return replayed === undefined
    ? what
    : `${what}The job was run again here, in ${duration(replayed.tookMs)}: so it is.\n`
}

/** Of a claim: which of them stopped it is no part of it. */
const endings: Record<string, string> = {
  stopped: 'was stopped (by a trap, its fuel or its depth)',
  outputExceeded: 'wanted to write more than it may',
}

const shown = (value: unknown): string => plain((JSON.stringify(value) ?? 'nothing').slice(0, 200))

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
    request: flags.request !== undefined && isDigest(flags.request) ? flags.request : undefined,
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
  if (isDigest(file)) return file
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return `sha256:${hash.digest('hex')}`
}

function explain({ verdict, assurance, executor, checks }: Verification, flags: Flags, context: Context): string {
  const shown = flags.checks === true ? checks : checks.filter(({ result }) => result !== 'passed')
  const color = { passed: 'green', failed: 'red', skipped: 'yellow' } as const
  const lines = shown.map(({ name, result, detail }) => {
    return `  ${context.style(color[result as 'passed'] ?? 'yellow', plain(result).padEnd(7))}  ${plain(name).padEnd(13)}  ${plain(detail)}\n`
  })
  if (verdict !== 'valid') return `${context.style('red', plain(verdict))}\n${lines.join('')}`
  const pinned = assurance === 'pinned' || (flags.executor ?? []).length > 0
  const who = pinned
    ? 'It is signed by the key that was expected'
    : 'It is signed by the key below; whose that is, this does not show: pin one with --executor'
  return `${context.style('green', 'valid')}, ${assurance}. ${who}.\n${executor}\n${lines.join('')}`
}
