/** A job done again in a process of its own, which is ended when it is late: a module may run for as long as it likes. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { tableEntriesMax } from '../../machine/limits.ts'
import { type ErrorCode, PhaseError } from '../../phase/errors.ts'
import type { CompleteManifest } from '../../phase/manifest.ts'
import type { Claim } from '../../phase/receipt.ts'
import { TimeoutError } from '../../sdks/typescript/src/index.ts'
import type { Task } from './task.ts'

/** What the child says. */
export type Answer = { claim: Claim } | { error: { code: ErrorCode; message: string; hint?: string } }

const program = new URL('./child.ts', import.meta.url)
/** Of all that the child imports: the repository, or the folder of the bundle. */
const code = new URL(program.pathname.endsWith('.ts') ? '../../' : './', program)
const nodeFlags = [
  // No file system but the code, no network, children, workers, addons.
  '--permission',
  `--allow-fs-read=${fileURLToPath(code)}*`,
  '--no-addons',
  '--disable-proto=delete',
  '--disallow-code-generation-from-strings',
  '--no-warnings',
  // Of JavaScript alone: a guest's memory and its output lie outside.
  '--max-old-space-size=256',
  `--wasm-max-table-size=${tableEntriesMax}`,
]

/**
 * @throws {TimeoutError} where it is not done after `timeoutMs`.
 * @throws {PhaseError} as machine/replay.ts does; `unavailable` where the process ended without an answer. An abort throws its reason.
 */
export async function replayApart(task: Task, limits: { timeoutMs: number; signal: AbortSignal }): Promise<Claim> {
  const child = spawn(process.execPath, [...nodeFlags, fileURLToPath(program)], {
    env: {},
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const kill = () => void child.kill('SIGKILL')
  const late = AbortSignal.timeout(limits.timeoutMs)
  const either = AbortSignal.any([late, limits.signal])
  either.addEventListener('abort', kill)
  try {
    either.throwIfAborted()
    return claimOf(await exchange(child, task))
  } catch (error) {
    limits.signal.throwIfAborted()
    if (!late.aborted) throw error
    throw new TimeoutError(`Cannot replay the job: it was not done after ${limits.timeoutMs} ms`, {
      hint: 'Give it longer with --timeout: how long a job takes is no part of its claim.',
    })
  } finally {
    either.removeEventListener('abort', kill)
    kill()
  }
}

async function exchange(child: ChildProcess, { manifest, module, stdin }: Task): Promise<Answer> {
  const { stdin: to, stdout: from } = child
  if (to === null || from === null) throw new Error('the child has no pipes')
  // A child that ends early breaks the pipe: what it said, or how it ended, tells more.
  const sent = pipeline([...frameOf(manifest, module), stdin], to).catch(() => undefined)
  const [said, [exitCode, signal]] = await Promise.all([
    text(from),
    once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
    sent,
  ])
  if (said !== '') return JSON.parse(said) as Answer
  throw new PhaseError('unavailable', `Cannot replay the job: its process ended with ${signal ?? exitCode}`, {
    hint: 'That says nothing of the claim: try again where there is more memory.',
  })
}

function frameOf(manifest: CompleteManifest, module: Uint8Array): Uint8Array[] {
  const text = Buffer.from(JSON.stringify(manifest))
  const prefix = Buffer.alloc(8)
  prefix.writeUInt32BE(text.length, 0)
  prefix.writeUInt32BE(module.length, 4)
  return [prefix, text, module]
}

function claimOf(answer: Answer): Claim {
  if ('claim' in answer) return answer.claim
  const { code, message, hint } = answer.error
  throw new PhaseError(code, message, hint === undefined ? {} : { hint })
}
