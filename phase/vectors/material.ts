/** What the vectors are made of: test keys, one job, its request and its receipt. Everything is a constant, so the files never change by themselves. */
import { base64, concat, utf8 } from '../bytes.ts'
import { contentOf, digestOf } from '../digest.ts'
import { signerFromSeed } from '../ed25519.ts'
import { didOf, peerIdOf } from '../identity.ts'
import { completeManifest, readManifest } from '../manifest.ts'
import { makeBinding, makeClaim, receiptPayloadType, type Statement, signReceipt } from '../receipt.ts'
import { signRequest } from '../request.ts'
import { preAuthEncoding, readEnvelope, type Signer } from '../signature.ts'

const key = (byte: number) => {
  const signer = signerFromSeed(new Uint8Array(32).fill(byte))
  return { ...signer, did: didOf(signer.publicKey), peerId: peerIdOf(signer.publicKey) }
}
export const executor = key(1)
export const submitter = key(2)
export const stranger = key(3)

export const stdin = utf8('Hello, World')
export const stdout = utf8('dlroW ,olleH')
export const stderr = new Uint8Array(0)
/** Not a module: vectors never run it. */
export const module = digestOf(utf8('hello.wasm'))

export const manifest = completeManifest(readManifest({ module, args: ['--lines', 'ü'], env: { LANG: 'C', A: '1' } }), {
  stdin: contentOf(stdin),
  nonce: '000102030405060708090a0b0c0d0e0f',
})
export const signed = signRequest(
  {
    manifest,
    jobId: '01890a5d-ac96-774b-bcce-b302099a8057',
    replica: 0,
    attempt: 1,
    executor: executor.did,
    issuedAt: '2026-01-02T03:04:05.000Z',
  },
  submitter,
)
const claim = makeClaim(manifest, {
  outcome: { reason: 'exited', exitCode: 0 },
  fuel: 26_017,
  stdout: contentOf(stdout),
  stderr: contentOf(stderr),
})
export const receipt = signReceipt(
  {
    claim,
    measurement: {
      wallUs: 4321,
      cpuUs: 3210,
      compileUs: 987,
      memoryBytesPeak: 1_114_112,
      startedAt: '2026-01-02T03:04:05.100Z',
      finishedAt: '2026-01-02T03:04:05.105Z',
      salt: 'f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff',
      runtime: { name: 'plasm', version: '0.1.0', engine: 'v8 14.1', arch: 'x64' },
    },
    binding: makeBinding(signed.request, signed.digest),
  },
  executor,
)
export const payload = readEnvelope(receipt.envelope, 65_536).payload
const statementText = new TextDecoder().decode(payload)

/** A fresh copy, to be spoiled. */
export const statement = (): Statement => JSON.parse(statementText) as Statement

/** All that the client of this job knows. */
export const everything = {
  executor: executor.did,
  submitter: submitter.did,
  jobId: signed.request.jobId,
  nonce: manifest.nonce,
  request: signed.digest,
  module,
  args: manifest.args,
  env: manifest.env,
  stdin: digestOf(stdin),
  stdout: digestOf(stdout),
  stderr: digestOf(stderr),
}

export interface EnvelopeParts {
  payloadType?: string
  payload?: Uint8Array
  signatures?: { keyid?: string; sig: string }[]
  [member: string]: unknown
}

/** An envelope's text around `bytes`, signed by `signer` as it stands, then `spoiled`. */
export function seal(bytes: Uint8Array | string, spoiled: Record<string, unknown> = {}, signer = executor): string {
  const whole = typeof bytes === 'string' ? utf8(bytes) : bytes
  const payloadType = (spoiled.signedType as string | undefined) ?? receiptPayloadType
  const { signedType: _, ...members } = spoiled
  return JSON.stringify({
    payloadType,
    payload: base64(whole),
    signatures: [signature(whole, signer, payloadType)],
    ...members,
  })
}

export const signature = (bytes: Uint8Array, signer: Signer, payloadType = receiptPayloadType) => ({
  keyid: didOf(signer.publicKey),
  sig: base64(signer.sign(preAuthEncoding(payloadType, bytes))),
})

export const littleEndian = (bytes: Uint8Array): bigint =>
  bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
export const toLittleEndian = (value: bigint): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length: 32 }, (_, index) => Number((value >> BigInt(8 * index)) & 255n))
export const order = 2n ** 252n + 27742317777372353535851937790883648493n
export const fieldPrime = 2n ** 255n - 19n

/** The second spelling of a signature that a loose verifier lets pass. */
export const addOrder = (sig: Uint8Array): Uint8Array<ArrayBuffer> =>
  concat(sig.subarray(0, 32), toLittleEndian(littleEndian(sig.subarray(32)) + order))
