/** A proxy in front of a real node that makes the faults of a scenario, and notes every request. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { changeEnvelope, problemOf } from './faults.ts'
import type { Fault } from './scenario.ts'

export interface Seen {
  /** `METHOD /path`, ids and digests as `{}`. */
  on: string
  /** When it came, milliseconds of a steady clock. */
  atMs: number
  headers: Record<string, string | string[] | undefined>
  /** Which fault it met. */
  fault: Fault | undefined
}

interface Armed {
  fault: Fault
  pass: number
  left: number
}

interface Answer {
  status: number
  headers: Record<string, string>
  body: AsyncIterable<Uint8Array>
}

/** What is kept of a body to change it. */
const bodyBytesMax = 64 * 1024 * 1024

export class FaultProxy {
  readonly seen: Seen[] = []
  /** Ids of the jobs that the node accepted, in their order. */
  readonly jobs: string[] = []
  private readonly nodeUrl: string
  private readonly armed: Armed[]
  private readonly server: Server
  private readonly stopping = new AbortController()

  constructor(nodeUrl: string, faults: readonly Fault[]) {
    this.nodeUrl = nodeUrl
    this.armed = faults.map(fault => ({ fault, pass: fault.after ?? 0, left: fault.times ?? 1 }))
    this.server = createServer((request, response) => {
      this.serve(request, response).catch(() => response.destroy())
    })
  }

  /** @returns its URL */
  async start(): Promise<string> {
    this.server.listen(0, '127.0.0.1')
    await once(this.server, 'listening')
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  async stop(): Promise<void> {
    this.stopping.abort()
    this.server.closeAllConnections()
    this.server.close()
    await once(this.server, 'close')
  }

  /** Faults that no request has met. */
  unused(): Fault[] {
    return this.armed.filter(({ left }) => left > 0).map(({ fault }) => fault)
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const on = kindOf(request)
    const fault = this.faultFor(on)
    this.seen.push({ on, atMs: performance.now(), headers: request.headers, fault })
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    const signal = AbortSignal.any([gone.signal, this.stopping.signal])
    if (fault?.lose === 'request') return void request.socket.destroy()
    if (fault?.answer !== undefined) {
      request.resume()
      await once(request, 'end')
      return send(response, made(fault.answer))
    }
    const answer = await this.ask(request, fault, signal)
    if (fault?.silent === true) return
    if (fault?.lose === 'answer') return void request.socket.destroy()
    if (fault?.delayMs !== undefined) await later(fault.delayMs, signal)
    if (fault?.cut !== undefined) return cut(response, answer, fault.cut)
    send(response, fault === undefined ? answer : await changed(answer, fault))
  }

  private faultFor(on: string): Fault | undefined {
    const found = this.armed.find(({ fault, left }) => left > 0 && matches(fault.on, on))
    if (found === undefined) return undefined
    if (found.pass > 0) {
      found.pass--
      return undefined
    }
    found.left--
    return found.fault
  }

  /** The node's answer, or that of another path where the fault swaps them. */
  private async ask(request: IncomingMessage, fault: Fault | undefined, signal: AbortSignal): Promise<Answer> {
    const path = (fault?.swap ?? request.url ?? '/').replace(
      /\{(\d+)\}/g,
      (_, n: string) => this.jobs[Number(n) - 1] ?? '',
    )
    const headers = { ...request.headers }
    for (const name of ['connection', 'host', 'transfer-encoding', 'expect']) delete headers[name]
    const hasBody =
      request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined
    const answer = await fetch(this.nodeUrl + path, {
      method: request.method ?? 'GET',
      headers: headers as Record<string, string>,
      ...(hasBody && request.method !== 'GET' ? { body: request as unknown as BodyInit, duplex: 'half' } : {}),
      redirect: 'manual',
      signal,
    })
    const location = /^\/v1\/jobs\/([\w-]+)$/.exec(answer.headers.get('location') ?? '')?.[1]
    if (location !== undefined && !this.jobs.includes(location)) this.jobs.push(location)
    const kept = [...answer.headers].filter(
      ([name]) => !['connection', 'keep-alive', 'transfer-encoding'].includes(name),
    )
    return { status: answer.status, headers: Object.fromEntries(kept), body: answer.body ?? empty() }
  }
}

/** `METHOD /path`, ids and digests as `{}`. */
function kindOf(request: IncomingMessage): string {
  const path = (request.url ?? '/').split('?', 1)[0] as string
  const parts = path
    .split('/')
    .map(part => (/^(sha256:[0-9a-f]{64}|[0-9a-f]{8}-[0-9a-f-]{27})$/.test(part) ? '{}' : part))
  return `${request.method} ${parts.join('/')}`
}

/** Whether a request of kind `on` is one of `pattern`. */
export const matches = (pattern: string, on: string): boolean =>
  pattern.startsWith('* ') ? on.split(' ')[1] === pattern.slice(2) : pattern === on

async function* empty(): AsyncGenerator<Uint8Array> {}

function made({ status, headers = {}, body, problem }: NonNullable<Fault['answer']>): Answer {
  const text = problem !== undefined ? JSON.stringify(problemOf(status, problem)) : textOf(body)
  const type = problem !== undefined ? 'application/problem+json' : 'application/json'
  return { status, headers: { 'content-type': type, ...headers }, body: bytesOf(text) }
}

const textOf = (body: unknown): string =>
  typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body)

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text)
}

async function changed(answer: Answer, fault: Fault): Promise<Answer> {
  if (fault.set === undefined && fault.replace === undefined && fault.sign === undefined) return answer
  let text = await all(answer.body)
  if (fault.replace !== undefined) text = text.replaceAll(...fault.replace)
  if (fault.set !== undefined || fault.sign === true) text = changeEnvelope(text, fault.set ?? {}, fault.sign === true)
  const { 'content-length': _, ...headers } = answer.headers
  return { ...answer, headers, body: bytesOf(text) }
}

async function all(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  const bytes = Buffer.concat(chunks)
  if (bytes.length > bodyBytesMax) throw new Error('the body is too large to be changed')
  return bytes.toString('utf8')
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, headers)
  response.flushHeaders()
  void (async () => {
    for await (const chunk of body) response.write(chunk)
    response.end()
  })().catch(() => response.destroy())
}

/** Breaks the connection after so much of the body: the headers promise all of it. */
async function cut(
  response: ServerResponse,
  answer: Answer,
  { bytes, events }: NonNullable<Fault['cut']>,
): Promise<void> {
  response.writeHead(answer.status, answer.headers)
  response.flushHeaders()
  let left = bytes ?? Number.MAX_SAFE_INTEGER
  let text = ''
  for await (const chunk of answer.body) {
    const kept = chunk.subarray(0, left)
    left -= kept.length
    text += Buffer.from(kept).toString('latin1')
    const end = events === undefined ? -1 : endOfEvents(text, events)
    if (end < 0 && left > 0) {
      response.write(kept)
      continue
    }
    const whole = end < 0 ? kept : kept.subarray(0, kept.length - (text.length - end))
    await new Promise<void>(resolve => response.write(whole, () => resolve()))
    break
  }
  response.destroy()
}

/** Where in a stream's text the `count`th event with an id ends; -1 where it does not yet. */
function endOfEvents(text: string, count: number): number {
  let at = 0
  for (let seen = 0; seen < count; ) {
    const end = text.indexOf('\n\n', at)
    if (end < 0) return -1
    if (/^id:/m.test(text.slice(at, end))) seen++
    at = end + 2
  }
  return at
}

function later(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
