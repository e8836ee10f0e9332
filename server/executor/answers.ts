/** A child's answers, and a host's, held against their shapes: either may be in a stranger's hands. */
import { utf8Text } from '../../phase/bytes.ts'
import { errorCodes, PhaseError } from '../../phase/errors.ts'
import { type ModuleInterface, ModuleInterfaceSchema, moduleSchemas } from '../../phase/module.ts'
import type { Outcome } from '../../phase/receipt.ts'
import { check } from '../../phase/schema.ts'
import type { Execution, Fault, KillReason } from './execution.ts'
import type { OpenedMessage } from './host-messages.ts'
import type { EndedMessage, ExactWantedMessage, FaultedMessage, Frame } from './messages.ts'

/** An interface is some imports and at most 4,096 exports of 1,024 bytes, as JSON. */
export const interfaceBytesMax = 32 * 1024 * 1024

export type Ended = Omit<EndedMessage, 'type' | 'stdoutBytes'> & {
  kind: 'ended'
  stdout: Uint8Array
  stderr: Uint8Array
}

export type ExactWanted = Omit<ExactWantedMessage, 'type'> & { kind: 'exactWanted' }

/** The end of a run. @throws {PhaseError} `internal` for anything else. */
export function readEnded({
  header,
  body,
}: Frame<unknown>): Ended | ExactWanted | (Omit<FaultedMessage, 'type'> & { kind: 'faulted' }) {
  const fault = readFault(header)
  if (fault !== undefined) return fault
  const { type, cpuTotalUs, usage } = members(header)
  if (!isCount(cpuTotalUs)) throw wrong()
  if (type !== 'exactWanted') return { ...readEnd(header, body), cpuTotalUs }
  const { cpuUs, compileUs } = members(usage)
  if (!isCount(cpuUs) || !isCount(compileUs)) throw wrong()
  return { kind: 'exactWanted', cpuTotalUs, usage: { cpuUs, compileUs } }
}

/** What a host says of a run. @throws {PhaseError} what it refused with; `internal` for anything else. */
export function readExecution({ header, body }: Frame<unknown>): Execution {
  const { type, reason, detail, startedAt, finishedAt, usage } = members(header)
  if (type === 'faulted' && isFault(reason) && typeof detail === 'string')
    return { kind: 'faulted', reason, detail: detail.slice(0, 1024) }
  refuse(header)
  const end = readEnd(header, body)
  const { wallUs } = members(usage)
  if (!isCount(wallUs) || !isTime(startedAt) || !isTime(finishedAt)) throw wrong()
  return { ...end, usage: { wallUs, ...end.usage }, startedAt, finishedAt }
}

/** Whether a host asks for the module first. */
export const isWanted = ({ header }: Frame<unknown>): boolean => members(header)['type'] === 'wanted'

/** What a host says of itself. @throws {PhaseError} what it refused with; `internal` for anything else. */
export function readOpened({ header }: Frame<unknown>): Omit<OpenedMessage, 'type'> {
  refuse(header)
  const { type, session, runtime, sandbox } = members(header)
  const { name, version, engine, arch } = members(runtime)
  if (type !== 'opened' || !isName(name) || !isName(version) || !isName(engine) || !isName(arch)) throw wrong()
  if (!isName(session) || !Array.isArray(sandbox) || sandbox.length > 32 || !sandbox.every(isName)) throw wrong()
  return { session, runtime: { name, version, engine, arch }, sandbox }
}

/** Why children were killed. */
export function readKilled({ header }: Frame<unknown>): KillReason[] {
  const { type, reasons } = members(header)
  if (type !== 'killed' || !Array.isArray(reasons)) throw wrong()
  return reasons.filter((reason): reason is KillReason => reason === 'timedOut' || reason === 'cancelled')
}

