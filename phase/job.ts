/** A job and its state machine (SPEC.md, Job): the one function that says which event may follow which state. */
import { type Static, Type } from '@sinclair/typebox'
import { PhaseError } from './errors.ts'
import { attemptsMax } from './limits.ts'
import { CompleteManifestSchema } from './manifest.ts'
import {
  type Content,
  ContentSchema,
  Digest,
  Integer,
  JobId,
  named,
  PeerIdText,
  ref,
  StringEnum,
  Text,
  Timestamp,
} from './schema.ts'

export const jobStates = ['queued', 'assigned', 'running', 'succeeded', 'failed', 'cancelled'] as const
export const JobStateSchema = StringEnum(jobStates, {
  $id: 'JobState',
  title: 'JobState',
  description: 'Where a job stands',
})
export type JobState = Static<typeof JobStateSchema>

/** Reasons with a claim and a receipt come first. */
export const claimedReasons = ['exited', 'outputExceeded', 'trapped', 'fuelExhausted', 'depthExhausted'] as const
export const unclaimedReasons = [
  'timedOut',
  'memoryExhausted',
  'moduleRejected',
  'noPeer',
  'quorumNotReached',
  'cancelled',
  'internal',
] as const
export const JobReasonSchema = StringEnum([...claimedReasons, ...unclaimedReasons] as const, {
  $id: 'JobReason',
  title: 'JobReason',
  description: 'Why a job ended',
})
export type JobReason = Static<typeof JobReasonSchema>

export const UsageSchema = named(
  'Usage',
  'What one execution used, as its executor says',
  {
    wallUs: Integer('Wall clock, microseconds'),
    cpuUs: Integer('Processor time, microseconds'),
    compileUs: Integer('Of it, reading and compiling the module'),
    memoryBytesPeak: Integer('Linear memory at its largest'),
  },
  { open: true },
)
export type Usage = Static<typeof UsageSchema>

export const JobSchema = named('Job', 'A job and where it stands', {
  id: JobId('Chosen by this node; sorts by time'),
  state: ref(JobStateSchema),
  reason: Type.Optional(ref(JobReasonSchema)),
  exitCode: Type.Optional(Integer('What the guest exited with, where the reason is exited', 0, 0xffff_ffff)),
  detail: Type.Optional(Text('For a person: what happened', 1024)),
  attempt: Integer('Which execution this is, from 1', 1, attemptsMax),
  executor: Type.Optional(PeerIdText('The peer that it is assigned to, or that ran it')),
  progress: Type.Optional(Text('What the executor last said', 1024)),
  manifest: ref(CompleteManifestSchema),
  taskDigest: Digest('What is computed, whoever asks'),
  sequence: Integer('Number of its last event', 1),
  createdAt: Timestamp('When it was accepted'),
  queuedAt: Timestamp('When it last began to wait'),
  startedAt: Type.Optional(Timestamp('When the last execution began')),
  finishedAt: Type.Optional(Timestamp('When it ended')),
  cancelRequestedAt: Type.Optional(Timestamp('When somebody asked to cancel it')),
  stdout: Type.Optional(ref(ContentSchema)),
  stderr: Type.Optional(ref(ContentSchema)),
  receiptId: Type.Optional(Digest("sha256 of the receipt's payload bytes")),
  usage: Type.Optional(ref(UsageSchema)),
})
export type Job = Static<typeof JobSchema>

export const jobEventTypes = [
  'created',
  'assigned',
  'started',
  'progress',
  'returned',
  'cancelRequested',
  'finished',
] as const
export const JobEventSchema = named('JobEvent', 'One step of a job', {
  jobId: JobId('Of which job'),
  sequence: Integer('From 1, without gaps', 1),
  at: Timestamp('When'),
  type: StringEnum(jobEventTypes),
  state: ref(JobStateSchema),
  attempt: Integer('Of which execution', 1, attemptsMax),
  executor: Type.Optional(PeerIdText('On which peer')),
  reason: Type.Optional(ref(JobReasonSchema)),
  exitCode: Type.Optional(Integer('What the guest exited with', 0, 0xffff_ffff)),
  detail: Type.Optional(Text('For a person', 1024)),
})
export type JobEvent = Static<typeof JobEventSchema>

export const jobSchemas = [JobStateSchema, JobReasonSchema, UsageSchema, JobSchema, JobEventSchema]

/** How an execution, or the job as a whole, ended. */
export interface JobEnd {
  reason: JobReason
  exitCode?: number
  detail?: string
  stdout?: Content
  stderr?: Content
  receiptId?: string
  usage?: Usage
}

/** What may happen to a job. `attempt` fences: what belongs to an execution that was given up is refused. */
export type JobTransition =
  | { type: 'assigned'; attempt: number; at: string; executor: string }
  | { type: 'started'; attempt: number; at: string }
  | { type: 'progress'; attempt: number; at: string; detail: string }
  /** Back to the queue. `counted`: the execution may have begun, so another one is a new attempt; a plain refusal is none. */
  | { type: 'returned'; attempt: number; at: string; counted: boolean; reason: JobReason; detail: string }
  | { type: 'cancelRequested'; at: string }
  | ({ type: 'finished'; attempt: number; at: string } & JobEnd)

