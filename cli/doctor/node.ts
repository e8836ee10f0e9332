/** The node at the other end: whether it answers, whom it lets in, what it can do. */
import type { NodeStatus, Plasm } from '../../sdks/typescript/src/index.ts'
import type { Context } from '../context.ts'
import { bytes } from '../text.ts'
import { type Check, doubtful, type Finding, fine, skipped, wrong } from './finding.ts'

const lookMs = 10_000
/** Signatures say when; beyond this people wonder why. */
const clockMsMax = 120_000

/** From here on a node keeps what has ended for less than its setting says. */
const shortenedPercent = 80

/** A module that does nothing: the whole way of a job for the price of a few bytes. */
const nothing = Uint8Array.from([
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 5, 3, 1, 0, 1, 7, 19, 2, 6, 0x6d, 0x65, 0x6d, 0x6f,
  0x72, 0x79, 2, 0, 6, 0x5f, 0x73, 0x74, 0x61, 0x72, 0x74, 0, 0, 10, 4, 1, 2, 0, 0x0b,
])

export async function nodeChecks(context: Context, runsJob: boolean): Promise<Check[]> {
  const { ApiError, UnauthorizedError, version } = await import('../../sdks/typescript/src/index.ts')
  const plasm = await context.plasm()
  const url = context.url().replace(/\/+$/, '')
  let answers = false
  let status: NodeStatus | undefined
  const asked = (look: () => Promise<Finding>) => () => (answers ? look() : Promise.resolve(skipped('no node answers')))
  const known = (look: (status: NodeStatus) => Promise<Finding> | Finding) => async () =>
    status === undefined ? skipped('the node did not say') : await look(status)
  const signal = () => AbortSignal.any([context.signal, AbortSignal.timeout(lookMs)])
  return [
    {
      name: 'node',
      look: async () => {
        try {
          const response = await fetch(`${url}/livez`, { signal: signal(), redirect: 'manual' })
          answers = response.ok
          return answers
            ? clock(response, url)
            : wrong(`${url} answers with status ${response.status}`, 'Is that a Plasm node? Set --url or PLASM_URL.')
        } catch (error) {
          const cause = (error as Error).cause as NodeJS.ErrnoException | undefined
          return wrong(
            `${url} does not answer (${cause?.code ?? (error as Error).name})`,
            'plasm serve starts a node; --url or PLASM_URL says where another one is.',
          )
        }
      },
    },
    {
      name: 'access',
      look: asked(async () => {
        try {
          status = await plasm.node({ signal: signal() })
          return fine(status.did)
        } catch (error) {
          if (error instanceof UnauthorizedError)
            return wrong(error.detail, 'Put one of the node’s tokens into PLASM_TOKEN, or a file for --token-file.')
          if (error instanceof ApiError) return wrong(error.detail, error.hint ?? 'See the log of the node.')
          throw error
        }
      }),
    },
    { name: 'version', look: known(({ version: theirs }) => sameVersion(theirs, version)) },
    { name: 'ready', look: asked(async () => ready(await fetch(`${url}/readyz`, { signal: signal() }))) },
    { name: 'store', look: asked(async () => store(await fetch(`${url}/metrics`, { signal: signal() }))) },
    { name: 'executors', look: known(executors) },
    { name: 'sandbox', look: known(sandbox) },
    {
      name: 'load',
      look: known(({ load }) =>
        load < 200
          ? fine(`${load} %`)
          : doubtful(`${load} %: jobs wait`, 'Raise --slots, or let the node know other executors.'),
      ),
    },
    {
      name: 'a job',
      look: known(async () =>
        runsJob
          ? await job(plasm, AbortSignal.any([context.signal, AbortSignal.timeout(3 * lookMs)]))
          : skipped('--no-job'),
      ),
    },
  ]
}

function clock(response: Response, url: string): Finding {
  const theirs = Date.parse(response.headers.get('date') ?? '')
  const differenceMs = Math.abs(theirs - Date.now())
  if (differenceMs <= clockMsMax || Number.isNaN(theirs)) return fine(`${url} answers`)
  return doubtful(
    `${url} answers; its clock and this one differ by ${Math.round(differenceMs / 1000)} s`,
    'Set both by NTP: receipts and node infos carry times.',
  )
}

function sameVersion(theirs: string, ours: string): Finding {
  const series = (text: string) => text.split('.').slice(0, 2).join('.')
  if (series(theirs) === series(ours)) return fine(theirs)
  return doubtful(`the node is ${theirs}, this command ${ours}`, 'Use the same minor version on both sides.')
}

async function ready(response: Response): Promise<Finding> {
  if (response.ok) return fine('ready')
  const { reasons } = (await response.json()) as { reasons?: string[] }
  return doubtful(
    (reasons ?? []).join('; ') || `status ${response.status}`,
    'It answers, but cannot do all of its work yet: see its log.',
  )
}

/** From what the node's metrics say. */
export async function store(response: Response): Promise<Finding> {
  const text = await response.text()
  const gauge = (name: string) => Number(new RegExp(`^plasm_store_${name} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN)
  const [used, max] = [gauge('bytes'), gauge('max_bytes')]
  const percent = Math.round((100 * used) / max)
  if (Number.isNaN(percent)) return skipped('the node does not say how full it is')
  const said = `${bytes(used)} of ${bytes(max)}, ${percent} %`
  if (percent < shortenedPercent) return fine(said)
  return doubtful(
    `${said}: what has ended is kept for less than keep says`,
    'Raise --store-max where the disk has the room, or fetch results sooner.',
  )
}

function executors({ slots, peers }: NodeStatus): Finding {
  if (slots > 0) return fine(`${slots} slots of its own, ${peers} other executors known`)
  if (peers > 0) return fine(`${peers} known`)
  return wrong(
    'it only forwards, and knows nobody to forward to',
    'Give it --bootstrap with the address of a network, or slots of its own.',
  )
}

function sandbox({ sandbox, slots }: NodeStatus): Finding {
  if (slots === 0) return skipped('it runs nothing itself')
  if (sandbox.length >= 2) return fine(sandbox.join(', '))
  return doubtful(
    sandbox.join(', ') || 'none',
    'Run it as the service of the package: more layers stand between a module and the machine there.',
  )
}

async function job(plasm: Plasm, signal: AbortSignal): Promise<Finding> {
  const jobId = await plasm.submit(nothing, { timeout: 10, queue: 10, signal })
  const { usage, state, reason, detail } = await plasm.wait(jobId, { signal })
  if (state !== 'succeeded')
    return wrong(
      `job ${jobId} ended with ${reason ?? state}: ${detail ?? ''}`,
      `plasm status ${jobId}, and the log of the node.`,
    )
  const { assurance } = await plasm.verify(jobId, { signal })
  return fine(`ran in ${((usage?.wallUs ?? 0) / 1000).toFixed(1)} ms, its receipt is valid (${assurance})`)
}
