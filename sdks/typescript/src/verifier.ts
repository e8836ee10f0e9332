import { platform } from '#platform'
import { hex, utf8 } from '../../../phase/bytes.ts'
import { publicKeyOfDid, publicKeyOfPeerId } from '../../../phase/identity.ts'
import { readRequest } from '../../../phase/request.ts'
import { verifyReceipt } from '../../../phase/verify.ts'
import { ArgumentError, ReceiptError } from './errors.ts'
import type { Evidence } from './evidence.ts'
import type { Api } from './generated/api.ts'
import type { ReceiptExpected, Verification } from './generated/models.ts'
import { inOurWords } from './phase-errors.ts'
import { envelopeBytes, Receipt, type VerifyOptions } from './receipt.ts'
import { checkRequest, checkTask, expectedOf } from './request.ts'
import { type RequestOptions, segment, type Transport } from './transport.ts'

type Expected = Parameters<typeof verifyReceipt>[1]
const expectedNames: readonly string[] = [
  'executor',
  'submitter',
  'jobId',
  'nonce',
  'request',
  'module',
  'args',
  'env',
  'stdin',
  'stdout',
  'stderr',
] satisfies (keyof Expected)[]

/** Where what a receipt is held against comes from. */
export interface VerifierParts {
  api: Api
  transport: Transport
  evidence: Evidence
  /** Pinned for every receipt. */
  executors: readonly string[]
}

export class Verifier {
  private readonly api: Api
  private readonly transport: Transport
  private readonly evidence: Evidence
  private readonly executors: readonly string[]

  constructor({ api, transport, evidence, executors }: VerifierParts) {
    this.api = api
    this.transport = transport
    this.evidence = evidence
    this.executors = executors
  }

  /** @throws {ReceiptError} unless it is valid. */
  async verify(receipt: string | Receipt, options: VerifyOptions): Promise<Verification> {
    const { signal, expected = {} } = options
    const isJobId = typeof receipt === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(receipt)
    if (!isJobId) return this.judgeGiven(utf8(String(receipt)), options)
    const asked = [
      this.envelope('receipt', receipt, { signal }),
      this.envelope('request', receipt, { signal }),
    ] as const
    await Promise.allSettled(asked)
    // First: where there is none, that is the answer, whatever else is missing too.
    const envelope = await asked[0]
    const request = await asked[1]
    const known = await this.received(receipt, expected, signal)
    const signed = inOurWords(() => readRequest(request, platform.ed25519), ReceiptError)
    checkRequest(signed, receipt, this.evidence.of(receipt).sent)
    const all = { ...expectedOf(signed), ...known, ...expected }
    const what = `The receipt of job "${receipt}"`
    const verification = this.judge(what, envelope, { ...options, expected: all })
    return accepted(what, addCheck(verification, checkTask(new Receipt(envelope), signed)))
  }

  /** A receipt from elsewhere, with its request where that is there too. */
  private judgeGiven(envelope: Uint8Array, options: VerifyOptions): Verification {
    const { request, expected = {} } = options
    if (request === undefined) return this.judge('The receipt', envelope, options)
    const signed = inOurWords(() => readRequest(envelopeBytes(request), platform.ed25519))
    const all = { ...expectedOf(signed), ...expected }
    const verification = this.judge('The receipt', envelope, { ...options, expected: all })
    return accepted('The receipt', addCheck(verification, checkTask(new Receipt(envelope), signed)))
  }

  /** Nothing is checked. */
  async receipt(jobId: string, options: RequestOptions): Promise<Receipt> {
    return new Receipt(await this.envelope('receipt', jobId, options))
  }

  /** The envelope's bytes as the node has them. */
  private async envelope(what: 'receipt' | 'request', jobId: string, options: RequestOptions): Promise<Uint8Array> {
    const path = `/v1/jobs/${segment(jobId)}/${what}`
    const call = { method: 'GET', path, accept: 'application/json', idempotent: true }
    return (await this.transport.send(call, options)).bytes
  }

  private judge(what: string, envelope: Uint8Array, { executor, expected = {} }: VerifyOptions): Verification {
    const unknown = Object.keys(expected).find(name => !expectedNames.includes(name))
    // What is not looked at must not seem to be.
    if (unknown !== undefined)
      throw new ArgumentError(`Cannot verify "${unknown}": it is not one of ${expectedNames.join(', ')}`)
    const pins = typeof executor === 'string' ? [executor] : (executor ?? this.executors)
    const pinned = expected.executor ?? pinFor(envelope, pins)
    const all = { ...expected, ...(pinned === undefined ? {} : { executor: pinned }) } as Expected
    return accepted(
      what,
      inOurWords(() => verifyReceipt(envelope, all, platform.ed25519)),
    )
  }

  /** Digests of what came back: what was not received yet is, without keeping it. */
  private async received(
    jobId: string,
    expected: ReceiptExpected,
    signal: AbortSignal | undefined,
  ): Promise<ReceiptExpected> {
    const { received } = this.evidence.of(jobId)
    const read = async (download: (options: RequestOptions) => Promise<unknown>) => {
      const hash = platform.digester()
      await download({ signal, sink: bytes => hash.update(bytes) })
      return hash.digest()
    }
    const [stdout, stderr] = await Promise.all([
      expected.stdout ?? received.stdout ?? read(options => this.api.getJobOutput(jobId, options)),
      expected.stderr ?? received.stderr ?? read(options => this.api.getJobStderr(jobId, options)),
    ])
    return { stdout, stderr }
  }
}

/** The one that signed, as far as the receipt says; else any of them, whose signature will not be there. */
function pinFor(envelope: Uint8Array, pins: readonly string[]): string | undefined {
  if (pins.length < 2) return pins[0]
  const keys = inOurWords(() =>
    pins.map(pin => hex(pin.startsWith('did:') ? publicKeyOfDid(pin) : publicKeyOfPeerId(pin))),
  )
  const { did } = new Receipt(envelope).measurement.executor
  return pins[Math.max(0, keys.indexOf(hex(publicKeyOfDid(did))))]
}

function addCheck(verification: Verification, check: Verification['checks'][number]): Verification {
  const { assurance: _assurance, ...rest } = verification
  const checks = [...verification.checks, check]
  if (check.result === 'passed') return { ...verification, checks }
  return { ...rest, verdict: 'invalid', checks }
}

/** @throws {ReceiptError} */
function accepted(what: string, verification: Verification): Verification {
  if (verification.verdict === 'valid') return verification
  const open = verification.checks.filter(({ result }) => result !== 'passed')
  const why = open.map(({ name, result, detail }) => `${name} ${result}: ${detail}`).join('; ')
  throw new ReceiptError(`${what} is ${verification.verdict}: ${why}`, verification)
}
