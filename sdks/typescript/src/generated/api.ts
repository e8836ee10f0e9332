// Generated from openapi/openapi.json by `make sdks`. Do not edit.

import { type Body, type RequestOptions, segment, type Transport } from '../transport.ts'
import { read } from '../wire.ts'
import type * as models from './models.ts'

/** Every operation of a node, one method each. Everything throws PlasmError. */
export class Api {
  private readonly transport: Transport

  constructor(transport: Transport) {
    this.transport = transport
  }

  /** Ask for a job to be cancelled. */
  async cancelJob(id: string, options: RequestOptions = {}): Promise<models.Job> {
    const reply = await this.transport.send({
      method: 'POST',
      path: `/v1/jobs/${segment(id)}/cancel`,
      accept: 'application/json',
    }, options)
    return read('Job', reply.json())
  }

  /** Run a module. */
  async createJob(body: models.JobManifest, options: RequestOptions & {
      /** Sent again with the same key within 24 h, while the first job is kept, the request answers with that job */
      idempotencyKey?: string | undefined
      /** wait=SECONDS: answer when the job has ended, or after so many seconds (60 at most) */
      prefer?: string | undefined
    } = {}): Promise<models.Job> {
    const reply = await this.transport.send({
      method: 'POST',
      path: '/v1/jobs',
      accept: 'application/json',
      headers: { 'idempotency-key': options.idempotencyKey, prefer: options.prefer },
      body,
      contentType: 'application/json',
    }, options)
    return read('Job', reply.json())
  }

  /** Ask the network for executors now. */
  async discoverPeers(options: RequestOptions = {}): Promise<models.PeerList> {
    const reply = await this.transport.send({
      method: 'POST',
      path: '/v1/peers/discover',
      accept: 'application/json',
      idempotent: true,
    }, options)
    return read('PeerList', reply.json())
  }

  /** Get the bytes of a blob. */
  async getBlob(digest: string, options: RequestOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    const reply = await this.transport.send({
      method: 'GET',
      path: `/v1/blobs/${segment(digest)}`,
      accept: 'application/octet-stream',
      idempotent: true,
    }, options)
    return reply.bytes
  }

  /** Say where a job stands. */
  async getJob(id: string, options: RequestOptions & {
      /** wait=SECONDS: answer when the job has ended, or after so many seconds (60 at most) */
      prefer?: string | undefined
    } = {}): Promise<models.Job> {
    const reply = await this.transport.send({
      method: 'GET',
      path: `/v1/jobs/${segment(id)}`,
      accept: 'application/json',
      idempotent: true,
      headers: { prefer: options.prefer },
    }, options)
    return read('Job', reply.json())
  }

  /** Get what a job wrote to stdout. */
  async getJobOutput(id: string, options: RequestOptions & {
      /** wait=SECONDS: answer when the job has ended, or after so many seconds (60 at most) */
      prefer?: string | undefined
    } = {}): Promise<Uint8Array<ArrayBuffer>> {
    const reply = await this.transport.send({
      method: 'GET',
      path: `/v1/jobs/${segment(id)}/output`,
      accept: 'application/octet-stream',
      idempotent: true,
      headers: { prefer: options.prefer },
    }, options)
    return reply.bytes
  }

  /** Get the signed execution receipt of a job. */
  async getJobReceipt(id: string, options: RequestOptions = {}): Promise<models.Envelope> {
    const reply = await this.transport.send({
      method: 'GET',
      path: `/v1/jobs/${segment(id)}/receipt`,
      accept: 'application/json',
      idempotent: true,
    }, options)
    return read('Envelope', reply.json())
  }

  /** Get the signed request that the receipt answers. */
  async getJobRequest(id: string, options: RequestOptions = {}): Promise<models.Envelope> {
    const reply = await this.transport.send({
      method: 'GET',
      path: `/v1/jobs/${segment(id)}/request`,
      accept: 'application/json',
      idempotent: true,
    }, options)
    return read('Envelope', reply.json())
  }

  /** Get what a job wrote to stderr. */
  async getJobStderr(id: string, options: RequestOptions & {
      /** wait=SECONDS: answer when the job has ended, or after so many seconds (60 at most) */
      prefer?: string | undefined
    } = {}): Promise<Uint8Array<ArrayBuffer>> {
    const reply = await this.transport.send({
      method: 'GET',
      path: `/v1/jobs/${segment(id)}/stderr`,
      accept: 'application/octet-stream',
      idempotent: true,
      headers: { prefer: options.prefer },
    }, options)
    return reply.bytes
  }

