/** What systemd is told of a service of the type `notify`. It listens on a datagram socket, which Node has not: its own tool speaks. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** The tool only sends a message and waits until it was taken. */
const toldWithinMs = 10_000

/** Nothing where no service manager waits for it. Rejects when it could not be told. */
export async function notifyReady(env: Readonly<Record<string, string | undefined>>, status: string): Promise<void> {
  const socket = env['NOTIFY_SOCKET']
  if (socket === undefined) return
  await promisify(execFile)('systemd-notify', ['--ready', `--status=${status}`], {
    env: { PATH: '/usr/bin:/bin', NOTIFY_SOCKET: socket },
    timeout: toldWithinMs,
  })
}
