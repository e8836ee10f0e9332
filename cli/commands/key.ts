import { stat } from 'node:fs/promises'
import type { CommandFile } from '../command-file.ts'
import { facts } from '../text.ts'

export const key: CommandFile = {
  needsNode: false,
  define(command) {
    command
      .option('--key-file <file>', "the key file [the node's: see plasm config show]")
      .option('--create', 'make one where there is none')
  },
  after:
    'Shows the names of the key, never the key itself. Pin the did with --executor to be sure whose receipts you accept.',
  async run(context, _args, { keyFile, create }: { keyFile?: string; create?: true }) {
    const { openIdentity } = await import('../../server/identity.ts')
    const { readSettings } = await import('../settings.ts')
    const { PhaseError } = await import('../../phase/errors.ts')
    const file = keyFile ?? readSettings(context).keyFile
    const exists = await stat(file).then(
      () => true,
      () => false,
    )
    if (!exists && create !== true) {
      throw new PhaseError('notFound', `There is no key at "${file}" yet`, {
        hint: 'plasm serve makes one when it first starts; so does plasm key --create.',
      })
    }
    const { peerId, did } = await openIdentity(file)
    context.print({ peerId, did, file, created: !exists }, () =>
      facts([
        ['peer id', peerId],
        ['did', did],
        ['file', file],
      ]),
    )
    return undefined
  },
}
