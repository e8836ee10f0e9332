/** Every subcommand: its name, what it does, and where it is. The first word of a section begins it. */
import { styleText } from 'node:util'
import type { Entry } from './command-file.ts'

export const commands = {
  run: {
    section: 'Jobs',
    summary: 'run a module: upload, submit, wait, verify, print',
    load: async () => (await import('./commands/run.ts')).run,
  },
  submit: {
    section: 'Jobs',
    summary: 'submit a job and print its id',
    load: async () => (await import('./commands/submit.ts')).submit,
  },
  status: {
    section: 'Jobs',
    summary: 'where a job stands; without one, the latest jobs',
    load: async () => (await import('./commands/status.ts')).status,
  },
  wait: {
    section: 'Jobs',
    summary: 'wait for a job to end; its exit code',
    load: async () => (await import('./commands/wait.ts')).wait,
  },
  events: {
    section: 'Jobs',
    summary: "a job's steps as they happen",
    load: async () => (await import('./commands/events.ts')).events,
  },
  result: {
    section: 'Jobs',
    summary: 'what a job wrote; waits for it',
    load: async () => (await import('./commands/result.ts')).result,
  },
  cancel: {
    section: 'Jobs',
    summary: 'ask for a job to be cancelled',
    load: async () => (await import('./commands/cancel.ts')).cancel,
  },
  receipt: {
    section: 'Receipts',
    summary: 'the signed receipt of a job',
    load: async () => (await import('./commands/receipt.ts')).receipt,
  },
  verify: {
    section: 'Receipts',
    summary: 'check a receipt, without any node',
    load: async () => (await import('./commands/verify.ts')).verify,
  },
  modules: {
    section: 'Node',
    summary: 'the modules that a node keeps; put, get',
    load: async () => (await import('./commands/modules.ts')).modules,
  },
  peers: {
    section: 'Node',
    summary: 'the executors that a node knows',
    load: async () => (await import('./commands/peers.ts')).peers,
  },
  discover: {
    section: 'Node',
    summary: 'the same after asking the network',
    load: async () => (await import('./commands/discover.ts')).discover,
  },
  node: {
    section: 'Node',
    summary: 'who the node is, what it offers',
    load: async () => (await import('./commands/node.ts')).node,
  },
  serve: {
    section: 'This machine',
    summary: 'start a node',
    load: async () => (await import('./commands/serve.ts')).serve,
  },
  key: {
    section: 'This machine',
    summary: "the node's key: its names",
    load: async () => (await import('./commands/key.ts')).key,
  },
  config: {
    section: 'This machine',
    summary: 'the settings in force, and where each is from',
    load: async () => (await import('./commands/config.ts')).config,
  },
  doctor: {
    section: 'This machine',
    summary: 'look for what is wrong, and say how to mend it',
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
  completion: {
    section: 'This machine',
    summary: 'completions for bash, zsh or fish',
    load: async () => (await import('./commands/completion.ts')).completion,
  },
} as const satisfies Record<string, Entry>

/** The help of `plasm` itself. */
export function overview(stream: NodeJS.WriteStream): string {
  const bold = (text: string) => styleText('bold', text, { stream })
  const sections = Map.groupBy(Object.entries(commands), ([, { section }]) => section)
  const lines = [...sections].flatMap(([section, entries]) => [
    bold(section),
    ...entries.map(([name, { summary }]) => `  ${name.padEnd(12)} ${summary}`),
    '',
  ])
  return `Usage: plasm COMMAND [options] …

Runs WebAssembly on nodes you need not know, and checks the signed receipt for what they did.

  plasm serve &                            a node on this machine
  plasm run hello.wasm <<< 'Hello, World'  a job on the nearest node

${lines.join('\n')}
Every command has --help, and --json for programs. PLASM_URL says where the node is (http://127.0.0.1:7527), PLASM_TOKEN who asks.
NO_COLOR is honoured. Errors are two lines: what happened, and what to do.
`
}