export const isTerminal = (state: JobState): boolean =>
  state === 'succeeded' || state === 'failed' || state === 'cancelled'
export const hasClaim = (reason: JobReason): boolean => (claimedReasons as readonly string[]).includes(reason)

/**
 * `job` after `event`, with its event for the record.
 * @throws {PhaseError} `stale` for another attempt's event, `conflict` for one that cannot follow this state.
 */
export function transition(job: Job, event: JobTransition): { job: Job; event: JobEvent } {
  if ('attempt' in event && event.attempt !== job.attempt) {
    throw new PhaseError(
      'stale',
      `Cannot apply "${event.type}" to job "${job.id}": attempt ${event.attempt} was given up for ${job.attempt}`,
    )
  }
  if (isTerminal(job.state)) throw conflict(job, event)
  const next = { ...step(job, event), sequence: job.sequence + 1 }
  return { job: next, event: record(next, event) }
}

/** The first event of a job. */
export const createdEvent = (job: Job): JobEvent => ({
  jobId: job.id,
  sequence: 1,
  at: job.createdAt,
  type: 'created',
  state: job.state,
  attempt: 1,
})

function step(job: Job, event: JobTransition): Job {
  switch (event.type) {
    case 'assigned':
      if (job.state !== 'queued') throw conflict(job, event)
      return { ...job, state: 'assigned', executor: event.executor }
    case 'started':
      if (job.state !== 'assigned') throw conflict(job, event)
      return { ...job, state: 'running', startedAt: event.at }
    case 'progress':
      if (job.state !== 'running') throw conflict(job, event)
      return { ...job, progress: event.detail }
    case 'returned':
      return returned(job, event)
    case 'cancelRequested':
      if (job.cancelRequestedAt !== undefined) throw conflict(job, event)
      if (job.state === 'queued')
        return ended({ ...job, cancelRequestedAt: event.at }, event.at, { reason: 'cancelled' })
      return { ...job, cancelRequestedAt: event.at }
    case 'finished':
      return ended(job, event.at, event)
  }
}

function returned(job: Job, event: JobTransition & { type: 'returned' }): Job {
  if (job.state === 'queued') throw conflict(job, event)
  if (job.cancelRequestedAt !== undefined) return ended(job, event.at, { reason: 'cancelled' })
  if (event.counted && job.attempt >= attemptsMax) {
    return ended(job, event.at, {
      reason: event.reason,
      detail: `${event.detail} (attempt ${job.attempt} of ${attemptsMax})`,
    })
  }
  const { executor: _executor, startedAt: _startedAt, progress: _progress, ...rest } = job
  return {
    ...rest,
    state: 'queued',
    // Whom a refusal sends on has not stopped waiting: its queueMs runs on.
    queuedAt: event.counted ? event.at : job.queuedAt,
    attempt: job.attempt + (event.counted ? 1 : 0),
    detail: event.detail,
  }
}

function ended(job: Job, at: string, end: JobEnd): Job {
  const { detail: _detail, progress: _progress, ...rest } = job
  return {
    ...rest,
    state: stateAfter(end),
    finishedAt: at,
    reason: end.reason,
    ...(end.exitCode === undefined ? {} : { exitCode: end.exitCode }),
    ...(end.detail === undefined ? {} : { detail: end.detail }),
    ...(end.stdout === undefined ? {} : { stdout: end.stdout }),
    ...(end.stderr === undefined ? {} : { stderr: end.stderr }),
    ...(end.receiptId === undefined ? {} : { receiptId: end.receiptId }),
    ...(end.usage === undefined ? {} : { usage: end.usage }),
  }
}

function stateAfter(end: JobEnd): JobState {
  if (end.reason === 'cancelled') return 'cancelled'
  return end.reason === 'exited' && end.exitCode === 0 ? 'succeeded' : 'failed'
}

function record(job: Job, event: JobTransition): JobEvent {
  const finished = isTerminal(job.state)
  return {
    jobId: job.id,
    sequence: job.sequence,
    at: event.at,
    type: finished ? 'finished' : event.type,
    state: job.state,
    attempt: job.attempt,
    ...(job.executor === undefined ? {} : { executor: job.executor }),
    ...(finished && job.reason !== undefined ? { reason: job.reason } : {}),
    ...(finished && job.exitCode !== undefined ? { exitCode: job.exitCode } : {}),
    ...detailOf(job, event),
  }
}

/** Only where the event itself brought it: what an earlier one said is not said again. */
function detailOf(job: Job, event: JobTransition): { detail?: string } {
  if (event.type === 'progress') return { detail: event.detail }
  const said = isTerminal(job.state) || event.type === 'returned'
  return said && job.detail !== undefined ? { detail: job.detail } : {}
}

const conflict = (job: Job, event: JobTransition) =>
  new PhaseError('conflict', `Cannot apply "${event.type}" to job "${job.id}": it is ${job.state}`)
