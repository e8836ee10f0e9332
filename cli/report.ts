/** Errors in two lines: what happened, what to do. For a program, one document. */

import { isPhaseError } from '../phase/errors.ts'
import {
  ApiError,
  ArgumentError,
  JobFailedError,
  PlasmError,
  ProtocolError,
  ReceiptError,
  TimeoutError,
  TransportError,
} from '../sdks/typescript/src/index.ts'
import { type Context, Interrupted } from './context.ts'
import { exitOf, exits } from './exit.ts'

interface Failure {
  code: string
  message: string
  hint: string
  requestId?: string
  exitCode: number
}

/** @returns the exit code. */
export async function report(error: unknown, context: Context): Promise<number> {
  const { exitCode, ...said } = failureOf(error)
  if (context.json) context.print({ error: said, exitCode }, () => '')
  else {
    const { stderr } = context.terminal
    const request = said.requestId === undefined ? '' : context.style('dim', ` (request ${said.requestId})`, stderr)
    stderr.write(`${context.style('red', 'plasm:', stderr)} ${said.message}\n${said.hint}${request}\n`)
  }
  return exitCode
}

function failureOf(error: unknown): Failure {
  if (error instanceof Interrupted) {
    return { code: 'interrupted', message: error.message, hint: error.hint, exitCode: exits.cancelled }
  }
  if (error instanceof JobFailedError) {
    return {
      code: error.code,
      message: error.detail,
      hint: `plasm status ${error.job.id}`,
      exitCode: exitOf(error.job).code,
    }
  }
  if (error instanceof ApiError) {
    const requestId = error.requestId === undefined ? {} : { requestId: error.requestId }
    const exitCode = refusedByNode(error) ? exits.nodeOrNetwork : exits.rejected
    return { code: error.code, message: error.detail, hint: error.hint ?? 'See plasm doctor.', ...requestId, exitCode }
  }
  if (error instanceof PlasmError) {
    return { code: error.code, message: error.detail, hint: error.hint ?? hintOf(error), exitCode: exitOfError(error) }
  }
  if (isPhaseError(error)) {
    const exitCode = isPhaseError(error, 'unavailable', 'internal') ? exits.nodeOrNetwork : exits.rejected
    return { code: error.code, message: error.message, hint: error.hint ?? 'See --help.', exitCode }
  }
  const message = error instanceof Error ? error.message : String(error)
  const isFile = (error as NodeJS.ErrnoException).syscall !== undefined
  return isFile
    ? {
        code: (error as NodeJS.ErrnoException).code ?? 'io',
        message,
        hint: 'Check the path and who may use it.',
        exitCode: exits.rejected,
      }
    : {
        code: 'internal',
        message: `Something unforeseen: ${message}`,
        hint: 'plasm doctor may know more.',
        exitCode: exits.nodeOrNetwork,
      }
}

/** Whether asking for something else would not help. */
const refusedByNode = ({ status, code }: ApiError): boolean =>
  (status >= 500 && code !== 'quotaExceeded') ||
  ['rateLimited', 'unauthorized', 'forbidden', 'misdirected'].includes(code)

function exitOfError(error: PlasmError): number {
  if (error instanceof TimeoutError) return exits.timeout
  return error instanceof ArgumentError ? exits.rejected : exits.nodeOrNetwork
}

function hintOf(error: PlasmError): string {
  if (error instanceof TimeoutError) return 'What was asked for may still go on: plasm status shows it.'
  if (error instanceof TransportError) return 'Is a node running there? plasm doctor looks for the cause.'
  if (error instanceof ReceiptError) return 'Do not trust the output. Ask another node, or pin its key with --executor.'
  if (error instanceof ProtocolError) return 'Is that a Plasm node, of a version that fits? plasm doctor looks.'
  return 'See --help.'
}
