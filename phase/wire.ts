/**
 * What travels between nodes (SPEC.md, Wire): protocol names, frames, their members. A frame is a u32-BE header length, a u32-BE body
 * length, the header (one JSON object with a `type`) and raw bytes. Every exchange ends in an explicit last frame.
 */
import { type Static, type TObject, Type } from '@sinclair/typebox'
import { concat, utf8 } from './bytes.ts'
import { digestBytes, digestOf } from './digest.ts'
import { isPhaseError, PhaseError } from './errors.ts'
import { JobReasonSchema, UsageSchema } from './job.ts'
import { type JsonObject, parseJson } from './json.ts'
import { capabilityShards, frameBodyBytesMax, frameHeaderBytesMax } from './limits.ts'
import { ContentSchema, check, Digest, Integer, ref, StringEnum, Text } from './schema.ts'

export const protocols = {
  kad: '/phase/kad/1.0.0',
  info: '/phase/info/1',
  blob: '/phase/blob/1',
  job: '/phase/job/1',
} as const

/** How an execution ended, as its executor says. */
export const ExecutionEndSchema = Type.Object({
  reason: ref(JobReasonSchema),
  exitCode: Type.Optional(Integer('Where the reason is exited', 0, 0xffff_ffff)),
  detail: Type.Optional(Text('For a person', 1024)),
  usage: Type.Optional(ref(UsageSchema)),
  stdout: ref(ContentSchema),
  stderr: ref(ContentSchema),
})
export type ExecutionEnd = Static<typeof ExecutionEndSchema>

const refused = Type.Object({
  code: Text('An error code of phase/errors.ts', 64),
  detail: Text('For a person', 1024),
  retryAfterMs: Type.Optional(Integer('When another try makes sense')),
})
const credit = Type.Object({ bytes: Integer('How many more raw bytes the sender takes', 1) })

/** Frames by who sends them. Members that a reader does not know are ignored; an unknown `type` is an error. */
export const infoFrames = { info: Type.Object({}) }
export const blobRequestFrames = {
  get: Type.Object({ digest: Digest('Which bytes'), offset: Integer('From which byte on') }),
  credit,
}
export const blobAnswerFrames = {
  chunk: Type.Object({ offset: Integer('Where these bytes belong') }),
  end: Type.Object({ size: Integer('All bytes of the content') }),
  refused,
}
export const submitterFrames = {
  offer: Type.Object({
    requestBytes: Integer('How much of the body is the request envelope', 1, frameBodyBytesMax),
    stdinBytes: Type.Optional(Integer('How much of the body, after it, is stdin', 0, frameBodyBytesMax)),
    stdoutOffset: Type.Optional(Integer('What is here already, after a broken connection')),
    stderrOffset: Type.Optional(Integer('What is here already, after a broken connection')),
  }),
  cancel: Type.Object({}),
  heartbeat: Type.Object({}),
  credit,
  settled: Type.Object({ receiptId: Type.Optional(Digest('The receipt that was accepted')) }),
  disputed: Type.Object({ detail: Text('For a person', 1024) }),
}
export const executorFrames = {
  refused,
  accepted: Type.Object({
    leaseMs: Integer('How long the job outlives its connection'),
    resultTtlMs: Integer('How long a result is kept after that'),
  }),
  started: Type.Object({}),
  progress: Type.Object({ detail: Text('For a person', 1024) }),
  heartbeat: Type.Object({}),
  ended: ExecutionEndSchema,
  output: Type.Object({
    stream: StringEnum(['stdout', 'stderr'] as const),
    offset: Integer('Where these bytes belong'),
  }),
  outputEnd: Type.Object({}),
  closed: Type.Object({}),
}

export type FrameSet = Record<string, TObject>
/** Any frame of a set: `type` and the members that go with it. */
export type FrameOf<S extends FrameSet> = { [K in keyof S & string]: { type: K } & Static<S[K]> }[keyof S & string]

const references = [JobReasonSchema, UsageSchema, ContentSchema]

/** Bytes before a frame's header. */
export const framePrefixBytes = 8

/** A frame but for its body, which follows it unchanged. @throws {PhaseError} `tooLarge`: a defect of the caller. */
export function encodeFrameHead(header: { type: string }, bodyBytes: number): Uint8Array {
  const json = utf8(JSON.stringify(header))
  if (json.length > frameHeaderBytesMax || bodyBytes > frameBodyBytesMax) {
    throw new PhaseError(
      'tooLarge',
      `Cannot send frame "${header.type}": ${json.length} + ${bodyBytes} bytes exceed the limits`,
    )
  }
  const prefix = new Uint8Array(framePrefixBytes)
  const view = new DataView(prefix.buffer)
  view.setUint32(0, json.length)
  view.setUint32(4, bodyBytes)
  return concat(prefix, json)
}

/** The two lengths of a frame's prefix. @throws {PhaseError} `protocol` beyond the limits: nothing of the rest may be read. */
export function readFramePrefix(prefix: Uint8Array, bodyBytesMax: number): { headerBytes: number; bodyBytes: number } {
  const view = new DataView(prefix.buffer, prefix.byteOffset, framePrefixBytes)
  const [headerBytes, bodyBytes] = [view.getUint32(0), view.getUint32(4)]
  if (headerBytes > frameHeaderBytesMax || bodyBytes > Math.min(bodyBytesMax, frameBodyBytesMax)) {
    throw new PhaseError('protocol', `Cannot read a frame: ${headerBytes} + ${bodyBytes} bytes exceed the limits`)
  }
  return { headerBytes, bodyBytes }
}

/** A frame's header. @throws {PhaseError} `protocol` for anything that is no frame of `set`. */
export function readFrameHeader<S extends FrameSet>(bytes: Uint8Array, set: S): FrameOf<S> {
  try {
    const header = parseJson(bytes, { integersOnly: true })
    const type = isObject(header) ? header['type'] : undefined
    const schema = typeof type === 'string' && Object.hasOwn(set, type) ? set[type] : undefined
    if (schema === undefined) throw new PhaseError('protocol', 'its type is unknown here')
    return check(schema, references, header, 'it') as FrameOf<S>
  } catch (cause) {
    throw new PhaseError('protocol', `Cannot read a frame: ${isPhaseError(cause) ? cause.message : 'not JSON'}`, {
      cause,
    })
  }
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Which of the `capabilityShards` records of a capability a node provides. */
export const shardOf = (peerId: string): number => (digestBytes(digestOf(utf8(peerId)))[0] as number) % capabilityShards

/** The sha2-256 digest (the 32 bytes, without a multihash prefix) under which nodes that offer `profile` are found in the DHT. */
export const capabilityKey = (profile: string, shard: number): Uint8Array =>
  digestBytes(digestOf(utf8(`phase:profile:${profile}:${shard}`)))