  /** Say what a module asks for and offers. */
  async getModule(digest: string, options: RequestOptions = {}): Promise<models.ModuleInfo> {
    const reply = await this.transport.send({
      method: 'GET',
      path: `/v1/modules/${segment(digest)}`,
      accept: 'application/json',
      idempotent: true,
    }, options)
    return read('ModuleInfo', reply.json())
  }

  /** Get the bytes of a module. */
  async getModuleContent(digest: string, options: RequestOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    const reply = await this.transport.send({
      method: 'GET',
      path: `/v1/modules/${segment(digest)}/content`,
      accept: 'application/wasm',
      idempotent: true,
    }, options)
    return reply.bytes
  }

  /** Say who this node is. */
  async getNode(options: RequestOptions = {}): Promise<models.NodeStatus> {
    const reply = await this.transport.send({
      method: 'GET',
      path: '/v1/node',
      accept: 'application/json',
      idempotent: true,
    }, options)
    return read('NodeStatus', reply.json())
  }

  /** Get the receipts of all replicas of a job. */
  async listJobReceipts(id: string, options: RequestOptions = {}): Promise<models.ReceiptList> {
    const reply = await this.transport.send({
      method: 'GET',
      path: `/v1/jobs/${segment(id)}/receipts`,
      accept: 'application/json',
      idempotent: true,
    }, options)
    return read('ReceiptList', reply.json())
  }

  /** List jobs, newest first. */
  async listJobs(options: RequestOptions & {
      state?: models.JobState | undefined
      /** nextCursor of the page before */
      cursor?: string | undefined
      /** How many at most. 50 unless given */
      limit?: number | undefined
    } = {}): Promise<models.JobPage> {
    const reply = await this.transport.send({
      method: 'GET',
      path: '/v1/jobs',
      accept: 'application/json',
      idempotent: true,
      query: { state: options.state, cursor: options.cursor, limit: options.limit },
    }, options)
    return read('JobPage', reply.json())
  }

  /** List the modules of this node. */
  async listModules(options: RequestOptions & {
      /** nextCursor of the page before */
      cursor?: string | undefined
      /** How many at most. 50 unless given */
      limit?: number | undefined
    } = {}): Promise<models.ModulePage> {
    const reply = await this.transport.send({
      method: 'GET',
      path: '/v1/modules',
      accept: 'application/json',
      idempotent: true,
      query: { cursor: options.cursor, limit: options.limit },
    }, options)
    return read('ModulePage', reply.json())
  }

  /** List the executors that this node knows. */
  async listPeers(options: RequestOptions = {}): Promise<models.PeerList> {
    const reply = await this.transport.send({
      method: 'GET',
      path: '/v1/peers',
      accept: 'application/json',
      idempotent: true,
    }, options)
    return read('PeerList', reply.json())
  }

  /** Upload a blob. */
  async putBlob(body: Body, options: RequestOptions = {}): Promise<models.Content> {
    const reply = await this.transport.send({
      method: 'PUT',
      path: '/v1/blobs',
      accept: 'application/json',
      idempotent: true,
      body,
      contentType: 'application/octet-stream',
    }, options)
    return read('Content', reply.json())
  }

  /** Upload a module. */
  async putModule(body: Body, options: RequestOptions = {}): Promise<models.ModuleInfo> {
    const reply = await this.transport.send({
      method: 'PUT',
      path: '/v1/modules',
      accept: 'application/json',
      idempotent: true,
      body,
      contentType: 'application/wasm',
    }, options)
    return read('ModuleInfo', reply.json())
  }

  /** Watch a job. */
  async *streamJobEvents(id: string, options: RequestOptions & {
      /** Number of the last event that was seen */
      lastEventId?: number | undefined
    } = {}): AsyncGenerator<models.JobEvent, void, void> {
    const events = this.transport.stream({
      method: 'GET',
      path: `/v1/jobs/${segment(id)}/events`,
      accept: 'text/event-stream',
      idempotent: true,
      headers: { 'last-event-id': options.lastEventId },
    }, options)
    for await (const data of events) yield read('JobEvent', data)
  }

  /** Check a receipt. */
  async verifyReceipt(body: models.VerifyRequest, options: RequestOptions = {}): Promise<models.Verification> {
    const reply = await this.transport.send({
      method: 'POST',
      path: '/v1/receipts/verify',
      accept: 'application/json',
      idempotent: true,
      body,
      contentType: 'application/json',
    }, options)
    return read('Verification', reply.json())
  }
}