/** How a run ended, without what only a child or only a host says. */
function readEnd(header: unknown, body: Uint8Array): Omit<Ended, 'cpuTotalUs'> {
  const { type, outcome, stopped, trap, fuel, stdoutBytes, usage } = members(header)
  const { cpuUs, compileUs, memoryBytesPeak } = members(usage)
  if (type !== 'ended' || !isCount(fuel) || !isCount(stdoutBytes) || stdoutBytes > body.length) throw wrong()
  if (!isCount(cpuUs) || !isCount(compileUs) || !isCount(memoryBytesPeak)) throw wrong()
  const why = isStop(stopped) ? { stopped } : {}
  const read = readOutcome(outcome)
  if ((read.reason === 'stopped') !== 'stopped' in why) throw wrong()
  return {
    kind: 'ended',
    outcome: read,
    ...why,
    ...(typeof trap === 'string' ? { trap: trap.slice(0, 64) } : {}),
    fuel,
    stdout: body.subarray(0, stdoutBytes),
    stderr: body.subarray(stdoutBytes),
    usage: { cpuUs, compileUs, memoryBytesPeak },
  }
}

/** Of a process that admits and rewrites a module, and what it died of or said. */
export const tooLittleMemory = (why: string): PhaseError =>
  new PhaseError('tooLarge', `Cannot admit the module: this node has too little memory to rewrite it (${why})`)

/** @throws {PhaseError} `moduleRejected` as the child says, `tooLarge` where its memory did not do, what a host refused with; `internal` for anything else. */
export function readInterface({ header, body }: Frame<unknown>): ModuleInterface {
  throwFault(header)
  refuse(header)
  if (members(header)['type'] !== 'inspected') throw wrong()
  return check(ModuleInterfaceSchema, moduleSchemas, JSON.parse(utf8Text(body)), "the child's answer")
}

/** @throws {PhaseError} as readInterface does. */
export function readRewritten({ header, body }: Frame<unknown>): { differs: boolean; bytes: Uint8Array } {
  throwFault(header)
  const { type, differs } = members(header)
  if (type !== 'rewritten' || typeof differs !== 'boolean') throw wrong()
  return { differs, bytes: body }
}

function throwFault(header: unknown): void {
  const fault = readFault(header)
  if (fault === undefined) return
  if (fault.reason === 'memoryExhausted') throw tooLittleMemory(fault.detail)
  throw new PhaseError(fault.reason, fault.detail)
}

function readFault(header: unknown): (Omit<FaultedMessage, 'type'> & { kind: 'faulted' }) | undefined {
  const { type, reason, detail } = members(header)
  if (type !== 'faulted') return undefined
  if (reason !== 'memoryExhausted' && reason !== 'moduleRejected' && reason !== 'internal') throw wrong()
  if (typeof detail !== 'string') throw wrong()
  return { kind: 'faulted', reason, detail: detail.slice(0, 1024) }
}

/** @throws {PhaseError} where the header is a host's refusal. */
function refuse(header: unknown): void {
  const { type, code, message } = members(header)
  if (type !== 'refused') return
  const known = errorCodes.find(known => known === code)
  throw new PhaseError(
    known ?? 'internal',
    typeof message === 'string' ? message.slice(0, 1024) : 'the executor refused',
  )
}

function readOutcome(value: unknown): Outcome {
  const { reason, exitCode } = members(value)
  if (reason === 'exited' && isCount(exitCode) && exitCode <= 0xffff_ffff) return { reason, exitCode }
  if (reason === 'stopped' || reason === 'outputExceeded') return { reason }
  throw wrong()
}

const members = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
const isStop = (value: unknown): value is NonNullable<EndedMessage['stopped']> =>
  value === 'trapped' || value === 'depthExhausted' || value === 'fuelExhausted'
const isFault = (value: unknown): value is Fault['reason'] =>
  ['timedOut', 'memoryExhausted', 'moduleRejected', 'cancelled', 'internal'].includes(value as string)
const isName = (value: unknown): value is string => typeof value === 'string' && /^[\x20-\x7e]{1,64}$/.test(value)
const isTime = (value: unknown): value is string =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value)
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
const wrong = () => new PhaseError('internal', 'the child answered what it should not')
