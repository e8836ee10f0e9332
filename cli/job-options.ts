/** The options of a job, as `run` and `submit` take them. */
import { Readable } from 'node:stream'
import type { Command } from 'commander'
import type { Input, JobOptions } from '../sdks/typescript/src/index.ts'
import type { Context } from './context.ts'

export interface JobFlags {
  cpu?: string
  memory?: string
  fuel?: string
  output?: string
  timeout?: string
  queue?: string
  env?: string[]
  capability?: string[]
  seed?: string
  placement?: string
  profile?: string
  stdin: string | boolean
  idempotencyKey?: string
}

export function defineJob(command: Command): void {
  command
    .argument('<module>', 'a .wasm file, or sha256:… of a module that the node has')
    .argument('[args...]', "the guest's own arguments: options of this command go before the module")
    .passThroughOptions()
    .option('--cpu <n>', 'execution slots that the job takes [1]')
    .option('--memory <size>', 'linear memory, e.g. 64MiB [64MiB]')
    .option('--fuel <n>', 'instruction budget, some 20 for a nanosecond of one core [1000000000000]')
    .option('--output <size>', 'cap of stdout and stderr together [8MiB]')
    .option('--timeout <time>', 'wall clock of one execution, e.g. 10s or 500ms [30s]')
    .option('--queue <time>', 'how long the job may wait for a node that takes it [60s]')
    .option('--env <name=value>', "one of the guest's environment; repeatable", collect)
    .option('--capability <name>', 'clock or random, granted beyond pure computation; repeatable', collect)
    .option('--seed <hex>', "64 hex: seeds the guest's random [from the task]")
    .option('--placement <where>', 'any, local, remote, or a peer id [any]')
    .option('--profile <name>', "under which rules it runs [the node's best]")
    .option('--stdin <file>', 'what the guest reads [stdin of this command, unless that is a terminal]')
    .option('--no-stdin', 'the guest reads nothing')
    .option('--idempotency-key <key>', 'the same command again with the same key is the same job')
}

export function jobOptionsOf(flags: JobFlags, args: readonly string[], context: Context): JobOptions {
  const env = (flags.env ?? []).map(pair => {
    const at = pair.indexOf('=')
    return at < 0 ? [pair, context.terminal.env[pair] ?? ''] : [pair.slice(0, at), pair.slice(at + 1)]
  })
  const stdin = stdinOf(flags.stdin, context)
  return {
    args,
    env: Object.fromEntries(env) as Record<string, string>,
    ...(stdin === undefined ? {} : { stdin }),
    ...('capability' in flags ? { capabilities: flags.capability } : {}),
    cpu: flags.cpu as unknown as number | undefined,
    memory: flags.memory,
    fuel: flags.fuel as unknown as number | undefined,
    output: flags.output,
    timeout: flags.timeout,
    queue: flags.queue,
    seed: flags.seed,
    placement: flags.placement,
    profile: flags.profile,
    idempotencyKey: flags.idempotencyKey,
  }
}

/** A pipe or file is passed on; what a person might type is not waited for. */
function stdinOf(given: string | boolean, { terminal }: Context): Input | undefined {
  if (typeof given === 'string' && given !== '-') return { file: given }
  if (given === false) return undefined
  if (given !== '-' && !terminal.isPiped) return undefined
  return Readable.toWeb(terminal.stdin) as ReadableStream<Uint8Array>
}

export const collect = (value: string, before: readonly string[] = []): string[] => [...before, value]
