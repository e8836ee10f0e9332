/** The REST API as the tests use it: plain fetch, so that nothing of an SDK hides what the node says. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Job, JobEvent } from '../../phase/job.ts'
import type { JobManifest } from '../../phase/manifest.ts'
import type { Peer } from '../../phase/peer.ts'
import type { Verification } from '../../phase/receipt.ts'

export const helloFile = join(import.meta.dirname, '..', '..', 'examples', 'hello', 'hello.wasm')

export class Client {
  readonly url: string

  constructor(url: string) {
    this.url = url
  }

  async upload(bytes: Uint8Array): Promise<string> {
    const { digest } = await this.json<{ digest: string }>('/v1/modules', {
      method: 'PUT',
      headers: { 'content-type': 'application/wasm' },
      body: bytes as BodyInit,
    })
    return digest
  }

  async uploadHello(): Promise<string> {
    return this.upload(await readFile(helloFile))
  }

  submit(manifest: JobManifest, headers: Record<string, string> = {}): Promise<Job> {
    return this.json<Job>('/v1/jobs', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(manifest),
    })
  }

  /** Submits and waits for the end. */
  async run(manifest: JobManifest, waitSeconds = 60): Promise<Job> {
    const job = await this.submit(manifest, { prefer: `wait=${waitSeconds}` })
    return job.finishedAt === undefined ? this.ended(job.id) : job
  }

  job(id: string): Promise<Job> {
    return this.json<Job>(`/v1/jobs/${id}`)
  }

  cancel(id: string): Promise<Job> {
    return this.json<Job>(`/v1/jobs/${id}/cancel`, { method: 'POST' })
  }

  peers(): Promise<{ items: Peer[] }> {
    return this.json('/v1/peers')
  }

  /** Every event of a job as it happens, the past ones first. */
  async *events(id: string): AsyncGenerator<JobEvent> {
    const response = await fetch(`${this.url}/v1/jobs/${id}/events`)
    let text = ''
    const decoder = new TextDecoder()
    for await (const chunk of response.body as ReadableStream<Uint8Array>) {
      text += decoder.decode(chunk, { stream: true })
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const data = /^data: ?(\{.*)$/m.exec(text.slice(0, end))?.[1]
        text = text.slice(end + 2)
        if (data !== undefined && data.includes('"sequence"')) yield JSON.parse(data) as JobEvent
      }
    }
  }

  /** Resolves with the first event for which `wanted` holds. */
  async event(id: string, wanted: (event: JobEvent) => boolean): Promise<JobEvent> {
    for await (const event of this.events(id)) if (wanted(event)) return event
    throw new Error(`job ${id} ended without the event`)
  }

  async ended(id: string): Promise<Job> {
    await this.event(id, ({ type }) => type === 'finished')
    return this.job(id)
  }

  async output(id: string): Promise<string> {
    return (await fetch(`${this.url}/v1/jobs/${id}/output`)).text()
  }

  async receipt(id: string): Promise<unknown> {
    return this.json(`/v1/jobs/${id}/receipt`)
  }

  verify(envelope: unknown, expected: object = {}): Promise<Verification> {
    return this.json('/v1/receipts/verify', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ envelope, expected }),
    })
  }

  /** Asks the DHT until an executor is known. */
  async executor(): Promise<Peer> {
    for (const deadline = performance.now() + 30_000; performance.now() < deadline; ) {
      const { items } = await this.json<{ items: Peer[] }>('/v1/peers/discover', { method: 'POST' })
      const [peer] = items
      if (peer !== undefined) return peer
    }
    throw new Error('no executor was found')
  }

  async json<T>(path: string, init?: RequestInit): Promise<T> {
    const response = await fetch(this.url + path, init)
    const text = await response.text()
    if (!response.ok) throw new Error(`${init?.method ?? 'GET'} ${path}: ${response.status} ${text}`)
    return JSON.parse(text) as T
  }
}
