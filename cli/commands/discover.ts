import type { CommandFile } from '../command-file.ts'
import { Progress } from '../progress.ts'
import { listPeers } from './peers.ts'

export const discover: CommandFile = {
  needsNode: true,
  define: () => undefined,
  async run(context) {
    context.catchInterrupt()
    const plasm = await context.plasm()
    const progress = new Progress(context, 'asking the network')
    try {
      const items = await plasm.discover({ signal: context.signal })
      progress.end()
      context.print({ items }, () =>
        listPeers(
          items,
          'No executor answered. Give the node a --bootstrap address of a network, or run jobs locally.\n',
        ),
      )
    } finally {
      progress.end()
    }
    return undefined
  },
}
