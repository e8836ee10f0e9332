/**
 * What travels between a node and the executor: the frames of messages.ts over any duplex stream, one stream for each request. Who closes it
 * waits no longer, and what ran for it is killed. A session is one stream more: it has children as long as it is open.
 */
import type { Usage } from '../../phase/job.ts'
import type { ExecutionRequest, ExecutorOptions, KillReason } from './execution.ts'
import type { EndedMessage, FaultedMessage, InspectedMessage } from './messages.ts'

/** Begins a session. */
export type OpenMessage = { type: 'open' } & Pick<ExecutorOptions, 'children' | 'isolation'>
/** The body is stdin. */
export type RunRequest = { type: 'run'; session: string; digest: string } & Omit<ExecutionRequest, 'module' | 'stdin'>
/** The body is the module. */
export interface InspectRequest {
  type: 'inspect'
  session: string
  digest: string
}
/** The body is the module that was wanted. */
export interface ModuleMessage {
  type: 'module'
}
/** In a session: asks what was killed since, and waits until something was. */
export interface WatchMessage {
  type: 'watch'
}
export type ToHost = OpenMessage | WatchMessage | RunRequest | InspectRequest | ModuleMessage

export interface Runtime {
  name: string
  version: string
  engine: string
  arch: string
}
export interface OpenedMessage {
  type: 'opened'
  /** Requests name it. */
  session: string
  runtime: Runtime
  sandbox: string[]
}
/** Children that were killed in the middle of their task. */
export interface KilledMessage {
  type: 'killed'
  reasons: KillReason[]
}
/** No warm child has the module: it is asked for. */
export interface WantedMessage {
  type: 'wanted'
}
/** The body is stdout, then stderr. */
export type ExecutionMessage = Omit<EndedMessage, 'cpuTotalUs' | 'usage'> & {
  usage: Usage
  startedAt: string
  finishedAt: string
}
export type FaultMessage = Omit<FaultedMessage, 'reason'> & {
  reason: FaultedMessage['reason'] | 'timedOut' | 'cancelled'
}
/** A PhaseError: the request was not carried out. */
export interface RefusedMessage {
  type: 'refused'
  code: string
  message: string
}
export type FromHost =
  | OpenedMessage
  | KilledMessage
  | WantedMessage
  | ExecutionMessage
  | FaultMessage
  | InspectedMessage
  | RefusedMessage
