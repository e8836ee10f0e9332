/** The TypeScript SDK's runner of sdks/conformance: reads a scenario's calls from stdin, does them, writes a line of JSON for each. */
import { Buffer } from 'node:buffer'
import { openAsBlob } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { json } from 'node:stream/consumers'
import {
  ApiError,
  ArgumentError,
  type Job,
  JobFailedError,
  type JobOptions,
  Plasm,
  PlasmError,
  ProtocolError,
  ReceiptError,
  type ReceiptExpected,
  TimeoutError,
  TransportError,
} from '../src/index.ts'

interface Call {
  call: string
  as?: string
  job?: string
  receiptOf?: string
  module?: string
  options?: Omit<JobOptions, 'stdin'> & { stdin?: JobOptions['stdin'] | { stream: string } }
  timeout?: number
  after?: number
  take?: number
  executor?: string
  expected?: ReceiptExpected
}
interface Scenario {
  url: string
  client: { timeout?: number; token?: string }
  calls: Call[]
}

const { url, client, calls } = (await json(process.stdin)) as Scenario
const plasm = new Plasm({ url, ...client })
const jobs = new Map<string, string>()
for (const call of calls) {
  const line = await perform(call).then(
    ok => {
      if (call.as !== undefined) jobs.set(call.as, ok['jobId'] as string)
      return { ok }
    },
    (error: unknown) => ({ error: described(error) }),
  )
  console.log(JSON.stringify(line))
}

async function optionsOf(given: Call['options'] = {}): Promise<JobOptions> {
  const { stdin, ...rest } = given
  if (typeof stdin !== 'object' || !('stream' in stdin) || typeof stdin.stream !== 'string') {
    return { ...rest, stdin: stdin as JobOptions['stdin'] }
  }
  return { ...rest, stdin: (await openAsBlob(stdin.stream)).stream() }
}

async function perform(call: Call): Promise<Record<string, unknown>> {
  const named = call.job ?? call.receiptOf ?? ''
  const job = jobs.get(named) ?? named
  const { timeout } = call
  switch (call.call) {
    case 'submit':
      return { jobId: await plasm.submit(await moduleOf(call.module ?? ''), await optionsOf(call.options)) }
    case 'status':
      return stateOf(await plasm.status(job))
    case 'cancel':
      return stateOf(await plasm.cancel(job))
    case 'wait':
      return stateOf(await plasm.wait(job, { timeout }))
    case 'result':
      return { base64: Buffer.from(await plasm.result(job, { timeout })).toString('base64') }
    case 'events':
      return await eventsOf(job, call)
    case 'receipt': {
      const receipt = await plasm.receipt(job)
      const read = JSON.parse(String(receipt)) as object
      return { receiptId: receipt.id, exact: 'payload' in read && 'signatures' in read }
    }
    case 'verify': {
      const what = call.receiptOf === undefined ? job : await plasm.receipt(job)
      const { verdict, assurance, executor } = await plasm.verify(what, {
        executor: call.executor,
        expected: call.expected,
      })
      return { verdict, assurance, executor }
    }
    case 'peers':
      return { count: (await plasm.peers()).length }
    case 'discover':
      return { count: (await plasm.discover()).length }
    case 'node': {
      const { peerId, did } = await plasm.node()
      return { peerId, did }
    }
    default:
      return process.exit(2)
  }
}

async function moduleOf(named: string): Promise<string | Uint8Array> {
  return named.startsWith('bytes:') ? await readFile(named.slice('bytes:'.length)) : named
}

function stateOf({ state, reason, exitCode }: Job) {
  return { state, reason, exitCode }
}

async function eventsOf(job: string, { after, take }: Call) {
  const said = { sequences: [] as number[], types: [] as string[] }
  for await (const { sequence, type } of plasm.events(job, { after })) {
    said.sequences.push(sequence)
    said.types.push(type)
    if (said.types.length === take) break
  }
  return said
}

function described(error: unknown): Record<string, unknown> {
  if (!(error instanceof PlasmError)) throw error
  return { ...kindOf(error), message: error.message }
}

function kindOf(error: PlasmError): Record<string, unknown> {
  if (error instanceof ApiError) {
    const { code, status, hint, requestId, pointer, retryAfterMs } = error
    return { kind: 'api', code, status, hint, requestId, pointer, retryAfter: retryAfterMs && retryAfterMs / 1000 }
  }
  if (error instanceof TimeoutError) return { kind: 'timeout' }
  if (error instanceof TransportError) return { kind: 'transport' }
  if (error instanceof ProtocolError) return { kind: 'protocol' }
  if (error instanceof ArgumentError) return { kind: 'argument' }
  if (error instanceof JobFailedError) {
    const { job, reason, exitCode, stderr } = error
    return { kind: 'jobFailed', state: job.state, reason, exitCode, stderr }
  }
  if (error instanceof ReceiptError) {
    const check = error.verification?.checks.find(({ result }) => result !== 'passed')
    return { kind: 'receipt', verdict: error.verification?.verdict, check: check?.name }
  }
  return { kind: error.name }
}
