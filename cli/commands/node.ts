import type { CommandFile } from '../command-file.ts'
import { bytes, duration, facts } from '../text.ts'

export const node: CommandFile = {
  needsNode: true,
  define: () => undefined,
  async run(context) {
    context.catchInterrupt()
    const plasm = await context.plasm()
    const status = await plasm.node({ signal: context.signal })
    const { limits } = status
    context.print(status, () =>
      facts([
        ['peer id', status.peerId],
        ['did', status.did],
        ['version', status.version],
        ['url', context.url()],
        ['addresses', status.addresses.join(' ')],
        ['network', status.network],
        ['profiles', status.profiles.join(' ')],
        ['slots', `${status.slots}, load ${status.load} %`],
        ['peers', `${status.peers} executors known, ${status.connections} connections`],
        ['sandbox', status.sandbox.join(', ')],
        [
          'limits',
          `memory ${bytes(limits.memoryBytes)}, output ${bytes(limits.outputBytes)}, stdin ${bytes(limits.stdinBytes)}, time ${duration(limits.timeoutMs)}`,
        ],
        ['up', `${duration(status.uptimeMs)}, since ${status.startedAt}`],
      ]),
    )
    return undefined
  },
}
