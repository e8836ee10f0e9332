/** Receipts and the requests they answer: the signed envelopes, byte for byte as they were signed. */
import { Type } from '@sinclair/typebox'
import type { FastifyInstance } from 'fastify'
import { utf8 } from '../../phase/bytes.ts'
import { PhaseError } from '../../phase/errors.ts'
import { isTerminal } from '../../phase/job.ts'
import { ExpectedSchema, VerificationSchema } from '../../phase/receipt.ts'
import { check, named, ref } from '../../phase/schema.ts'
import { type Ed25519, EnvelopeSchema, envelopeSchemas } from '../../phase/signature.ts'
import { verifyReceipt } from '../../phase/verify.ts'
import type { Store } from '../store/store.ts'
import { answer, answers, JobParams } from './document.ts'
import { type FindParts, findJob } from './jobs.ts'
import { ListSchema } from './paging.ts'

export interface ReceiptParts extends FindParts {
  jobs: Pick<Store['jobs'], 'get' | 'getRequest'>
  receipts: Pick<Store['receipts'], 'getByJob' | 'listByJob'>
  ed25519: Ed25519
}

const ReceiptListSchema = ListSchema('ReceiptList', 'Receipts, one for each replica', EnvelopeSchema)
const VerifyRequestSchema = named('VerifyRequest', 'A receipt, and what it is held against', {
  envelope: ref(EnvelopeSchema),
  expected: Type.Optional(ref(ExpectedSchema)),
})
export const receiptRouteSchemas = [ReceiptListSchema, VerifyRequestSchema]

const tags = ['receipts']
const json = 'application/json; charset=utf-8'

export function receiptRoutes(app: FastifyInstance, parts: ReceiptParts): void {
  const { jobs, receipts } = parts
  app.get<{ Params: { id: string } }>(
    '/v1/jobs/:id/receipt',
    {
      schema: {
        operationId: 'getJobReceipt',
        tags,
        summary: 'Get the signed execution receipt of a job',
        description:
          'The DSSE envelope exactly as its executor signed it. 404 `noReceipt` where the job made no claim.',
        params: JobParams,
        response: answers({ 200: answer('The receipt', EnvelopeSchema) }, 404, 409),
      },
    },
    async ({ params }, reply) => {
      const envelope = await receipts.getByJob(params.id)
      if (envelope === undefined) throw await noReceipt(parts, params.id)
      return reply.type(json).send(Buffer.from(envelope))
    },
  )
  app.get<{ Params: { id: string } }>(
    '/v1/jobs/:id/receipts',
    {
      schema: {
        operationId: 'listJobReceipts',
        tags,
        summary: 'Get the receipts of all replicas of a job',
        params: JobParams,
        response: answers({ 200: answer('The receipts; none where the job made no claim', ReceiptListSchema) }, 404),
      },
    },
    async ({ params }, reply) => {
      await findJob(parts, params.id)
      const envelopes = (await receipts.listByJob(params.id)).map(envelope => Buffer.from(envelope).toString('utf8'))
      return reply.type(json).send(Buffer.from(`{"items":[${envelopes.join(',')}]}`))
    },
  )
  app.get<{ Params: { id: string } }>(
    '/v1/jobs/:id/request',
    {
      schema: {
        operationId: 'getJobRequest',
        tags,
        summary: 'Get the signed request that the receipt answers',
        description: 'Its payload has the sha256 that `binding.request` of the receipt names.',
        params: JobParams,
        response: answers({ 200: answer('The request', EnvelopeSchema) }, 404),
      },
    },
    async ({ params }, reply) => {
      const envelope = await jobs.getRequest(params.id)
      if (envelope !== undefined) return reply.type(json).send(Buffer.from(envelope))
      const job = await findJob(parts, params.id)
      throw new PhaseError('notFound', `Cannot get the request of job "${job.id}": it was never offered to a node`)
    },
  )
  verify(app, parts)
}

function verify(app: FastifyInstance, { ed25519 }: ReceiptParts): void {
  app.post(
    '/v1/receipts/verify',
    {
      schema: {
        operationId: 'verifyReceipt',
        tags,
        summary: 'Check a receipt',
        description:
          'Checks form, signature, digests and whatever is given as `expected`. The SDKs do the same on the client, where no gateway has to be trusted.',
        body: ref(VerifyRequestSchema),
        response: answers({ 200: answer('What the receipt is worth', VerificationSchema) }, 400, 413, 415),
        'x-plasm-idempotent': true,
      },
    },
    async request => {
      const references = [...envelopeSchemas, ExpectedSchema]
      const { envelope, expected } = check(VerifyRequestSchema, references, request.body, 'the request')
      return verifyReceipt(utf8(JSON.stringify(envelope)), expected ?? {}, ed25519)
    },
  )
}

async function noReceipt(parts: FindParts, id: string): Promise<PhaseError> {
  const job = await findJob(parts, id)
  if (!isTerminal(job.state)) {
    return new PhaseError('notFinished', `Cannot get the receipt of job "${id}": it is ${job.state}`)
  }
  return new PhaseError('noReceipt', `Cannot get the receipt of job "${id}": it ended with reason ${job.reason}`)
}
