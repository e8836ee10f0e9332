import type { Peer } from '../../sdks/typescript/src/index.ts'
import type { CommandFile } from '../command-file.ts'
import { ago, bytes, duration, plain, table } from '../text.ts'

export const peers: CommandFile = {
  needsNode: true,
  define: () => undefined,
  async run(context) {
    context.catchInterrupt()
    const plasm = await context.plasm()
    const items = await plasm.peers({ signal: context.signal })
    context.print({ items }, () => listPeers(items, 'The node knows no executor. plasm discover asks the network.\n'))
    return undefined
  },
}

export function listPeers(peers: readonly Peer[], none: string): string {
  if (peers.length === 0) return none
  const rows = peers.map(({ peerId, slots, load, limits, latencyUs, lastSeenAt, version, addresses }) => [
    peerId,
    String(slots),
    `${load} %`,
    bytes(limits.memoryBytes),
    duration(latencyUs / 1000),
    ago(lastSeenAt, Date.now()),
    plain(version),
    plain(addresses[0] ?? ''),
  ])
  return table(['PEER', 'SLOTS', 'LOAD', 'MEMORY', 'LATENCY', 'SEEN', 'VERSION', 'ADDRESS'], rows)
}
