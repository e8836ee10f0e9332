/** A child's answers, held against their shapes: it may be in a stranger's hands. */
import { utf8Text } from '../../phase/bytes.ts'
import { PhaseError } from '../../phase/errors.ts'
import { type ModuleInterface, ModuleInterfaceSchema, moduleSchemas } from '../../phase/module.ts'
import type { Outcome } from '../../phase/receipt.ts'
import { check } from '../../phase/schema.ts'
import type { EndedMessage, FaultedMessage, Frame } from './messages.ts'

export type Ended = Omit<EndedMessage, 'type' | 'stdoutBytes'> & {
  kind: 'ended'
  stdout: Uint8Array
  stderr: Uint8Array
}

/** The end of a run. @throws {PhaseError} `internal` for anything else. */
export function readEnded({
  header,
  body,
}: Frame<unknown>): Ended | (Omit<FaultedMessage, 'type'> & { kind: 'faulted' }) {
  const fault = readFault(header)
  if (fault !== undefined) return fault
  const { type, outcome, stopped, trap, stdoutBytes, cpuTotalUs, usage } = members(header)
  const { cpuUs, compileUs, memoryBytesPeak } = members(usage)
  if (type !== 'ended' || !isCount(stdoutBytes) || stdoutBytes > body.length) throw wrong()
  if (!isCount(cpuTotalUs) || !isCount(cpuUs) || !isCount(compileUs) || !isCount(memoryBytesPeak)) throw wrong()
  const why = isStop(stopped) ? { stopped } : {}
  const read = readOutcome(outcome)
  if ((read.reason === 'stopped') !== 'stopped' in why) throw wrong()
  return {
    kind: 'ended',
    outcome: read,
    ...why,
    ...(typeof trap === 'string' ? { trap: trap.slice(0, 64) } : {}),
    stdout: body.subarray(0, stdoutBytes),
    stderr: body.subarray(stdoutBytes),
    cpuTotalUs,
    usage: { cpuUs, compileUs, memoryBytesPeak },
  }
}

/** @throws {PhaseError} `moduleRejected` as the child says; `internal` for anything else. */
export function readInterface({ header, body }: Frame<unknown>): ModuleInterface {
  const fault = readFault(header)
  if (fault !== undefined)
    throw new PhaseError(fault.reason === 'moduleRejected' ? 'moduleRejected' : 'internal', fault.detail)
  if (members(header)['type'] !== 'inspected') throw wrong()
  return check(ModuleInterfaceSchema, moduleSchemas, JSON.parse(utf8Text(body)), "the child's answer")
}

function readFault(header: unknown): (Omit<FaultedMessage, 'type'> & { kind: 'faulted' }) | undefined {
  const { type, reason, detail } = members(header)
  if (type !== 'faulted') return undefined
  if (reason !== 'memoryExhausted' && reason !== 'moduleRejected' && reason !== 'internal') throw wrong()
  if (typeof detail !== 'string') throw wrong()
  return { kind: 'faulted', reason, detail: detail.slice(0, 1024) }
}

function readOutcome(value: unknown): Outcome {
  const { reason, exitCode } = members(value)
  if (reason === 'exited' && isCount(exitCode) && exitCode <= 0xffff_ffff) return { reason, exitCode }
  if (reason === 'stopped' || reason === 'outputExceeded') return { reason }
  throw wrong()
}

const members = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? { ...value } : {}
const isStop = (value: unknown): value is NonNullable<EndedMessage['stopped']> =>
  value === 'trapped' || value === 'depthExhausted' || value === 'fuelExhausted'
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
const wrong = () => new PhaseError('internal', 'the child answered what it should not')
