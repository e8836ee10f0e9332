/** What a person does about a receipt that is not valid: one sentence for the first thing that keeps it from being so. */
import { plain } from '../text.ts'

interface Check {
  name: string
  result: string
}

/** @returns `undefined` where every check passed. */
export function nextStep(checks: readonly Check[], { isPinned }: { isPinned: boolean }): string | undefined {
  const open = checks.find(({ result }) => result === 'failed') ?? checks.find(({ result }) => result !== 'passed')
  if (open === undefined) return undefined
  // One request named in another's place shows in everything that it asked for.
  if (checks.some(({ name, result }) => name === 'request' && result === 'failed')) return steps['request']
  if (open.name === 'signature' && isPinned) return pinned
  if (open.result === 'skipped') return unknown
  return steps[open.name] ?? another(open.name)
}

const noReceipt = 'That is not the receipt of a job as its executor signed it: plasm receipt -o FILE JOB fetches one.'
const altered =
  'Somebody altered it, or it was never right: fetch it again (plasm receipt -o FILE JOB); if that is no better, do not use the output.'
const pinned =
  'Another key signed it, or it was altered since: without --executor you see whether it holds for the key that it names itself.'
const unknown = 'It has something that this program does not know, and so cannot judge: a newer plasm may.'
const another = (name: string) =>
  `It is of a job with another ${plain(name)}, or what you gave is not the right one: plasm verify --json RECEIPT shows what it claims.`

const steps: Record<string, string> = {
  envelope: noReceipt,
  payloadType: noReceipt,
  statement: noReceipt,
  signature: altered,
  claimDigest: altered,
  subject: altered,
  executor: altered,
  keyid: altered,
  request: 'It answers another request than that one: plasm receipt --request -o FILE JOB fetches the one of its job.',
  task: 'Its executor claims another task than it was asked for: do not use the output, and run the job elsewhere (plasm run --placement).',
  replay:
    'Its executor signed what the module does not do: do not use the output, and run the job elsewhere (plasm run --placement).',
}
